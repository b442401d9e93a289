//! The lines of a log, one at a time: out of gzip, xz and zstd, known by their first bytes and not by a name, and out of UTF-16.

use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::StreamingDecoder;
use std::io::{self, BufRead, BufReader, Cursor, Read};

/// The longest line that is read whole, in bytes; of a longer one, its beginning.
const LONGEST: u64 = 256 << 10;
/// How much memory the decoder of a compressed log may ask for, in KiB.
const MEMORY: u32 = 256 << 10;
/// How many bytes at the beginning tell what a log is.
const MAGIC: u64 = 8;

/// The lines of a log.
pub struct Lines {
    input: Box<dyn BufRead>,
    buffer: Vec<u8>,
}

impl Lines {
    /// Finds out how a log is written.
    ///
    /// # Errors
    /// When it cannot be read, or is in a form that is not, with what to do.
    pub fn open(mut input: impl Read + 'static) -> io::Result<Self> {
        let mut start = Vec::new();
        input.by_ref().take(MAGIC).read_to_end(&mut start)?;
        let unread =
            |what: &str, next: &str| Err(io::Error::new(io::ErrorKind::InvalidData, format!("{what}; {next}")));
        let whole = Cursor::new(start.clone()).chain(input);
        let plain: Box<dyn Read> = match start.as_slice() {
            [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(whole)),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Box::new(XzReader::new_mem_limit(whole, true, MEMORY)),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(Frames { input: Some(BufReader::new(whole)), frame: None }),
            [b'B', b'Z', b'h', ..] => return unread("it is compressed with bzip2", "give what `bzcat` prints"),
            [b'P', b'K', 3, 4, ..] => return unread("it is a zip archive", "give the file in it"),
            [b'L', b'P', b'K', b'S', b'H', b'H', b'R', b'H'] => {
                return unread("it is a journal of systemd", "give what `journalctl --file FILE` prints");
            }
            _ => Box::new(whole),
        };
        // UTF-16 is known by its byte order mark; everything else passes as it is.
        let text = DecodeReaderBytesBuilder::new().utf8_passthru(true).strip_bom(true).build(plain);
        Ok(Self { input: Box::new(BufReader::new(text)), buffer: Vec::new() })
    }

    /// The next line, without its end; `None` behind the last one.
    ///
    /// # Errors
    /// When it cannot be read, or what is compressed is damaged.
    pub fn next_line(&mut self) -> io::Result<Option<String>> {
        self.buffer.clear();
        if self.input.by_ref().take(LONGEST).read_until(b'\n', &mut self.buffer)? == 0 {
            return Ok(None);
        }
        if !self.buffer.ends_with(b"\n") {
            self.skip_line()?;
        }
        Ok(Some(String::from_utf8_lossy(self.buffer.trim_ascii_end()).into_owned()))
    }

    /// Passes over the rest of a line.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let rest = self.input.fill_buf()?;
            let (used, is_end) = memchr::memchr(b'\n', rest).map_or((rest.len(), rest.is_empty()), |at| (at + 1, true));
            self.input.consume(used);
            if is_end {
                return Ok(());
            }
        }
    }
}

/// The frames of a zstd stream, one behind the other.
struct Frames<R: BufRead> {
    input: Option<R>,
    frame: Option<StreamingDecoder<R, ruzstd::decoding::FrameDecoder>>,
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(frame) = &mut self.frame {
                let read = frame.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    return Ok(read);
                }
                self.input = self.frame.take().map(StreamingDecoder::into_inner);
            }
            let Some(mut input) = self.input.take() else { return Ok(0) };
            if input.fill_buf()?.is_empty() {
                return Ok(0);
            }
            self.frame = Some(StreamingDecoder::new(input).map_err(io::Error::other)?);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn read(bytes: &[u8]) -> io::Result<Vec<String>> {
        let mut lines = Lines::open(Cursor::new(bytes.to_vec()))?;
        let mut all = Vec::new();
        while let Some(line) = lines.next_line()? {
            all.push(line);
        }
        Ok(all)
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
    }

    /// `one\ntwo\n` by `xz` and by `zstd`.
    const XZ: &str = "/Td6WFoAAAFpIt42AgAhARwAAAAQz1jMAQAHb25lCnR3bwoA5gu6EgABHAhEYCrIkEKZDQEAAAAAAVla";
    const ZSTD: &str = "KLUv/QRYQQAAb25lCnR3bwrmpg5A";

    #[test]
    fn a_log_is_read_in_every_form() {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let text = "one\ntwo\n";
        let twice = |bytes: Vec<u8>| [&bytes[..], &bytes].concat();
        for bytes in [
            text.as_bytes().to_vec(),
            b"\xef\xbb\xbfone\r\ntwo".to_vec(),
            gzip(text),
            [gzip("one\n"), gzip("two\n")].concat(),
            utf16(text, u16::to_le_bytes),
            utf16(text, u16::to_be_bytes),
            STANDARD.decode(XZ).unwrap(),
            STANDARD.decode(ZSTD).unwrap(),
        ] {
            assert_eq!(read(&bytes).unwrap(), ["one", "two"], "{bytes:?}");
        }
        for packed in [XZ, ZSTD] {
            assert_eq!(read(&twice(STANDARD.decode(packed).unwrap())).unwrap(), ["one", "two", "one", "two"]);
        }
        assert!(read(b"").unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_read_says_what_to_do() {
        for (bytes, wanted) in
            [(&b"BZh91AY&SY"[..], "bzcat"), (b"PK\x03\x04....", "zip"), (b"LPKSHHRH....", "journalctl")]
        {
            let error = read(bytes).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
        let mut damaged = gzip(&"a line of a log\n".repeat(1000));
        damaged.truncate(damaged.len() / 2);
        read(&damaged).unwrap_err();
    }

    #[test]
    fn a_line_without_an_end_is_cut() {
        let long = vec![b'x'; 3 * LONGEST as usize];
        let lines = read(&[&long[..], b"\nnext\n"].concat()).unwrap();
        assert_eq!((lines[0].len() as u64, lines[1].as_str(), lines.len()), (LONGEST, "next", 2));
    }
}
