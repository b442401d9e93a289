//! Who rspamd runs as.

use std::fs;

/// The names that packages give to rspamd's user.
const NAMES: [&str; 2] = ["_rspamd", "rspamd"];

/// A user with groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The user's name.
    pub(crate) name: String,
    /// The name of its first group.
    pub(crate) group: String,
    /// Its number.
    pub(crate) uid: u32,
    /// The numbers of its groups.
    pub(crate) gids: Vec<u32>,
}

/// rspamd's user on this machine.
pub(super) fn rspamd() -> Option<Identity> {
    let [passwd, group] = ["/etc/passwd", "/etc/group"].map(|path| fs::read_to_string(path).unwrap_or_default());
    find(&passwd, &group)
}

/// Whether we may write everywhere.
pub(super) fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    // The effective one is the second.
    ids.and_then(|ids| ids.split_whitespace().nth(1)) == Some("0")
}

fn find(passwd: &str, group: &str) -> Option<Identity> {
    let fields = |line: &str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
    let user =
        NAMES.iter().find_map(|name| passwd.lines().map(fields).find(|f| f.first().is_some_and(|n| n == name)))?;
    let (name, uid, gid) = (user.first()?.clone(), user.get(2)?.parse().ok()?, user.get(3)?.parse().ok()?);
    let (mut gids, mut first) = (vec![gid], None);
    for line in group.lines().map(fields) {
        let (Some(title), Some(number)) = (line.first(), line.get(2).and_then(|n| n.parse::<u32>().ok())) else {
            continue;
        };
        if number == gid {
            first = Some(title.clone());
        } else if line.get(3).is_some_and(|members| members.split(',').any(|m| m == name)) {
            gids.push(number);
        }
    }
    Some(Identity { group: first.unwrap_or_else(|| gid.to_string()), name, uid, gids })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_found_with_all_of_its_groups() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\n_rspamd:x:107:115:rspamd,,,:/var/lib/rspamd:/bin/sh\nbad\n";
        let group = "root:x:0:\n_rspamd:x:115:\nssl-cert:x:108:postgres,_rspamd\nadm:x:4:syslog\n";
        let user = find(passwd, group).unwrap();
        assert_eq!((user.uid, user.gids, user.group.as_str()), (107, vec![115, 108], "_rspamd"));
        assert_eq!(find("root:x:0:0::/:/bin/sh", group), None);
    }
}
