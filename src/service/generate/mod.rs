//! Generated organizations, as the lines of an import file: a small one to try things on, large ones to measure with.
//!
//! Deterministic: the same arguments give the same lines. Called by `cli` (demo), tests and benches.

mod demo;
mod large;
mod random;

pub use demo::demo;
pub use large::{Size, large};

use std::io::{self, Read};

/// Lines as a file: what [`super::import::import`] reads, never held as a whole.
#[derive(Debug)]
pub struct LineReader<I> {
    lines: I,
    line: Vec<u8>,
    position: usize,
}

impl<I: Iterator<Item = String>> LineReader<I> {
    /// Reads `lines`, each ended by a newline.
    #[must_use]
    pub fn new(lines: I) -> Self {
        Self { lines, line: Vec::new(), position: 0 }
    }
}

impl<I: Iterator<Item = String>> Read for LineReader<I> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.line.len() {
            let Some(line) = self.lines.next() else { return Ok(0) };
            self.line = line.into_bytes();
            self.line.push(b'\n');
            self.position = 0;
        }
        let rest = self.line.get(self.position..).unwrap_or_default();
        let read = { rest }.read(buffer)?;
        self.position += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_gives_every_line_through_any_buffer() {
        let lines = ["a", "", "long line"].map(str::to_owned);
        let mut reader = LineReader::new(lines.into_iter());
        let (mut all, mut buffer) = (Vec::new(), [0; 3]);
        loop {
            let read = reader.read(&mut buffer).unwrap();
            if read == 0 {
                break;
            }
            all.extend_from_slice(&buffer[..read]);
        }
        assert_eq!(all, b"a\n\nlong line\n");
    }
}
