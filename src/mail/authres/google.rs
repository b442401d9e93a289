//! What Google writes inside the comments of `arc=` and `dmarc=`: read on request, never taken for results.

use super::ResInfo;
use serde::Serialize;

/// The comment of Google's `arc=pass`: what the ARC-Authentication-Results of the newest foreign instance said passed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
pub struct ArcComment {
    /// The instance that it is copied from.
    pub i: u32,
    /// `spf=`.
    pub spf: Option<String>,
    /// `spfdomain=`.
    pub spfdomain: Option<String>,
    /// Every `dkim=`.
    pub dkim: Vec<String>,
    /// Every `dkdomain=`.
    pub dkdomain: Vec<String>,
    /// `dmarc=`.
    pub dmarc: Option<String>,
    /// `fromdomain=`.
    pub fromdomain: Option<String>,
}

/// The comment of a `dmarc=` statement: the policy that the domain publishes and what the receiver made of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct DmarcComment {
    /// `p=` or `policy=`, lower case.
    pub p: Option<String>,
    /// `sp=`, lower case.
    pub sp: Option<String>,
    /// `dis=`, lower case: `none`, `quarantine` or `reject`.
    pub dis: Option<String>,
    /// `arc=`, lower case: `pass` where the chain of a trusted sealer overrode the policy.
    pub arc: Option<String>,
}

impl ResInfo {
    /// What Google writes inside `arc=pass (i=1 spf=pass spfdomain=… …)`. `None` for another method, and for a comment
    /// that does not start with `i=`.
    pub fn arc_comment(&self) -> Option<ArcComment> {
        let comment = if self.method == "arc" { self.comment.as_deref()? } else { return None };
        let mut pairs = comment.split_ascii_whitespace().filter_map(|w| w.split_once('='));
        let (_, i) = pairs.next().filter(|(key, _)| *key == "i" && comment.starts_with("i="))?;
        let mut read = ArcComment { i: i.parse().ok()?, ..ArcComment::default() };
        for (key, value) in pairs {
            let value = value.to_owned();
            match key {
                "spf" => read.spf = read.spf.or(Some(value)),
                "spfdomain" => read.spfdomain = read.spfdomain.or(Some(value)),
                "dkim" => read.dkim.push(value),
                "dkdomain" => read.dkdomain.push(value),
                "dmarc" => read.dmarc = read.dmarc.or(Some(value)),
                "fromdomain" => read.fromdomain = read.fromdomain.or(Some(value)),
                _ => {}
            }
        }
        Some(read)
    }

    /// The policy in `dmarc=fail (p=REJECT sp=REJECT dis=QUARANTINE)`, as Google, OpenDMARC and rspamd write it. `None`
    /// for another method, and for a comment without any of these.
    pub fn dmarc_comment(&self) -> Option<DmarcComment> {
        let comment = if self.method == "dmarc" { self.comment.as_deref()? } else { return None };
        let mut read = DmarcComment::default();
        let words = comment.split(|c: char| c.is_whitespace() || c == ',' || c == ';');
        for (key, value) in words.filter_map(|w| w.split_once('=')) {
            let slot = match key {
                "p" | "policy" => &mut read.p,
                "sp" => &mut read.sp,
                "dis" => &mut read.dis,
                "arc" => &mut read.arc,
                _ => continue,
            };
            slot.get_or_insert_with(|| value.to_ascii_lowercase());
        }
        (read != DmarcComment::default()).then_some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resinfo(method: &str, comment: &str) -> ResInfo {
        ResInfo {
            method: method.into(),
            result: "pass".into(),
            reason: None,
            comment: Some(comment.into()),
            properties: Vec::new(),
        }
    }

    #[test]
    fn the_arc_comment_lists_every_signature() {
        let comment = "i=2 spf=pass spfdomain=a.example dkim=pass dkdomain=a.example dkim=pass dkdomain=b.example \
                       dmarc=pass fromdomain=a.example>";
        let read = resinfo("arc", comment).arc_comment().unwrap();
        assert_eq!(read.i, 2);
        assert_eq!((read.spf.as_deref(), read.spfdomain.as_deref()), (Some("pass"), Some("a.example")));
        assert_eq!((read.dkim, read.dkdomain), (vec!["pass".into(); 2], vec!["a.example".into(), "b.example".into()]));
        assert_eq!((read.dmarc.as_deref(), read.fromdomain.as_deref()), (Some("pass"), Some("a.example>")));
        assert_eq!(resinfo("arc", "i=1").arc_comment(), Some(ArcComment { i: 1, ..ArcComment::default() }));
    }

    #[test]
    fn other_comments_are_none() {
        for comment in ["signature failed", "body hash mismatch", "i=x", "0 oda=1 i=1", "\"d.example:s=s1:i=1\"", ""] {
            assert_eq!(resinfo("arc", comment).arc_comment(), None, "{comment}");
        }
        assert_eq!(resinfo("spf", "i=1 spf=pass").arc_comment(), None);
    }

    #[test]
    fn the_policy_is_read() {
        let read = resinfo("dmarc", "p=REJECT sp=NONE dis=QUARANTINE arc=pass").dmarc_comment().unwrap();
        assert_eq!((read.p.as_deref(), read.sp.as_deref()), (Some("reject"), Some("none")));
        assert_eq!((read.dis.as_deref(), read.arc.as_deref()), (Some("quarantine"), Some("pass")));
        assert_eq!(resinfo("dmarc", "policy=reject").dmarc_comment().unwrap().p.as_deref(), Some("reject"));
        assert_eq!(resinfo("dmarc", "without dnssec").dmarc_comment(), None);
        assert_eq!(resinfo("spf", "p=REJECT").dmarc_comment(), None);
    }
}
