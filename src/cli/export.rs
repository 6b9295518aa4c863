//! `permdex export`.

use super::database::Database;
use super::exit::{Exit, Failure};
use crate::config::Place;
use crate::service::export::{self, ExportError};
use std::io::{self, BufWriter, ErrorKind, Write};

pub(super) async fn run(place: &Place) -> Result<Exit, Failure> {
    let database = Database::open(place).await?;
    let mut out = BufWriter::new(io::stdout());
    let exported = export::export(&database.pool, &mut out).await;
    let flushed = out.flush();
    database.close().await;
    match exported {
        Err(ExportError::Write(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(error) => Err(Failure::wrong(error)),
        Ok(lines) => {
            flushed?;
            eprintln!("{lines} lines");
            Ok(Exit::Done)
        }
    }
}
