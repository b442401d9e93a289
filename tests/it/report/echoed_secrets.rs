//! A server says a password back in whatever form: none can be read in anything that a run writes.

use crate::support::{
    mail_script::{INBOX, Script},
    program::Project,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::path::Path;

/// With characters that quoted strings, URLs, HTML and quoted-printable escape.
const PASSWORD: &str = "q\"Zx7&w\\Kd=9/Tr4-Long";

fn percent(hex: fn(u8) -> String) -> String {
    PASSWORD.bytes().map(|b| format!("%{}", hex(b))).collect()
}

/// What the server says, without line breaks.
fn forms() -> Vec<String> {
    vec![
        PASSWORD.to_uppercase(),
        PASSWORD.to_lowercase(),
        "Q\"zX7&W\\kD=9/tR4-lONG".to_owned(),
        percent(|b| format!("{b:02X}")),
        percent(|b| format!("{b:02x}")),
        // Some of it alone.
        "q%22Zx7&w%5cKd%3D9/Tr4%2DLong".to_owned(),
        "q%22zx7%26w%5ckd%3d9%2ftr4-long".to_owned(),
        "\"q\\\"Zx7&w\\\\Kd=9/Tr4-Long\"".to_owned(),
        "Q\\u0022ZX7\\u0026W\\u005cKD=9\\/TR4-LONG".to_owned(),
        "q&quot;Zx7&amp;w&#92;Kd&#x3d;9/Tr4-Long".to_owned(),
        "q=22Zx7=26w=5CKd=3D9/Tr4-Long".to_owned(),
        STANDARD.encode(PASSWORD),
        STANDARD.encode(format!("\0gmail\0{PASSWORD}")),
        "q\"Zx7&w\\ Kd=9/Tr4 -Long".to_owned(),
    ]
}

/// What is left of a text in lower case without spaces, escapes, quotes and whatever is no letter and no digit: however the
/// password was written, its letters stand one after the other then.
fn letters(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let escape = |mark: &str, radix: u32| {
            let digits = rest.strip_prefix(mark)?.get(..2)?;
            Some((mark.len() + 2, char::from(u8::from_str_radix(digits, radix).ok()?)))
        };
        let named = [("&quot;", '"'), ("&amp;", '&'), ("&#92;", '\\'), ("&#x3d;", '='), ("\\r", ' '), ("\\n", ' ')];
        let named = named.into_iter().find(|(name, _)| rest.starts_with(name)).map(|(name, c)| (name.len(), c));
        let code = (rest.starts_with("250-") || rest.starts_with("250 ")).then_some(("250-".len(), ' '));
        let status = rest.starts_with("2.0.0 ").then_some(("2.0.0 ".len(), ' '));
        let found = escape("\\u00", 16).or_else(|| escape("%", 16)).or_else(|| escape("=", 16));
        let (len, c) = named.or(found).or(code).or(status).unwrap_or((c.len_utf8(), c));
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        }
        rest = &rest[len..];
    }
    out
}

fn tells(text: &str) -> bool {
    let blob = STANDARD.encode(format!("\0gmail\0{PASSWORD}"));
    // A line of a transcript begins with its speaker.
    letters(&text.replace("\nS: ", "\n")).contains("qzx7wkd9tr4long") || {
        let joined: String = text.split_whitespace().collect();
        joined.contains(&blob) || joined.contains(STANDARD.encode(PASSWORD).trim_end_matches('='))
    }
}

#[test]
fn the_search_reads_every_form() {
    for form in forms() {
        assert!(tells(&form), "{form}");
    }
    assert!(tells("S: 250-2.0.0 q\"Zx7&w\\\nS: 250 2.0.0 Kd=9/Tr4-Long\n") && !tells("S: 250 2.0.0 Ok\n"));
}

fn project(reply: &'static str) -> Project {
    let header: String = forms().iter().enumerate().map(|(n, form)| format!("X-Echo-{n}: {form}\r\n")).collect();
    let folded = format!("{header}X-Folded: q\"Zx7&w\r\n \\Kd=9/Tr4\r\n\t-Long\r\n");
    let script = Script {
        accepted: reply,
        ..Script::new(move |mailboxes, mail| {
            mailboxes.put(&format!("{folded}{}", mail.raw), &[INBOX]);
        })
    };
    let script = script.imap(|session, _, command| {
        if command.starts_with("EXAMINE") {
            for form in forms() {
                session.say(format!("* OK you said {form}"));
            }
        }
        false
    });
    let wrong: String = (0..forms().len()).map(|n| format!("X-Echo-{n}: none, ")).collect();
    let scenario = format!(
        "sealcheck: 1\nname: echo\nsend: {{ from: external, to: gmail, subject: x, text: y }}\n\
         wait: {{ timeout: 30s }}\nexpect:\n  - delivered:\n      to: gmail\n      \
         headers: {{ {wrong}X-Folded: none }}\n"
    );
    script.project().scenario("echo", &scenario).env("PASSWORD", PASSWORD)
}

#[test]
fn a_password_that_servers_say_back_is_masked_in_every_form() {
    let lines: Vec<String> = forms().iter().map(|form| format!("250-2.0.0 you said {form}")).collect();
    let folded = "250-2.0.0 you said q\"Zx7&w\\\r\n250-2.0.0 Kd=9/Tr4\r\n250-\r\n250 2.0.0 -Long";
    let reply = format!("{}\r\n{folded}", lines.join("\r\n"));
    let project = project(Box::leak(reply.into_boxed_str()));
    let mut args = vec!["run", "--artifacts", "all", "-vv"];
    for report in [
        "console=out/console.txt",
        "github=out/annotations.txt",
        "html=out/report.html",
        "json=out/result.json",
        "jsonl=out/events.jsonl",
        "junit=out/junit.xml",
        "markdown=out/report.md",
        "tap=out/report.tap",
    ] {
        args.extend(["--report", report]);
    }
    let ran = project.run(&args);
    assert_eq!(ran.code, 1, "{ran}");
    let mut told = Vec::new();
    let mut masked = Vec::new();
    let mut look = |name: &str, text: &str| {
        let lines = text.lines().filter(|line| tells(line)).map(|line| format!("{name}: {line}"));
        let before = told.len();
        told.extend(lines);
        if told.len() == before && tells(text) {
            told.push(format!("{name}: across lines"));
        }
        if text.contains("[REDACTED]") {
            masked.push(name.to_owned());
        }
    };
    look("stdout", &ran.stdout);
    look("stderr", &ran.stderr);
    let mut file = |path: &Path, bytes: &[u8]| {
        look(&path.file_name().unwrap().to_string_lossy(), &String::from_utf8_lossy(bytes));
    };
    project.each_file("out", &mut file);
    project.each_file(".sealcheck", &mut file);
    assert!(told.is_empty(), "{}", told.join("\n"));
    for name in
        ["stdout", "console.txt", "result.json", "events.jsonl", "junit.xml", "smtp.log", "imap.log", "received.eml"]
    {
        assert!(masked.iter().any(|masked| masked == name), "{name}: {masked:?}");
    }
}

#[test]
fn a_short_secret_is_masked_as_it_is_and_no_word_beside_it() {
    use sealcheck::core::{Redactor, Secret};
    let redactor = Redactor::new();
    redactor.learn("me", &Secret::new("Pass"));
    assert_eq!(redactor.text("Pass arc=pass PASS pa ss P%61ss"), "[REDACTED] arc=pass PASS pa ss [REDACTED]");
    redactor.learn("me", &Secret::new("abc"));
    assert_eq!(redactor.text("abc ABC"), "abc ABC");
}

#[test]
fn a_secret_with_letters_beyond_ascii_is_masked_in_either_case() {
    use sealcheck::core::{Redactor, Secret};
    let redactor = Redactor::new();
    redactor.learn("me", &Secret::new("grÜße-über"));
    for form in ["GRÜSSE-ÜBER", "grüße-über", "GR%C3%9CSSE-%c3%9cBER", "gr=C3=9C=\r\n=C3=9Fe-\u{fc}ber"] {
        assert_eq!(redactor.text(&format!("a {form} z")), "a [REDACTED] z", "{form}");
    }
}
