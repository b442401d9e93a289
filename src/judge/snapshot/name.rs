//! Where what belongs to a scenario lies: a path that every file system takes and that no other scenario has.

use crate::{core::ScenarioId, target::TargetKind};
use std::path::{Path, PathBuf};

/// The longest part of a path that is kept as it is, in bytes.
const LONGEST: usize = 100;

/// The folder of a target's snapshots. Mail that goes straight to the server of its recipients (`mx:` of an account) has one
/// of its own, as its copies tell of another way.
pub fn folder(target: TargetKind, is_straight: bool) -> String {
    format!("{target}{}", if is_straight { "-mx" } else { "" })
}

/// `<dir>/<folder>/<scenario id>.snap`, in the [`folder`] of a target.
pub fn path(dir: &Path, folder: &str, id: &ScenarioId) -> PathBuf {
    let mut path = dir.join(safe(folder)).join(relative(id.as_str())).into_os_string();
    path.push(".snap");
    PathBuf::from(path)
}

/// The id of a scenario as a relative path. Its slashes are directories. A part that some file system would refuse, shorten
/// or take for another one (capitals, other special characters, reserved names, more than 100 bytes) gets `~` and eight
/// digits of its SHA-256 at its end, and `_` for what cannot stand in a file name.
pub fn relative(id: &str) -> PathBuf {
    let (folders, row) = match id.find('[') {
        Some(at) => id.split_at(at),
        None => (id, ""),
    };
    let (folders, last) = folders.rsplit_once('/').map_or((None, folders), |(f, l)| (Some(f), l));
    let parts = folders.into_iter().flat_map(|f| f.split('/')).map(safe);
    parts.chain([safe(&format!("{last}{row}"))]).collect()
}

fn safe(part: &str) -> String {
    if part.len() <= LONGEST && part.chars().all(is_plain) && !is_special(part) {
        return part.to_owned();
    }
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, part.as_bytes());
    let digits: String = digest.as_ref().iter().take(4).map(|b| format!("{b:02x}")).collect();
    let kept = part.chars().take(LONGEST);
    let mut kept: String = kept.map(|c| if is_plain(c) || c.is_ascii_uppercase() { c } else { '_' }).collect();
    if is_special(&kept) {
        kept.insert(0, '_');
    }
    format!("{kept}~{digits}")
}

fn is_plain(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || "._-+=,@[]".contains(c)
}

/// Names with a meaning of their own: hidden and parent directories, Windows' devices, our own endings.
fn is_special(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).to_ascii_lowercase();
    let numbered = ["com", "lpt"]
        .iter()
        .any(|d| stem.strip_prefix(d).is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit())));
    let device = numbered || ["con", "prn", "aux", "nul"].contains(&stem.as_str());
    let ours = part.ends_with(".snap") || part.ends_with(".new");
    part.is_empty() || part.starts_with('.') || part.ends_with('.') || device || ours
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn of(id: &str) -> String {
        path(Path::new("s"), "embedded", &ScenarioId::new(id)).to_string_lossy().replace('\\', "/")
    }

    #[test]
    fn plain_ids_keep_their_names() {
        assert_eq!(of("forward-arc"), "s/embedded/forward-arc.snap");
        assert_eq!(of("forward/arc[size=5mb]"), "s/embedded/forward/arc[size=5mb].snap");
        assert!(of("forward/arc[size=5MB]").starts_with("s/embedded/forward/arc[size=5MB]~"));
    }

    #[test]
    fn no_two_ids_share_a_file() {
        let long = "x".repeat(400);
        let ids = [
            "a",
            "A",
            "a/b",
            "a[x=/b]",
            "a[x=_b]",
            "a[x=:b]",
            "..",
            "../a",
            "con",
            "con.x",
            "a.",
            "a ",
            "a.snap",
            "a.snap/b",
            "",
            "a//b",
            "a~b",
            "ä",
            "ö",
            "a[x=a\0]",
            "a[x=\u{202e}]",
            long.as_str(),
            &long[1..],
        ];
        let paths: BTreeSet<String> = ids.iter().map(|id| of(id).to_lowercase()).collect();
        assert_eq!(paths.len(), ids.len());
        for path in paths {
            assert!(path.starts_with("s/embedded/") && !path.contains("/.") && path.is_ascii(), "{path}");
            assert!(path.split('/').all(|p| !p.is_empty() && p.len() < 130), "{path}");
        }
    }
}
