//! Bytes to lines: gzip is recognised by its first bytes, and no line is read that is too long.

use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufRead, BufReader, Read};

/// A line is at most so long, in bytes.
pub const MAX_LINE: usize = 4 << 20;

/// The lines of a file, each with its number from 1. Bounded in memory whatever the file holds.
pub(super) struct Lines {
    reader: Box<dyn BufRead + Send>,
    number: u64,
    line: Vec<u8>,
}

/// What comes next.
pub(super) enum Next<'a> {
    Line(u64, &'a [u8]),
    /// This line is longer than [`MAX_LINE`]: what follows is not read.
    TooLong(u64),
    End,
}

impl Lines {
    pub(super) fn new(source: impl Read + Send + 'static) -> io::Result<Self> {
        const BUFFER: usize = 256 << 10;
        let mut reader = BufReader::with_capacity(BUFFER, source);
        let gzip = reader.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let reader: Box<dyn BufRead + Send> = if gzip {
            Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(reader)))
        } else {
            Box::new(reader)
        };
        Ok(Self { reader, number: 0, line: Vec::new() })
    }

    /// The next line that is not blank.
    pub(super) fn next(&mut self) -> io::Result<Next<'_>> {
        loop {
            self.line.clear();
            // One byte more than allowed shows that it is too long.
            let bound = u64::try_from(MAX_LINE + 2).unwrap_or(u64::MAX);
            let read = (&mut self.reader).take(bound).read_until(b'\n', &mut self.line)?;
            if read == 0 {
                return Ok(Next::End);
            }
            self.number += 1;
            if self.line.last() == Some(&b'\n') {
                self.line.pop();
            }
            if self.line.len() > MAX_LINE {
                return Ok(Next::TooLong(self.number));
            }
            if !self.line.iter().all(u8::is_ascii_whitespace) {
                return Ok(Next::Line(self.number, &self.line));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};

    fn all(bytes: Vec<u8>) -> Vec<(u64, usize)> {
        let mut lines = Lines::new(Cursor::new(bytes)).unwrap();
        let mut found = Vec::new();
        loop {
            match lines.next().unwrap() {
                Next::Line(number, line) => found.push((number, line.len())),
                Next::TooLong(number) => {
                    found.push((number, usize::MAX));
                    return found;
                }
                Next::End => return found,
            }
        }
    }

    #[test]
    fn lines_are_numbered_and_blank_ones_skipped() {
        assert_eq!(all(b"ab\n\n \r\nabc".to_vec()), [(1, 2), (4, 3)]);
        assert_eq!(all(Vec::new()), []);
    }

    #[test]
    fn gzip_of_several_members_is_recognised() {
        let mut bytes = Vec::new();
        for text in ["ab\n", "abc\n"] {
            let mut encoder = flate2::write::GzEncoder::new(&mut bytes, flate2::Compression::fast());
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap();
        }
        assert_eq!(all(bytes), [(1, 2), (2, 3)]);
    }

    #[test]
    fn a_line_may_be_of_the_bound_and_no_longer() {
        let text = |length: usize| [vec![b'x'; length], vec![b'\n', b'y']].concat();
        assert_eq!(all(text(MAX_LINE)), [(1, MAX_LINE), (2, 1)]);
        assert_eq!(all(text(MAX_LINE + 1)), [(1, usize::MAX)]);
        assert_eq!(all(vec![b'x'; MAX_LINE + 1]), [(1, usize::MAX)]);
    }
}
