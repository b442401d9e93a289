//! A line as a server wrote it, out of the JSON of journald, rsyslog, Docker and rspamd, and without colours.

use serde_json::Value;
use std::borrow::Cow;

/// Where the text of a line stands in JSON, the program that wrote it, and its process.
const TEXT: [&str; 4] = ["MESSAGE", "message", "msg", "log"];
const PROGRAM: [&str; 7] =
    ["SYSLOG_IDENTIFIER", "_COMM", "program", "programname", "app-name", "appname", "syslog_identifier"];
const PROCESS: [&str; 5] = ["_PID", "SYSLOG_PID", "pid", "procid", "process"];

/// A line as its server wrote it. Of a line in JSON that is the text in it, behind the name of its program where the text does
/// not have it; a line that is none stays what it is.
pub fn plain(line: &str) -> Cow<'_, str> {
    let bare = line.strip_prefix('\u{feff}').unwrap_or(line).trim_end_matches(['\r', '\n']);
    // A prefix of the tool that collected it may stand before the object.
    let json = bare.find('{').filter(|&at| at < 64 && bare.ends_with('}')).and_then(|at| object(&bare[at..]));
    match json {
        Some(text) => Cow::Owned(without_colours(&text).into_owned()),
        None => without_colours(bare),
    }
}

fn object(json: &str) -> Option<String> {
    let Ok(Value::Object(object)) = serde_json::from_str(json) else { return None };
    let value = |names: &[&str]| names.iter().find_map(|name| object.get(*name)).and_then(text);
    let message = value(&TEXT)?;
    let message = message.trim_end_matches(['\r', '\n']);
    // rspamd has what it writes before a text in members of its own.
    if let (Some(worker), Some(module)) = (value(&["worker_type"]), value(&["module"])) {
        let process = value(&["pid"]).unwrap_or_default();
        let task = value(&["id"]).filter(|id| !id.is_empty()).map(|id| format!("<{id}>; ")).unwrap_or_default();
        let function = value(&["function"]).map(|f| format!("{f}: ")).unwrap_or_default();
        return Some(format!("#{process}({worker}) {task}{module}; {function}{message}"));
    }
    match value(&PROGRAM) {
        Some(program) if !message.contains(&format!("{program}[")) => {
            let process = value(&PROCESS).map(|pid| format!("[{pid}]")).unwrap_or_default();
            Some(format!("{program}{process}: {message}"))
        }
        _ => Some(message.to_owned()),
    }
}

/// A value as text. journald writes a text with control characters as an array of its bytes.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(bytes) => {
            let bytes: Option<Vec<u8>> = bytes.iter().map(|b| u8::try_from(b.as_u64()?).ok()).collect();
            Some(String::from_utf8_lossy(&bytes?).into_owned())
        }
        _ => None,
    }
}

/// A text without the sequences that colour it on a terminal (ECMA-48 SGR).
fn without_colours(text: &str) -> Cow<'_, str> {
    if !text.contains("\u{1b}[") {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split("\u{1b}[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        out.push_str(rest.strip_prefix('m').unwrap_or(rest));
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_json_gives_the_line_of_its_server() {
        let postfix = "postfix/smtp[107]: 8F4AA1F0C2: to=<a@receiver.example>, status=sent (\"ok\")";
        for line in [
            r#"{"__REALTIME_TIMESTAMP":"1","SYSLOG_IDENTIFIER":"postfix/smtp","_PID":"107","MESSAGE":"8F4AA1F0C2: to=<a@receiver.example>, status=sent (\"ok\")"}"#,
            r#"{"timestamp":"x","host":"mx","program":"postfix/smtp","pid":107,"message":"8F4AA1F0C2: to=\u003ca@receiver.example\u003e, status=sent (\"ok\")"}"#,
            r#"mail-1  | {"log":"postfix/smtp[107]: 8F4AA1F0C2: to=<a@receiver.example>, status=sent (\"ok\")\n","stream":"stdout"}"#,
            "\u{feff}postfix/smtp[107]: \u{1b}[1;32m8F4AA1F0C2\u{1b}[0m: to=<a@receiver.example>, status=sent (\"ok\")\r\n",
        ] {
            assert_eq!(plain(line), postfix, "{line}");
        }
        let rspamd = r#"{"ts": 1795500000.1, "pid": 43, "severity": "info", "worker_type": "rspamd_proxy", "id": "9e5813", "module": "arc", "function": "lua_dkim_tools.lua:191", "message": "mail was sent to us"}"#;
        assert_eq!(plain(rspamd), "#43(rspamd_proxy) <9e5813>; arc; lua_dkim_tools.lua:191: mail was sent to us");
        assert_eq!(plain(r#"{"SYSLOG_IDENTIFIER":"rspamd","MESSAGE":[104,105,27,91,109]}"#), "rspamd: hi");
    }

    #[test]
    fn other_lines_stay_what_they_are() {
        for line in ["", "{", "{}", r#"{"a": {"MESSAGE": "x"}}"#, "x {not json}", r#"{"MESSAGE": null}"#, "[1,2]"] {
            assert_eq!(plain(line), line);
        }
    }
}
