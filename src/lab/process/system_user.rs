//! The users that programs run as.

use std::fs;

/// A user of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The number.
    pub uid: u32,
    /// The number of the user's group.
    pub gid: u32,
}

impl User {
    /// The first of these users that `/etc/passwd` has.
    pub fn first_of(names: &[&str]) -> Option<Self> {
        let passwd = fs::read_to_string("/etc/passwd").ok()?;
        names.iter().find_map(|name| Self::find(&passwd, name))
    }

    /// Whether this process may do everything.
    pub(crate) fn is_root() -> bool {
        rustix::process::geteuid().is_root()
    }

    fn find(passwd: &str, name: &str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let matches = fields.next() == Some(name);
            let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
            matches.then(|| Self { name: name.to_owned(), uid, gid })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_name() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nbad\n_rspamd:x:104:108::/var/lib/rspamd:/usr/sbin/nologin\n";
        let user = User::find(passwd, "_rspamd").unwrap();
        assert_eq!((user.uid, user.gid), (104, 108));
        assert_eq!(User::find(passwd, "rspamd"), None);
    }
}
