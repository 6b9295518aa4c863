//! The configuration of a command: file and environment, and what the command line adds.

use super::args::{Args, Command};
use super::exit::Failure;
use crate::config::{Config, LogFormat, Sources};
use crate::telemetry::LogStyle;

pub(super) fn load(args: &Args) -> Result<Config, Failure> {
    let mut sources = Sources::of_process(args.config.clone());
    if let Command::Serve { listen: Some(listen), .. } | Command::Demo { listen: Some(listen) } = &args.command {
        sources.arguments.push(("http.listen".to_owned(), listen.to_string()));
    }
    Ok(Config::load(&sources)?)
}

pub(super) fn log_style(config: &Config) -> LogStyle {
    match config.log.format {
        LogFormat::Text => LogStyle::Text,
        LogFormat::Json => LogStyle::Json,
    }
}

/// What a person typed answers on stdout and in its exit code; only what goes wrong is logged.
pub(super) fn log_filter(config: &Config, command: &Command) -> String {
    match command {
        Command::Serve { .. } | Command::Worker => config.log.filter.clone(),
        _ => "warn".to_owned(),
    }
}
