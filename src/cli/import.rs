//! `permdex import`.

use super::args::AtCluster;
use super::database::Database;
use super::exit::{Exit, Failure};
use super::{elsewhere, output};
use crate::clock::Clock;
use crate::config::Config;
use crate::service::import::{self, ImportError, Imported, Kind};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

pub(super) async fn run(config: &Config, file: &Path, at: &AtCluster, as_json: bool) -> Result<Exit, Failure> {
    let place = at.place(config)?;
    let (source, bar) = open(file)?;
    let elsewhere = elsewhere::organizations(config, &place).await;
    let database = Database::open(&place).await?;
    let (source, actor) = (bar.wrap_read(source), actor());
    let imported = import::import_beside(&elsewhere, &database.pool, source, &actor, &Clock::System).await;
    bar.finish_and_clear();
    database.close().await;
    print(&imported.map_err(failure)?, as_json)
}

/// The file or standard input, and a bar of the bytes that are read.
fn open(file: &Path) -> Result<(Box<dyn Read + Send>, ProgressBar), Failure> {
    if file.as_os_str() == "-" {
        return Ok((Box::new(io::stdin()), ProgressBar::hidden()));
    }
    let what = || format!("`{}` can't be read", file.display());
    let opened = File::open(file).with_context(what)?;
    let bytes = opened.metadata().with_context(what)?.len();
    let bar = if output::is_watched() { ProgressBar::new(bytes) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}, {eta} left") {
        bar.set_style(style);
    }
    Ok((Box::new(opened), bar))
}

/// Who imports: the login name, for the audit log.
fn actor() -> String {
    let name = ["USER", "LOGNAME"].iter().find_map(|variable| std::env::var(variable).ok());
    let name = name.filter(|name| !name.is_empty());
    format!("cli:{}", name.unwrap_or_else(|| rustix::process::getuid().as_raw().to_string()))
}

fn failure(error: ImportError) -> Failure {
    let away = matches!(&error, ImportError::Store(cause) if cause.is_transient());
    if away { Failure::unreachable(error) } else { Failure::wrong(error) }
}

fn print(imported: &Imported, as_json: bool) -> Result<Exit, Failure> {
    if as_json {
        let count = |kind: &Kind| {
            let counts = json!({"lines": imported.lines.of(*kind), "changed": imported.changed.of(*kind)});
            (kind.word().to_owned(), counts)
        };
        let kinds: Map<String, Value> = Kind::ALL.iter().map(count).collect();
        return output::json(&json!({"kinds": kinds, "jobId": imported.job}));
    }
    let mut table = output::table(&["KIND", "LINES", "CHANGED"]);
    for kind in Kind::ALL.iter().filter(|kind| imported.lines.of(**kind) > 0) {
        let (lines, changed) = (imported.lines.of(*kind), imported.changed.of(*kind));
        table.add_row([kind.word().to_owned(), lines.to_string(), changed.to_string()]);
    }
    output::text(&table.to_string())
}
