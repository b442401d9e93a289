//! Lookup tables in the values of a main.cf, as `TYPE:NAME` (DATABASE_README of Postfix).

/// Who is asked over the network by the tables of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    /// Nobody.
    None,
    /// A server of Postfix's own simple protocols, as postsrsd is.
    Tcp,
    /// A directory or a database.
    Other,
}

const TCP: [&str; 2] = ["tcp", "socketmap"];
const OTHER: [&str; 9] = ["ldap", "mysql", "pgsql", "mongodb", "memcache", "nis", "nisplus", "netinfo", "hesiod"];

/// Whom the tables of this value ask. Tables may stand in other tables: `proxy:ldap:…`, `pipemap:{tcp:…}`.
pub(super) fn network(value: &str) -> Network {
    let starts_table =
        |before: &str| before.ends_with(|c: char| c.is_whitespace() || ",{:".contains(c)) || before.is_empty();
    let names = |kind: &&str| {
        let mark = format!("{kind}:");
        value.match_indices(&mark).any(|(at, _)| starts_table(&value[..at]))
    };
    match (OTHER.iter().any(&names), TCP.iter().any(names)) {
        (true, _) => Network::Other,
        (false, true) => Network::Tcp,
        (false, false) => Network::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_known_wherever_it_stands() {
        for (value, asks) in [
            ("hash:/etc/postfix/canonical", Network::None),
            ("regexp:{ {/^X-ldap:/ IGNORE} }", Network::None),
            ("tcp:localhost:10001", Network::Tcp),
            ("hash:/a, tcp:127.0.0.1:10001", Network::Tcp),
            ("pipemap:{hash:/a,socketmap:unix:/b:c}", Network::Tcp),
            ("proxy:mysql:/etc/postfix/aliases.cf", Network::Other),
            ("ldap:x tcp:y", Network::Other),
            ("", Network::None),
        ] {
            assert_eq!(network(value), asks, "{value}");
        }
    }
}
