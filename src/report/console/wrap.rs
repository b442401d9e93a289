//! Lines that fit a terminal.

/// The columns of the terminal on standard output; `None` when it does not say.
pub fn columns() -> Option<usize> {
    ::console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns)).filter(|columns| *columns >= 40)
}

/// A line broken at spaces into lines of at most so many columns, where it can be; the further ones are indented two more
/// than the first.
pub fn wrap(line: &str, columns: usize) -> String {
    let indent = line.chars().take_while(|c| *c == ' ').count();
    let hang = " ".repeat((indent + 2).min(columns / 2));
    let mut out = String::with_capacity(line.len() + 16);
    let mut used = 0;
    for (n, word) in line.split_inclusive(' ').enumerate() {
        let wide = width(word.trim_end_matches(' '));
        if n > 0 && used + wide > columns && used > hang.len() {
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
            out.push_str(&hang);
            used = hang.len();
        }
        // Japanese has no spaces to break at.
        if used + wide > columns && !word.is_ascii() {
            push_broken(word, columns, &hang, &mut used, &mut out);
            continue;
        }
        out.push_str(word);
        used += width(word);
    }
    out
}

fn push_broken(word: &str, columns: usize, hang: &str, used: &mut usize, out: &mut String) {
    let mut escape = false;
    for c in word.chars() {
        escape |= c == '\u{1b}';
        let wide = if escape { 0 } else { of_char(c) };
        if *used + wide > columns {
            out.push('\n');
            out.push_str(hang);
            *used = hang.len();
        }
        out.push(c);
        *used += wide;
        escape &= c != 'm';
    }
}

/// The columns that a text takes, colours left out.
fn width(text: &str) -> usize {
    let mut escape = false;
    let mut columns = 0;
    for c in text.chars() {
        escape |= c == '\u{1b}';
        if !escape {
            columns += of_char(c);
        }
        escape &= c != 'm';
    }
    columns
}

/// East Asian wide and fullwidth characters take two columns (UAX #11).
fn of_char(c: char) -> usize {
    match u32::from(c) {
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_spaces_and_hang() {
        assert_eq!(wrap("  short", 40), "  short");
        assert_eq!(wrap("  why:  one two three four", 18), "  why:  one two\n    three four");
        // Addresses and hashes are kept whole, for copying.
        let long = "x".repeat(50);
        assert_eq!(wrap(&format!("see {long} b"), 40), format!("see\n  {long}\n  b"));
        assert_eq!(wrap("\u{1b}[31mred\u{1b}[0m and more", 12), "\u{1b}[31mred\u{1b}[0m and more");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let broken = wrap("  転送メールを変更しない。見出しも本文も", 20);
        assert!(broken.lines().all(|l| width(l) <= 20) && broken.lines().count() == 3, "{broken}");
        assert_eq!(broken.replace("\n    ", ""), "  転送メールを変更しない。見出しも本文も");
    }
}
