//! How long what is done on a connection may take.

use std::{
    io::{self, Read},
    net::TcpStream,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Content that comes at least at this rate, in octets a second, is waited for.
const SLOWEST: u32 = 8_192;

/// Shared by a connection, whose every read and write keeps to it, and by those who use the connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Deadline(Arc<Mutex<Times>>);

#[derive(Debug, Default)]
struct Times {
    /// Whatever is done must be over by then.
    over: Option<Instant>,
    /// The answer that is waited for must be whole by then.
    answer: Option<Instant>,
    /// Between two pieces of it.
    silence: Option<Duration>,
}

impl Deadline {
    fn times(&self) -> MutexGuard<'_, Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything must be over by then; `None` when only the answers have limits.
    pub(super) fn set(&self, by: Option<Instant>) {
        self.times().over = by;
    }

    /// An answer is to come within this time, without a longer silence in it.
    pub(super) fn expect_answer(&self, within: Duration, silence: Duration) {
        let mut times = self.times();
        times.answer = Some(Instant::now() + within);
        times.silence = Some(silence);
    }

    /// News may come until then.
    pub(super) fn expect_news(&self, until: Instant) {
        let mut times = self.times();
        times.answer = Some(until);
        times.silence = None;
    }

    /// Content came: a slow line is no silence. Lines of the protocol win no time, so that nobody can talk for ever.
    pub(super) fn grant(&self, octets: usize) {
        let more = Duration::from_secs(1) * u32::try_from(octets).unwrap_or(u32::MAX) / SLOWEST;
        let mut times = self.times();
        times.over = times.over.map(|at| at + more);
        times.answer = times.answer.map(|at| at + more);
    }

    /// What is left now, at most this much.
    pub(super) fn at_most(&self, most: Duration) -> io::Result<Duration> {
        let (now, times) = (Instant::now(), self.times());
        let until = [times.over, times.answer, times.silence.map(|silence| now + silence)];
        let until = until.into_iter().flatten().fold(now + most, Instant::min);
        match until.saturating_duration_since(now) {
            // The kind that a socket's own time limit has: TLS can go on after it.
            Duration::ZERO => Err(io::ErrorKind::WouldBlock.into()),
            left => Ok(left),
        }
    }
}

/// A socket that keeps to a deadline. It is below TLS, so that no handshake and no record takes longer.
#[derive(Debug)]
pub(super) struct Timed {
    tcp: TcpStream,
    deadline: Deadline,
}

/// The longest line that is read before TLS, in bytes.
const LONGEST_LINE: usize = 8192;

/// Longer than any deadline; sockets want a number.
const LONGEST: Duration = Duration::from_secs(3600);

impl Timed {
    /// A socket and its deadline.
    pub(super) fn new(tcp: TcpStream, deadline: Deadline) -> Self {
        Self { tcp, deadline }
    }

    /// One line with its end, byte by byte, so that nothing after it is taken from a TLS handshake.
    ///
    /// # Errors
    /// `UnexpectedEof` at the end of the connection, `InvalidData` when the line has no end.
    pub(super) fn line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        let mut byte = [0];
        while !line.ends_with(b"\n") {
            if self.read(&mut byte)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            line.push(byte[0]);
            if line.len() > LONGEST_LINE {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the server sends more than any answer needs"));
            }
        }
        Ok(line)
    }
}

impl Read for Timed {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        again(|| {
            self.tcp.set_read_timeout(Some(self.deadline.at_most(LONGEST)?))?;
            self.tcp.read(buf)
        })
    }
}

impl io::Write for Timed {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        again(|| {
            self.tcp.set_write_timeout(Some(self.deadline.at_most(LONGEST)?))?;
            self.tcp.write(buf)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}

/// Goes on after a signal: TLS would take it for the end.
fn again(mut io: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match io() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_limit_counts() {
        let (deadline, hour) = (Deadline::default(), Duration::from_secs(3600));
        assert_eq!(deadline.at_most(hour).unwrap(), hour);
        deadline.expect_answer(Duration::from_secs(900), Duration::from_secs(600));
        assert!(deadline.at_most(hour).unwrap() <= Duration::from_secs(600));
        deadline.set(Some(Instant::now() + Duration::from_secs(300)));
        assert!(deadline.at_most(hour).unwrap() <= Duration::from_secs(300));
        deadline.set(None);
        deadline.expect_news(Instant::now());
        assert_eq!(deadline.at_most(hour).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn content_wins_time_at_a_least_rate() {
        let deadline = Deadline::default();
        deadline.expect_news(Instant::now());
        deadline.grant(8_192 * 3_600);
        assert!(deadline.at_most(Duration::MAX / 4).unwrap_or_default() > Duration::from_secs(3_000));
    }
}
