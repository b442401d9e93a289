//! The Sender Rewriting Scheme: an envelope sender of our own domain that leads back to the true one.
//!
//! `SRS0=hash=day=domain=local@ours` for a first forwarder; `SRS1=hash=first=…@ours` keeps the address of a first
//! forwarder short of its own. Hashes are the first four characters of HMAC-SHA1 in base64, as postsrsd makes them.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;

/// Days that an address is good for.
const VALID_DAYS: i64 = 21;
/// Days are counted modulo this.
const DAYS: i64 = 1024;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HASH_LENGTH: usize = 4;

/// Why an address does not lead back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SrsError {
    /// It is no SRS address.
    #[error("no SRS address")]
    NotSrs,
    /// It is an SRS address with parts missing.
    #[error("malformed SRS address")]
    Malformed,
    /// The hash is not ours.
    #[error("SRS hash does not match")]
    Forged,
    /// It is too old.
    #[error("SRS address has expired")]
    Expired,
}

/// Rewrites for one domain with one secret.
#[derive(Clone)]
pub(crate) struct Srs {
    key: hmac::Key,
    domain: String,
}

impl Srs {
    /// Rewrites to addresses of `domain`.
    pub(crate) fn new(secret: &[u8], domain: &str) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret), domain: domain.to_owned() }
    }

    /// The sender to use instead of `sender`; the null reverse-path and our own addresses stay.
    pub(crate) fn forward(&self, sender: &str, now: Timestamp) -> String {
        let Some((local, domain)) = sender.rsplit_once('@') else { return sender.to_owned() };
        if domain.eq_ignore_ascii_case(&self.domain) {
            return sender.to_owned();
        }
        let local = match scheme(local) {
            Some((0, rest)) => self.relayed(domain, &format!("={rest}")),
            Some((_, rest)) => match rest.split_once('=').and_then(|(_, kept)| kept.split_once('=')) {
                Some((first, rest)) => self.relayed(first, rest),
                None => self.first(local, domain, now),
            },
            None => self.first(local, domain, now),
        };
        format!("{local}@{}", self.domain)
    }

    /// The address that an SRS address of ours stands for.
    ///
    /// # Errors
    /// When it is none, or is not to be believed.
    pub(crate) fn reverse(&self, address: &str, now: Timestamp) -> Result<String, SrsError> {
        let (local, _) = address.rsplit_once('@').ok_or(SrsError::NotSrs)?;
        let (number, rest) = scheme(local).ok_or(SrsError::NotSrs)?;
        let (hash, kept) = rest.split_once('=').ok_or(SrsError::Malformed)?;
        if number == 1 {
            let (first, rest) = kept.split_once('=').ok_or(SrsError::Malformed)?;
            self.check(hash, &[first, rest])?;
            return Ok(format!("SRS0{rest}@{first}"));
        }
        let mut parts = kept.splitn(3, '=');
        let (Some(day), Some(domain), Some(user)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(SrsError::Malformed);
        };
        self.check(hash, &[day, domain, user])?;
        let age = (today(now) - read_day(day).ok_or(SrsError::Malformed)?).rem_euclid(DAYS);
        if age > VALID_DAYS {
            return Err(SrsError::Expired);
        }
        Ok(format!("{user}@{domain}"))
    }

    fn first(&self, local: &str, domain: &str, now: Timestamp) -> String {
        let day = write_day(today(now));
        format!("SRS0={}={day}={domain}={local}", self.hash(&[&day, domain, local]))
    }

    fn relayed(&self, first: &str, rest: &str) -> String {
        format!("SRS1={}={first}={rest}", self.hash(&[first, rest]))
    }

    fn hash(&self, parts: &[&str]) -> String {
        let tag = hmac::sign(&self.key, parts.concat().to_ascii_lowercase().as_bytes());
        STANDARD.encode(tag)[..HASH_LENGTH].to_owned()
    }

    /// Case does not count: some servers fold it.
    fn check(&self, hash: &str, parts: &[&str]) -> Result<(), SrsError> {
        if hash.eq_ignore_ascii_case(&self.hash(parts)) { Ok(()) } else { Err(SrsError::Forged) }
    }
}

/// Which scheme a local part has, and what follows the separator.
fn scheme(local: &str) -> Option<(u8, &str)> {
    let (name, rest) = (local.get(..4)?, local.get(4..)?);
    let number = match name.to_ascii_uppercase().as_str() {
        "SRS0" => 0,
        "SRS1" => 1,
        _ => return None,
    };
    rest.strip_prefix(['=', '+', '-']).map(|rest| (number, rest))
}

fn today(now: Timestamp) -> i64 {
    (now.as_second() / 86_400).rem_euclid(DAYS)
}

fn write_day(day: i64) -> String {
    [day / 32, day].map(|n| char::from(BASE32[usize::try_from(n.rem_euclid(32)).unwrap_or(0)])).iter().collect()
}

fn read_day(text: &str) -> Option<i64> {
    let digit = |b: u8| BASE32.iter().position(|d| *d == b.to_ascii_uppercase()).and_then(|n| i64::try_from(n).ok());
    match text.as_bytes() {
        [a, b] => Some(digit(*a)? * 32 + digit(*b)?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn srs(domain: &str) -> Srs {
        Srs::new(b"secret", domain)
    }

    fn day(days: i64) -> Timestamp {
        Timestamp::from_second(1_795_488_401 + days * 86_400).unwrap()
    }

    #[test]
    fn an_address_leads_back() {
        let corp = srs("corp.example");
        for sender in ["probe@ext.example", "a=b+c@ext.example", "Probe.X@Ext.example", "SRSfan@ext.example"] {
            let ours = corp.forward(sender, day(0));
            assert!(ours.starts_with("SRS0=") && ours.ends_with("@corp.example"), "{ours}");
            assert_eq!(corp.reverse(&ours, day(21)).as_deref(), Ok(sender));
            assert_eq!(corp.reverse(&ours.to_ascii_lowercase(), day(0)), Ok(sender.to_ascii_lowercase()));
            assert_eq!(corp.reverse(&ours, day(22)), Err(SrsError::Expired));
            assert!(srs("x.example").reverse(&ours, day(0)).is_ok());
            assert_eq!(Srs::new(b"other", "corp.example").reverse(&ours, day(0)), Err(SrsError::Forged));
        }
    }

    #[test]
    fn a_changed_part_is_forged() {
        let ours = srs("corp.example").forward("probe@ext.example", day(0));
        for (from, to) in [("ext.example", "evil.example"), ("=probe@", "=prober@")] {
            let changed = ours.replace(from, to);
            assert_eq!(srs("corp.example").reverse(&changed, day(0)), Err(SrsError::Forged), "{changed}");
        }
    }

    #[test]
    fn what_is_no_address_of_ours() {
        let corp = srs("corp.example");
        assert_eq!(corp.reverse("info@corp.example", day(0)), Err(SrsError::NotSrs));
        assert_eq!(corp.reverse("SRS0@corp.example", day(0)), Err(SrsError::NotSrs));
        assert_eq!(corp.reverse("SRS0=abcd@corp.example", day(0)), Err(SrsError::Malformed));
        assert_eq!(corp.reverse("SRS0=abcd=AA=x@corp.example", day(0)), Err(SrsError::Malformed));
        assert_eq!(corp.forward("", day(0)), "");
        assert_eq!(corp.forward("info@Corp.example", day(0)), "info@Corp.example");
    }

    #[test]
    fn a_second_forwarder_leads_back_to_the_first() {
        let (one, two, three) = (srs("one.example"), srs("two.example"), Srs::new(b"three", "three.example"));
        let first = one.forward("probe@ext.example", day(0));
        let second = two.forward(&first, day(0));
        assert!(second.starts_with("SRS1=") && second.contains("=one.example=="), "{second}");
        let third = three.forward(&second, day(0));
        assert!(third.contains("=one.example==") && third.len() == second.len() + 2, "{third}");
        assert_eq!(three.reverse(&third, day(0)), Ok(first.clone()));
        assert_eq!(two.reverse(&second, day(0)), Ok(first.clone()));
        assert_eq!(one.reverse(&first, day(0)).as_deref(), Ok("probe@ext.example"));
    }

    #[test]
    fn days_go_around() {
        assert_eq!(
            (write_day(0), write_day(1023), read_day("77"), read_day("a")),
            ("AA".into(), "77".into(), Some(1023), None)
        );
    }
}
