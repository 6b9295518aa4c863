//! Log lines, on stderr: stdout is for data.

use std::io::IsTerminal as _;
use thiserror::Error;
use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::{EnvFilter, fmt};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStyle {
    /// For people.
    Text,
    /// For machines: an object a line.
    Json,
}

/// Why logging can't be set up.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// The filter can't be read.
    #[error("`log.filter` is not a filter: write it like `info,permdex=debug`")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// It was set up before.
    #[error("logging is set up already: set it up once a process")]
    LogsTwice(#[from] tracing::subscriber::SetGlobalDefaultError),
    /// It was set up before.
    #[error("metrics are set up already: set them up once a process")]
    MetricsTwice,
}

/// Sets up logging for the process; `filter` is in `tracing-subscriber`'s directives. Colour only when stderr is a terminal and `NO_COLOR` is not set.
///
/// # Errors
/// A filter that can't be read (the configuration refuses it before); logging set up twice.
pub fn init_logs(style: LogStyle, filter: &str) -> Result<(), TelemetryError> {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let color = std::io::stderr().is_terminal() && !no_color;
    Ok(tracing::subscriber::set_global_default(subscriber(style, filter, color, std::io::stderr)?)?)
}

fn subscriber<W>(
    style: LogStyle,
    filter: &str,
    color: bool,
    writer: W,
) -> Result<Box<dyn Subscriber + Send + Sync>, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = fmt().with_env_filter(EnvFilter::try_new(filter)?).with_writer(writer).with_ansi(color);
    Ok(match style {
        LogStyle::Text => Box::new(lines.finish()),
        LogStyle::Json => Box::new(lines.json().flatten_event(true).with_ansi(false).finish()),
    })
}

#[cfg(test)]
mod tests {
    use super::{LogStyle, subscriber};
    use parking_lot::Mutex;
    use std::io::Write;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(style: LogStyle, filter: &str) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        tracing::subscriber::with_default(subscriber(style, filter, false, move || writer.clone()).unwrap(), || {
            tracing::info!(took_ms = 3, "job `7` refreshed");
            tracing::debug!("a detail");
        });
        String::from_utf8(lines.0.lock().clone()).unwrap()
    }

    #[test]
    fn json_is_an_object_a_line_with_the_fields_beside_the_message() {
        let lines = logged(LogStyle::Json, "info");
        let line: serde_json::Value = serde_json::from_str(lines.trim_end()).unwrap();
        assert_eq!(
            (&line["message"], &line["took_ms"], &line["level"]),
            (&"job `7` refreshed".into(), &3.into(), &"INFO".into())
        );
    }

    #[test]
    fn text_is_plain_and_the_filter_decides() {
        let text = logged(LogStyle::Text, "info");
        assert!(text.contains("job `7` refreshed") && !text.contains('\u{1b}') && !text.contains("a detail"), "{text}");
        assert!(logged(LogStyle::Text, "permdex=debug").contains("a detail"));
        assert!(logged(LogStyle::Text, "off").is_empty());
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_an_error() {
        assert!(subscriber(LogStyle::Text, "permdex=loud", false, std::io::sink).is_err());
    }
}
