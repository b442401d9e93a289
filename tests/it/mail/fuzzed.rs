//! Every reader on thousands of changed seeds, the same on every run, and on long input that wants to be slow.
//! `tests/fuzz` does it guided by coverage; what that finds becomes a seed here.

use crate::{
    mail::fuzz_readers::{READERS, Reader},
    support::numbers::Numbers,
};
use rustix::time::{ClockId, clock_gettime};
use std::{
    fs,
    panic::{self, AssertUnwindSafe},
    path::Path,
    time::Duration,
};

/// What gives a reader something to think about: what an attacker repeats, and what the grammars are made of.
pub(crate) const WORDS: [&str; 81] = [
    "(",
    ")",
    "()",
    "(\"",
    "(\\",
    "\"",
    "\\",
    "\"a ",
    " \"",
    "<",
    ">",
    ",",
    ";",
    ";;",
    "=",
    ":",
    ".",
    "/",
    "@",
    "[",
    "]",
    "-",
    "+",
    " ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\r\n ",
    "\n\n",
    "\0",
    "\u{fffd}",
    "\u{2028}",
    "0",
    "9",
    "-1",
    "99999999999999999999",
    "i=1;",
    "i=51;",
    "a=b",
    "cv=pass",
    "pass",
    "none",
    "from ",
    " by ",
    "smtp.",
    "550-5.7.26 ",
    "550 ",
    "--",
    "--b",
    "&a ",
    "*a",
    "- ",
    ": ",
    "{",
    "}",
    "|\n  ",
    "<<: ",
    "!!str ",
    "${",
    "\"(\" ",
    "(\")",
    "(\" ",
    ",\"b a=x",
    "a=\"",
    ";;=",
    "a=b ",
    "a=b;",
    "a = b ;",
    " smtp .",
    " . ",
    "/ ",
    "smtp . mailfrom = ",
    "a=b (c) ",
    "\r\n\r\n",
    "from by with id for via ; ",
    "[1] ",
    "from x ([192.0.2.1 ",
    "550-",
    "550-5.7.26 550 5.7.26 ",
    "--b\n",
];

/// How many changed seeds every reader gets.
const RUNS: usize = 1500;

fn seeds(reader: &Reader) -> Vec<(String, Vec<u8>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fuzz").join(reader.name);
    let files = fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())).map(Result::unwrap);
    let mut seeds: Vec<_> =
        files.map(|f| (f.file_name().into_string().unwrap(), fs::read(f.path()).unwrap())).collect();
    seeds.sort();
    seeds
}

/// One to four changes: a word set in or put over bytes, a bit turned, a part removed, doubled or taken from elsewhere.
fn changed(numbers: &mut Numbers, seeds: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut data = numbers.pick(seeds).1.clone();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(data.len() + 1);
        let most = if numbers.below(4) == 0 { data.len() } else { 12 };
        let end = (at + numbers.below(most) + 1).min(data.len());
        let word = numbers.pick(&WORDS).as_bytes();
        match numbers.below(7) {
            0 => drop(data.splice(at..at, word.iter().copied())),
            1 => drop(data.splice(at..end, word.iter().copied())),
            2 => drop(data.drain(at..end)),
            3 => drop(data.splice(at..at, data[at..end].to_vec())),
            4 => {
                let other = &numbers.pick(seeds).1;
                let from = numbers.below(other.len());
                let to = (from + numbers.below(60)).min(other.len());
                drop(data.splice(at..end, other[from..to].iter().copied()));
            }
            5 => drop(data.splice(at..at, word.repeat(1 + numbers.below(40)))),
            _ => {
                let bit = 1 << numbers.below(8);
                data[at..end].iter_mut().take(1).for_each(|b| *b ^= bit);
            }
        }
    }
    data
}

/// Reads, and says what was read when that panics.
fn read(reader: &Reader, data: &[u8]) {
    if panic::catch_unwind(AssertUnwindSafe(|| (reader.read)(data))).is_err() {
        panic!("{} panics over {:?}", reader.name, data.escape_ascii().to_string());
    }
}

#[test]
fn changed_seeds_make_no_reader_panic() {
    for reader in READERS {
        let seeds = seeds(&reader);
        for (_, seed) in &seeds {
            read(&reader, seed);
            // Every beginning of it too, as when a connection breaks.
            let step = 1 + seed.len() / 200;
            (0..seed.len()).step_by(step).for_each(|end| read(&reader, &seed[..end]));
        }
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        for _ in 0..RUNS {
            read(&reader, &changed(&mut numbers, &seeds));
        }
    }
}

/// The time that this thread has worked, whatever else the machine does.
fn worked() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

/// How long a reader works over `unit`, said `count` times between the two parts of a seed.
fn time(reader: &Reader, seed: &[u8], unit: &[u8], count: usize) -> Duration {
    let (before, after) = seed.split_at(seed.len() / 2);
    let data = [before, &unit.repeat(count), after].concat();
    let start = worked();
    (reader.read)(&data);
    worked() - start
}

#[test]
fn eight_times_the_input_takes_no_reader_much_more_than_eight_times_the_time() {
    for reader in READERS {
        let seeds = seeds(&reader);
        for (name, seed) in &seeds {
            let lines = seed.split_inclusive(|b| *b == b'\n').take(6);
            for unit in WORDS.map(str::as_bytes).into_iter().chain(lines) {
                let count = 2_000 / unit.len();
                // A reader that is not linear takes 64 times as long, every time.
                let linear = (0..3).any(|_| {
                    let short = time(&reader, seed, unit, count).max(Duration::from_micros(200));
                    time(&reader, seed, unit, 8 * count) < 24 * short
                });
                assert!(linear, "{}, seed {name}: {}", reader.name, unit.escape_ascii());
            }
        }
    }
}
