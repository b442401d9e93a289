//! `ca_file` and `token_ca_file`: every certificate of a bundle is trusted, and a file that cannot be used says why.

use crate::support::{
    program::{Project, forward},
    scripted::Pki,
};
use std::{fs, path::Path, thread};

const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n";

#[test]
fn smtp_imap_and_token_clients_trust_every_certificate_of_a_bundle() {
    let project = Project::new().scenario("forward", &(forward("gmail") + "snapshot: none\n"));
    let lab = project.lab(&["--auth", "xoauth2", "--config-out", "sealcheck.yaml"]);
    let config = project.read("sealcheck.yaml");
    assert!(config.contains("token_ca_file: ") && config.matches(" ca_file: ").count() > 1, "{config}");
    let ca = project.path("sealcheck.yaml.d/ca.pem");
    let own = fs::read_to_string(&ca).unwrap();
    let (one, another) = (Pki::new().ca_pem, Pki::new().ca_pem);
    // Bundles have words between, and line ends of any system.
    let bundle = format!("# one\n{one}\nthe lab's:\n{}{KEY}# another\n{another}", own.replace('\n', "\r\n"));
    fs::write(&ca, bundle).unwrap();
    let ran = project.run(&["run", "--target", "gmail"]);
    assert_eq!(ran.code, 0, "{ran}");
    fs::write(&ca, format!("{one}{another}")).unwrap();
    let ran = project.run(&["run", "--target", "gmail"]);
    assert!(ran.code == 3 && ran.stdout.contains("H05"), "{ran}");
    assert_eq!(lab.end(), 0);
}

#[test]
fn a_ca_file_that_cannot_be_used_says_what_and_where() {
    let project = Project::new().scenario("forward", &forward("gmail"));
    let lab = project.lab(&["--config-out", "sealcheck.yaml"]);
    let ca = project.path("sealcheck.yaml.d/ca.pem");
    let good = fs::read_to_string(&ca).unwrap();
    let lines = good.lines().count();
    let second = lines + 2;
    let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
    let at = |why: &str| format!("ca.pem: certificate 2, from line {second} on, {why}");
    for (content, says) in [
        (Vec::new(), "ca.pem holds no certificate in PEM".to_owned()),
        (b"\x30\x82\x01\xff\xfe".to_vec(), "ca.pem holds no certificate in PEM".to_owned()),
        (KEY.into(), "ca.pem holds a private key and no certificate".to_owned()),
        (format!("{good}\n{begin}\nMIIB\n").into(), at("has no end")),
        (format!("{good}\n{begin}\nMIIB\n{good}").into(), at("has no end")),
        (format!("{good}\n{begin}\nM*IB\n{end}\n").into(), at("is no base64")),
        (format!("{good}\n{begin}\nTm8gREVSIGF0IGFsbA==\n{end}\n").into(), at("is no certificate")),
        (format!("{good}\n{begin}\n{end}\n").into(), at("is no certificate")),
        (good.replacen("MII", "MIJ", 1).into(), "ca.pem: certificate 1, from line 1 on, is no certificate".to_owned()),
    ] {
        let content: Vec<u8> = content;
        fs::write(&ca, &content).unwrap();
        let ran = project.run(&["run", "--target", "gmail"]);
        assert!(ran.code == 2 && ran.stderr.contains(&says), "{says}: {}: {ran}", String::from_utf8_lossy(&content));
    }
    assert_eq!(lab.end(), 0);
}

/// Whether the program reads the authorities of the system while this is done.
#[cfg(target_os = "linux")]
fn reads_those_of_the_system(folder: &Path, done: impl FnOnce(&str)) -> bool {
    use rustix::fs::{CWD, FileType, Mode, OFlags};
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };
    let (bundle, empty) = (folder.join("system.pem"), folder.join("empty.pem"));
    fs::write(&empty, "").unwrap();
    rustix::fs::mknodat(CWD, &bundle, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let is_read = Arc::new(AtomicBool::new(false));
    let noticing = thread::spawn({
        let (bundle, is_read) = (bundle.clone(), Arc::clone(&is_read));
        move || {
            // Comes back when somebody opens the other end.
            let end = fs::File::options().write(true).open(&bundle).unwrap();
            is_read.store(true, Ordering::Relaxed);
            fs::rename(empty, bundle).unwrap();
            drop(end);
        }
    });
    done(bundle.to_str().unwrap());
    let was_read = is_read.load(Ordering::Relaxed);
    drop(rustix::fs::open(&bundle, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).unwrap());
    noticing.join().unwrap();
    fs::remove_file(bundle).unwrap();
    was_read
}

#[cfg(target_os = "linux")]
#[test]
fn the_authorities_of_the_system_are_read_only_where_they_are_trusted() {
    let project = Project::new()
        .scenario("inside", &(forward("embedded") + "snapshot: none\n"))
        .scenario("outside", &(forward("gmail") + "snapshot: none\n"));
    let embedded = reads_those_of_the_system(&project.path("."), |bundle| {
        let ran = project.with_env("SSL_CERT_FILE", bundle).run(&["run", "--target", "embedded"]);
        assert_eq!(ran.code, 0, "{ran}");
    });
    assert!(!embedded);
    let lab = project.lab(&["--config-out", "sealcheck.yaml"]);
    let config = project.read("sealcheck.yaml");
    let trusting: Vec<&str> = config.lines().filter(|line| !line.trim_start().starts_with("ca_file: ")).collect();
    fs::write(project.path("sealcheck.yaml"), trusting.join("\n")).unwrap();
    let outside = reads_those_of_the_system(&project.path("."), |bundle| {
        let ran = project.with_env("SSL_CERT_FILE", bundle).run(&["run", "--target", "gmail"]);
        assert!(ran.code == 3 && ran.stdout.contains("H05"), "{ran}");
    });
    assert!(outside);
    assert_eq!(lab.end(), 0);
}
