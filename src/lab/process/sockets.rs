//! Who listens, as `/proc` shows it.

use super::group::Group;
use std::{
    collections::HashSet,
    fs,
    net::{IpAddr, SocketAddr},
};

/// The state LISTEN in `/proc/net/tcp` (proc_net_tcp of the kernel's documentation).
const LISTEN: &str = "0A";

/// Whether a process of the group listens there. That somebody answers does not tell: a port that was free a moment ago may
/// be another program's by now.
pub(super) fn listens(group: Group, at: SocketAddr) -> bool {
    let IpAddr::V4(address) = at.ip() else { return false };
    let wanted = format!("{:08X}:{:04X}", u32::from_ne_bytes(address.octets()), at.port());
    let table = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let sockets: HashSet<String> = table.lines().filter_map(|line| inode(line, &wanted)).collect();
    if sockets.is_empty() {
        return false;
    }
    group.members().iter().any(|pid| {
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        let mut links = descriptors.filter_map(|fd| fs::read_link(fd.path()).ok());
        links.any(|link| link.to_str().is_some_and(|link| sockets.contains(link)))
    })
}

/// The link to a socket that listens at an address, by its line in the table.
fn inode(line: &str, at: &str) -> Option<String> {
    let mut fields = line.split_whitespace().skip(1);
    let (local, state) = (fields.next()?, fields.nth(1)?);
    (local == at && state == LISTEN).then(|| fields.nth(5).map(|inode| format!("socket:[{inode}]"))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        net::TcpListener,
        os::unix::process::CommandExt,
        process::{Command, Stdio},
    };

    #[test]
    fn a_socket_belongs_to_those_who_have_it() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        // The other process is given the socket as its standard input; of the second we have it alone.
        let ours = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new("sleep");
        let input = Stdio::from(std::os::fd::OwnedFd::from(listener));
        let mut child = command.arg("1000").stdin(input).process_group(0).spawn().unwrap();
        let group = Group::led_by(child.id()).unwrap();
        let (its, not_its) = (listens(group, at), listens(group, ours));
        let any = listens(group, "[::1]:1".parse().unwrap());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(its && !not_its && !any);
        assert!(!listens(group, at), "it has ended");
    }
}
