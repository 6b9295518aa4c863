//! The command line, and the assembly of all rooms into a process.
//!
//! Here live the commands (one file each), the client they ask a running server with, and `runtime`, which starts
//! database, index, workers and API in order and ends them in reverse. No SQL, no decisions, no endpoints.

mod args;
mod ask;
mod client;
mod config;
mod database;
mod demo;
mod elsewhere;
mod exit;
mod explain;
mod export;
mod follow;
mod grant;
mod import;
mod jobs;
mod keys;
mod neighbours;
mod output;
mod place;
mod rebuild;
mod role;
pub mod runtime;
mod serve;
mod token;
mod verify;
mod who_has;

use args::{Args, Command};
use clap::Parser;
use exit::{Exit, Failure};
use std::process::ExitCode;

/// Runs the command that the process was started with.
#[must_use]
pub fn main() -> ExitCode {
    let args = Args::parse();
    match run(args) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            eprintln!("permdex: {failure}");
            failure.exit.into()
        }
    }
}

fn run(args: Args) -> Result<Exit, Failure> {
    // Before anything can fail: it needs neither configuration nor anything running.
    if matches!(args.command, Command::Openapi) {
        return output::json(&crate::http::openapi());
    }
    let config = config::load(&args)?;
    if matches!(args.command, Command::Config) {
        return output::text(&config.render_masked());
    }
    crate::telemetry::init_logs(config::log_style(&config), &config::log_filter(&config, &args.command))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match args.command {
            Command::Serve { no_worker, .. } => serve::serve(config, !no_worker).await,
            Command::Worker => serve::worker(config).await,
            Command::Demo { .. } => demo::run(config).await,
            Command::Import { file, at } => import::run(&config, &file, &at, args.json).await,
            Command::Export(at) => export::run(&at.place(&config)?).await,
            Command::Migrate(at) => database::migrate(&at.place(&config)?).await,
            Command::Token(options) => token::run(&config, &options).await,
            Command::Check(question) => {
                ask::check(&client::Client::find(&config, &question.server)?, &question, args.json).await
            }
            Command::List(question) => {
                ask::list(&client::Client::find(&config, &question.server)?, &question, args.json).await
            }
            Command::WhoHas(question) => {
                who_has::run(&client::Client::find(&config, &question.server)?, &question, args.json).await
            }
            Command::Rebuild(options) => {
                rebuild::run(&client::Client::find(&config, &options.server)?, &options, args.json).await
            }
            Command::Jobs(options) => {
                jobs::run(&client::Client::find(&config, &options.server)?, &options, args.json).await
            }
            Command::Verify(options) => {
                verify::run(&client::Client::find(&config, &options.server)?, &options, args.json).await
            }
            Command::Role(command) => role::run(&config, &command, args.json).await,
            Command::Grant(command) => grant::run(&config, &command, args.json).await,
            Command::Config | Command::Openapi => Ok(Exit::Done),
        }
    })
}
