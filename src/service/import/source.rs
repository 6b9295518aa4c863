//! The reading side: a thread of its own that turns the file into batches of rows, and waits when the database is
//! slower.

use super::error::{ImportError, LineErrors};
use super::line::read_line;
use super::lines::{Lines, MAX_LINE, Next};
use super::staged::{Counts, Kind, Staged};
use std::io::{self, Read};
use tokio::sync::mpsc;

/// Rows of a table are sent when there are so many bytes of them.
const BATCH: usize = 256 << 10;
/// So many batches may wait.
const WAITING: usize = 4;

/// Rows for one table.
pub(super) type Batch = (Kind, Vec<u8>);
type Outcome = io::Result<(Counts, LineErrors)>;

/// A file that is being read.
pub(super) struct Source {
    batches: mpsc::Receiver<Batch>,
    reader: tokio::task::JoinHandle<Outcome>,
}

impl Source {
    /// Starts reading.
    pub(super) fn start(source: impl Read + Send + 'static) -> Self {
        let (sender, batches) = mpsc::channel(WAITING);
        Self { batches, reader: tokio::task::spawn_blocking(move || read(source, &sender)) }
    }

    /// The next rows; `None` at the end of the file, or after a mistake: [`Source::finish`] tells.
    pub(super) async fn next(&mut self) -> Option<Batch> {
        self.batches.recv().await
    }

    /// How many lines of each kind there were.
    pub(super) async fn finish(self) -> Result<Counts, ImportError> {
        let outcome = self.reader.await.map_err(|broken| ImportError::Read(io::Error::other(broken)))?;
        let (counts, errors) = outcome.map_err(ImportError::Read)?;
        if errors.is_empty() { Ok(counts) } else { Err(ImportError::Invalid(errors)) }
    }
}

fn read(source: impl Read + Send + 'static, batches: &mpsc::Sender<Batch>) -> Outcome {
    let mut lines = Lines::new(source)?;
    let (mut staged, mut errors) = (Staged::default(), LineErrors::default());
    // Once there is one mistake more than can be said, the rest makes no difference.
    while !errors.more {
        match lines.next()? {
            Next::Line(number, line) => read_line(number, line, &mut staged, &mut errors),
            Next::TooLong(number) => {
                errors.add(number, format!("is longer than {MAX_LINE} bytes: nothing after it was read"));
                break;
            }
            Next::End => break,
        }
        if errors.is_empty() && !send(&mut staged, BATCH, batches) {
            break;
        }
    }
    if errors.is_empty() {
        send(&mut staged, 0, batches);
    }
    Ok((staged.counts, errors))
}

/// Whether somebody still listens.
fn send(staged: &mut Staged, over: usize, batches: &mpsc::Sender<Batch>) -> bool {
    staged.over(over).all(|batch| batches.blocking_send(batch).is_ok())
}
