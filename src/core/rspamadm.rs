//! What `rspamadm` prints. Where rspamd's logging.inc says `level = "debug"`, it logs to its standard output before it answers.

use serde_json::Value;

/// The answer to `rspamadm configdump -j SECTION…`: a value for each section that there is, in the order of the command.
pub fn sections(said: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut rest = said;
    while let Some(first) = rest.lines().next() {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        if first.starts_with('{')
            && let Some(Ok(value)) = values.next()
        {
            found.push(value);
            rest = rest[values.byte_offset()..].trim_start();
        } else {
            rest = rest[first.len()..].trim_start_matches('\r').strip_prefix('\n').unwrap_or_default();
        }
    }
    found
}

/// The lines that say what is wrong, of everything that `rspamadm configtest` said; everything where no line does. What a
/// program has to complain of is on its standard error first.
pub fn complaint(stdout: &str, stderr: &str) -> String {
    for text in [stderr, stdout] {
        let lines = text.lines().map(str::trim);
        let wrong = lines.filter(|line| ["error", "cannot", "failed"].iter().any(|word| line.contains(word)));
        let wrong: Vec<_> = wrong.collect();
        if !wrong.is_empty() {
            return wrong.join("\n");
        }
    }
    format!("{stdout}{stderr}").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_found_behind_what_is_logged() {
        let said = "try load redis config for: neural\ncannot load redis server from obj: {[timeout] = 20}, processed to {}\n\
                    {not json}\n{\n    \"selector\": \"arc\",\n    \"domain\": {\n        \"a\": \"}\"\n    }\n}\n\
                    Section x NOT FOUND\n{ \"level\": \"debug\" }\n";
        let found = sections(said);
        assert_eq!(found.len(), 2);
        assert_eq!((&found[0]["selector"], &found[1]["level"]), (&"arc".into(), &"debug".into()));
        for none in ["", "Section arc NOT FOUND\n", "{", "[1]\n", "\"x\"\n"] {
            assert_eq!(sections(none), [] as [Value; 0], "{none}");
        }
    }

    #[test]
    fn the_complaint_is_that_of_the_standard_error() {
        let (stdout, stderr) = ("cannot load redis server\nsyntax BAD\n", "failed to load config: error in arc.conf\n");
        assert_eq!(complaint(stdout, stderr), "failed to load config: error in arc.conf");
        assert_eq!(complaint("an error in x\nsyntax BAD\n", ""), "an error in x");
        assert_eq!(complaint("syntax BAD\n", ""), "syntax BAD");
    }
}
