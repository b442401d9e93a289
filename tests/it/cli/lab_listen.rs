//! Who reaches the servers of `lab up`.

use crate::support::program::{Lab, Project, forward};
use serde_json::Value;
use std::net::{SocketAddr, TcpListener};

/// Another address of this machine's than the usual one.
const OTHER: &str = "127.0.0.2";

/// The addresses, in the kernel's hexadecimal, at which a process takes TCP connections.
fn listens(lab: &Lab) -> Vec<String> {
    let process = format!("/proc/{}", lab.id());
    let open = std::fs::read_dir(format!("{process}/fd")).unwrap();
    let open: Vec<_> = open.map(|entry| std::fs::read_link(entry.unwrap().path()).unwrap_or_default()).collect();
    let sockets = std::fs::read_to_string(format!("{process}/net/tcp")).unwrap();
    let fields = sockets.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let own = fields.filter(|f| f[3] == "0A" && open.contains(&format!("socket:[{}]", f[9]).into()));
    own.map(|f| f[1].split(':').next().unwrap().to_owned()).collect()
}

/// Every address of the ready line.
fn addresses(lab: &Lab) -> Vec<SocketAddr> {
    let servers = lab.ready["servers"].as_array().unwrap().iter().map(|server| &server["address"]);
    servers.chain([&lab.ready["dns"]]).map(|address| address.as_str().unwrap().parse().unwrap()).collect()
}

#[test]
fn only_this_machine_reaches_a_lab_unless_somebody_says_otherwise() {
    let project = Project::new();
    let lab = project.lab(&["--auth", "xoauth2"]);
    assert!(listens(&lab).iter().all(|address| address == "0100007F"), "{:?}", listens(&lab));
    assert_eq!(lab.end(), 0);
    let lab = project.lab(&["--auth", "xoauth2", "--listen", "0.0.0.0", "--advertise", OTHER]);
    assert!(addresses(&lab).iter().all(|address| address.ip().to_string() == OTHER), "{}", lab.ready);
    let token_endpoint = lab.ready["google"]["token_endpoint"].as_str().unwrap();
    assert!(token_endpoint.starts_with(&format!("https://{OTHER}:")), "{token_endpoint}");
    let mut all = listens(&lab);
    // Seven servers, DNS and Google's; whoever names a client by the PROXY protocol is believed, so there nobody else gets in.
    all.retain(|address| address != "0100007F");
    assert_eq!(all, ["00000000"; 9]);
    assert_eq!(lab.end(), 0);
}

#[test]
fn a_lab_names_itself_as_others_do() {
    let project = Project::new().scenario("forward", &forward("gmail"));
    for (advertise, host) in [(&[][..], OTHER), (&["--advertise", "localhost"], "localhost")] {
        let listen = ["--listen", if advertise.is_empty() { OTHER } else { "0.0.0.0" }];
        let config = ["--config-out", "sealcheck.yaml", "--auth", "xoauth2"];
        let lab = project.lab(&[&config[..], &listen, advertise].concat());
        let text = project.read("sealcheck.yaml");
        assert_eq!(text.matches(&format!("host: {host}\n")).count(), text.matches("host: ").count(), "{text}");
        assert!(text.contains(&format!("token_endpoint: https://{host}:")), "{text}");
        // Without a name of its own for TLS, the certificate has to carry the host.
        let text: String = text.lines().filter(|l| !l.contains("tls_name:")).map(|l| format!("{l}\n")).collect();
        let run = Project::new().scenario("forward", &forward("gmail"));
        std::fs::write(run.path("lab.yaml"), text).unwrap();
        std::os::unix::fs::symlink(project.path("sealcheck.yaml.d"), run.path("sealcheck.yaml.d")).unwrap();
        let ran = run.run(&["run", "--config", "lab.yaml"]);
        assert!(ran.stdout.contains("1 run: 1 passed"), "{ran}");
        assert_eq!(lab.end(), 0);
    }
}

#[test]
fn where_a_lab_cannot_listen_it_says_why() {
    let project = Project::new();
    let taken = TcpListener::bind((OTHER, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (args, code, said) in [
        (&["--listen", "0.0.0.0"][..], 2, "--listen 0.0.0.0 is every address of this machine; say with --advertise"),
        (&["--listen", "::"], 2, "--listen :: is every address of this machine; say with --advertise"),
        (&["--listen", "here"], 2, "invalid value 'here' for '--listen <ADDRESS>'"),
        (&["--advertise", "lab"], 2, "--listen <ADDRESS>"),
        (
            &["--listen", OTHER, "--advertise", "0.0.0.0"],
            2,
            "--advertise 0.0.0.0: nobody can be reached at this address",
        ),
        (&["--listen", OTHER, "--advertise", "lab:25"], 2, "--advertise lab:25: write a host name or an IP address"),
        (&["--listen", OTHER, "--advertise", "my lab"], 2, "--advertise my lab: write a host name or an IP address"),
        (&["--listen", "192.0.2.77"], 3, "no port could be bound for DNS of 192.0.2.77: "),
        (&["--listen", "192.0.2.77"], 3, "; listen at an address of this machine, or at 0.0.0.0 for all of them"),
        (&["--listen", OTHER, "--port-submission", &port], 3, "for submission on port "),
        (
            &["--listen", OTHER, "--port-oauth", &port, "--auth", "xoauth2"],
            3,
            "; free the port, or let us take any free",
        ),
    ] {
        let refused = project.run(&[&["lab", "up"], args].concat());
        assert_eq!(refused.code, code, "{args:?}: {refused}");
        assert!(refused.stderr.contains(said), "{args:?}: {refused}");
    }
}

#[test]
fn an_environment_names_the_host_as_an_option_does() {
    let project = Project::new().env("SEALCHECK_LAB_ADVERTISE", OTHER);
    let lab = project.lab(&["--listen", "0.0.0.0"]);
    assert_eq!(addresses(&lab)[0].ip().to_string(), OTHER);
    assert_eq!(lab.end(), 0);
    let config: Value = project.lab(&["--listen", "0.0.0.0", "--advertise", "127.0.0.4"]).ready["dns"].clone();
    assert!(config.as_str().unwrap().starts_with("127.0.0.4:"), "{config}");
}
