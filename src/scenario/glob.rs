//! Patterns for names: `*` and `?` within one part of a path, `**` across parts. Brackets are plain characters, they stand
//! in the names of matrix rows.

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(Vec<char>);

impl Glob {
    /// Takes any text as a pattern.
    pub fn new(pattern: &str) -> Self {
        Self(pattern.trim_start_matches("./").chars().collect())
    }

    /// Whether the whole name fits.
    pub fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.trim_start_matches("./").chars().collect();
        // Which beginnings of the name the pattern so far can stand for.
        let mut reached = vec![false; name.len() + 1];
        reached[0] = true;
        let mut pattern = self.0.as_slice();
        while let [first, rest @ ..] = pattern {
            let across = *first == '*' && rest.first() == Some(&'*');
            pattern = if across { &rest[1..] } else { rest };
            // `**/` also stands for nothing.
            let skip_slash = across && pattern.first() == Some(&'/');
            let before = reached.clone();
            let mut next = vec![false; name.len() + 1];
            for i in 0..=name.len() {
                next[i] = match first {
                    '*' => reached[i] || (i > 0 && next[i - 1] && (across || name[i - 1] != '/')),
                    '?' => i > 0 && reached[i - 1] && name[i - 1] != '/',
                    c => i > 0 && reached[i - 1] && name[i - 1] == *c,
                };
            }
            reached = next;
            if skip_slash {
                pattern = &pattern[1..];
                let mut slashed = before;
                for i in 1..=name.len() {
                    slashed[i] |= reached[i - 1] && name[i - 1] == '/';
                }
                reached = slashed;
            }
        }
        reached[name.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_names() {
        for (pattern, name, fits) in [
            ("forward-*", "forward-arc", true),
            ("forward-*", "forward-a/b", false),
            ("**", "a/b/c", true),
            ("**/arc", "arc", true),
            ("**/arc", "x/y/arc", true),
            ("**/arc", "xarc", false),
            ("a/*/c", "a/b/c", true),
            ("a/*/c", "a/b/b/c", false),
            ("?.yaml", "é.yaml", true),
            ("arc[size=*]", "arc[size=5MB]", true),
            ("arc[size=5MB]", "arc[size=5MB]", true),
            ("./scenarios/*.yaml", "scenarios/a.yaml", true),
            ("", "", true),
            ("*", "", true),
            ("a", "b", false),
        ] {
            assert_eq!(Glob::new(pattern).matches(name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn many_stars_are_no_trap() {
        assert!(!Glob::new(&"a*".repeat(500)).matches(&"a".repeat(499)));
    }
}
