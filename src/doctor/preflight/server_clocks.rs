//! Is it the same time there as here? Some servers say it in their greeting.

use crate::{
    catalogue::Cause,
    core::{
        UnixTime,
        clock::{is_apart, time_in},
    },
    doctor::Report,
};

/// Compares the clocks of servers with ours.
pub(super) fn compare(greetings: &[String], now: UnixTime, report: &mut Report) {
    let apart = greetings.iter().filter_map(|greeting| time_in(greeting)).map(|there| there - now);
    match apart.max_by_key(|seconds| seconds.abs()) {
        None => report.skip("clock", "no server says in its greeting what time it is; --send compares"),
        Some(apart) if is_apart(apart, 0, 0) => {
            let word = if apart < 0 { "ahead of" } else { "behind" };
            let text = format!("this machine's clock is {} seconds {word} a server's", apart.abs());
            report.fail("clock", Cause::H10, text, "set the clock right, with NTP for example");
        }
        Some(apart) => report.ok("clock", format!("{} seconds from a server's clock", apart.abs())),
    }
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
            compare(greetings, now, &mut report);
            report.checks.remove(0)
        };
        assert_eq!(looked(std::slice::from_ref(&exim), 1300).status, Status::Ok);
        let behind = looked(&[exim], 699);
        assert_eq!(behind.status, Status::Fail);
        assert!(behind.text.contains("301 seconds behind"), "{behind}");
        assert_eq!(looked(&["mx.corp.example ESMTP Postfix".to_owned()], 0).status, Status::Skip);
    }
}
