//! Is it the same time there as here? Some servers say it in their greeting.

use crate::doctor::Report;
use jiff::fmt::rfc2822::DateTimeParser;

/// How far clocks may be apart, in seconds: signatures and tokens are good for a time.
const APART: i64 = 300;
/// The words of a date (RFC 5322 §3.3): `Tue, 24 Nov 2026 13:00:00 +0000`.
const WORDS: usize = 6;

/// Compares the clocks of servers with ours.
pub(super) fn look(greetings: &[String], now: i64, report: &mut Report) {
    let apart = greetings.iter().filter_map(|greeting| time_in(greeting)).map(|there| there - now);
    match apart.max_by_key(|seconds| seconds.abs()) {
        None => report.skip("clock", "no server says in its greeting what time it is; --send compares"),
        Some(apart) if apart.abs() > APART => {
            let word = if apart < 0 { "ahead of" } else { "behind" };
            let text = format!("this machine's clock is {} seconds {word} a server's", apart.abs());
            report.fail("clock", "", text, "set the clock right, with NTP for example");
        }
        Some(apart) => report.ok("clock", format!("{} seconds from a server's clock", apart.abs())),
    }
}

/// The time that a greeting ends with.
fn time_in(greeting: &str) -> Option<i64> {
    let words: Vec<&str> = greeting.split_whitespace().collect();
    let parser = DateTimeParser::new().relaxed_weekday(true);
    words.windows(WORDS).find_map(|words| parser.parse_timestamp(words.join(" ")).ok()).map(|time| time.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    #[test]
    fn clocks_are_compared_where_one_is_seen() {
        let exim = "mx.corp.example ESMTP Exim 4.96 Thu, 01 Jan 1970 00:16:40 +0000".to_owned();
        let looked = |greetings: &[String], now| {
            let mut report = Report::default();
            look(greetings, now, &mut report);
            report.checks.remove(0)
        };
        assert_eq!(looked(std::slice::from_ref(&exim), 1300).status, Status::Ok);
        let behind = looked(&[exim], 699);
        assert_eq!(behind.status, Status::Fail);
        assert!(behind.text.contains("301 seconds behind"), "{behind}");
        assert_eq!(looked(&["mx.corp.example ESMTP Postfix".to_owned()], 0).status, Status::Skip);
    }
}
