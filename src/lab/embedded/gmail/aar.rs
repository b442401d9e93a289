//! What an ARC-Authentication-Results field of another server says has passed.

/// The methods that passed, with their domains. This is all that Gmail repeats of another's results.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct PassedResults {
    /// The domain of the envelope sender.
    pub(super) spf: Option<String>,
    /// The signing domains.
    pub(super) dkim: Vec<String>,
    /// The From domain.
    pub(super) dmarc: Option<String>,
}

impl PassedResults {
    /// Reads the results, from the authserv-id on. What cannot be understood has not passed.
    pub(super) fn read(results: &str) -> Self {
        let mut passed = Self::default();
        for part in parts(results).iter().skip(1) {
            let mut words = part.iter();
            let Some((method, result)) = words.next().and_then(|w| w.split_once('=')) else { continue };
            if !result.eq_ignore_ascii_case("pass") {
                continue;
            }
            let method = method.split('/').next().unwrap_or(method).to_ascii_lowercase();
            let properties: Vec<_> = words.filter_map(|w| w.split_once('=')).collect();
            let value = |name: &str| {
                properties.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.trim_matches('"'))
            };
            let domain =
                |v: &str| v.rsplit_once('@').map_or(v, |(_, d)| d).trim_matches(['<', '>']).to_ascii_lowercase();
            match method.as_str() {
                "spf" => passed.spf = value("smtp.mailfrom").or(value("smtp.mail")).or(value("smtp.helo")).map(domain),
                "dkim" => passed.dkim.extend(value("header.d").or(value("header.i")).map(domain)),
                "dmarc" => passed.dmarc = value("header.from").map(domain),
                _ => {}
            }
        }
        passed
    }
}

fn end_word(word: &mut String, parts: &mut [Vec<String>]) {
    if !word.is_empty()
        && let Some(last) = parts.last_mut()
    {
        last.push(std::mem::take(word));
    }
}

/// Cuts at the semicolons and then at white space, both outside quotes; comments are left out.
fn parts(text: &str) -> Vec<Vec<String>> {
    let mut parts: Vec<Vec<String>> = vec![Vec::new()];
    let mut word = String::new();
    let (mut depth, mut in_quotes) = (0usize, false);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' if depth > 0 => drop(chars.next()),
            '(' if !in_quotes => depth += 1,
            ')' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            '"' => {
                in_quotes = !in_quotes;
                word.push(c);
            }
            ';' if !in_quotes => {
                end_word(&mut word, &mut parts);
                parts.push(Vec::new());
            }
            c if c.is_whitespace() && !in_quotes => end_word(&mut word, &mut parts),
            c => word.push(c),
        }
    }
    end_word(&mut word, &mut parts);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passed_is_kept() {
        let passed = PassedResults::read(
            "mx.corp.example 1; dkim=pass (2048-bit key; dkim=pass header.d=evil.example) header.d=Ext.Example \
             header.s=s; dkim=fail header.d=no.example; dkim=pass header.i=@two.example; arc=none; \
             spf=pass (mx: domain of \"a b\"@c.example) smtp.mailfrom=\"probe=x; dmarc=pass\"@ext.example; \
             dmarc=pass (p=reject) header.from=ext.example",
        );
        assert_eq!(passed.dkim, ["ext.example", "two.example"]);
        assert_eq!(passed.spf.as_deref(), Some("ext.example"));
        assert_eq!(passed.dmarc.as_deref(), Some("ext.example"));
        assert_eq!(PassedResults::read("mx.corp.example; auth=pass smtp.auth=probe"), PassedResults::default());
        assert_eq!(PassedResults::read("spf=pass smtp.mailfrom=a.example"), PassedResults::default());
        assert_eq!(PassedResults::read("mx; spf=pass; dmarc=pass"), PassedResults::default());
    }
}
