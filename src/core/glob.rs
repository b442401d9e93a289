//! Names with wildcards, as people type them to choose scenarios.

/// Whether `text` fits `pattern`: `*` stands for any characters, slashes too, `?` for one. Brackets mean themselves,
/// since ids hold them. Takes no more than `pattern × text` steps.
pub fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last star stood, and where the text goes on after what it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn wildcards() {
        for (pattern, text) in [
            ("forward-arc", "forward-arc"),
            ("forward*", "forward/arc[size=5MB]"),
            ("*[size=?MB]", "forward/arc[size=5MB]"),
            ("**", ""),
            ("a*b*c", "a-b-b-c"),
            ("ä?", "äß"),
        ] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("forward", "forward-arc"), ("", "a"), ("a*b", "a-b-c"), ("?", ""), ("[a]", "a")] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
        assert!(!fits(&"*a".repeat(200), &"a".repeat(199)));
    }
}
