//! The way to Elasticsearch: nodes, credentials, time-outs and retries. The official client sets no time-out and
//! retries nothing, so both are done here, for every call.

use super::counts::Counts;
use super::settings::{ElasticSettings, SettingsError};
use super::trouble::Trouble;
use crate::telemetry::{TRACEPARENT, Trace};
use backon::{ExponentialBuilder, Retryable};
use bytes::Bytes;
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::Method;
use elasticsearch::http::headers::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use elasticsearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use parking_lot::Mutex;
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// A node that failed is left alone for so long while there are others.
const NODE_RESTS: Duration = Duration::from_secs(5);
/// A call is tried so many times more. With the waits below that bridges a restart of a proxy or a short overload;
/// an election takes longer, and those who asked decide what then.
const RETRIES: usize = 3;
const SHORTEST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// A list of nodes. Cheap to clone; clones share connections. The connections are as many as requests are under way:
/// those who call bound them (reads in `get`, one refresh at a time, one bulk a call, searches in `service`).
#[derive(Debug, Clone)]
pub(super) struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    nodes: Vec<Node>,
    turn: AtomicUsize,
    timeout: Duration,
    counts: Counts,
}

#[derive(Debug)]
struct Node {
    transport: Transport,
    rests_until: Mutex<Option<Instant>>,
}

impl Node {
    fn rests(&self, now: Instant) -> bool {
        self.rests_until.lock().is_some_and(|until| now < until)
    }
}

/// One request: what the server is asked.
#[derive(Debug, Clone)]
pub(super) struct Call<'a> {
    method: Method,
    path: &'a str,
    query: &'a [(&'a str, &'a str)],
    body: Option<Bytes>,
    lines: bool,
    within: Option<Duration>,
}

impl<'a> Call<'a> {
    pub fn new(method: Method, path: &'a str) -> Self {
        Self { method, path, query: &[], body: None, lines: false, within: None }
    }

    pub fn path(&self) -> &str {
        self.path
    }

    pub fn query(mut self, query: &'a [(&'a str, &'a str)]) -> Self {
        self.query = query;
        self
    }

    /// Sooner than the time-out of the settings.
    pub fn within(mut self, time: Duration) -> Self {
        self.within = Some(time);
        self
    }

    pub fn body(mut self, body: Bytes) -> Self {
        self.body = Some(body);
        self
    }

    /// The body is JSON.
    pub fn json(self, body: &impl serde::Serialize) -> Result<Self, Trouble> {
        Ok(self.body(serde_json::to_vec(body).map_err(Trouble::Answer)?.into()))
    }

    /// The body is NDJSON.
    pub fn lines(mut self, body: Bytes) -> Self {
        self.lines = true;
        self.body(body)
    }
}

impl Client {
    pub fn new(settings: &ElasticSettings) -> Result<Self, SettingsError> {
        check(settings)?;
        let nodes = settings.urls.iter().map(|url| {
            let pool = SingleNodeConnectionPool::new(url.clone());
            // A proxy of the environment is for the internet, and would see every permission.
            let mut builder = TransportBuilder::new(pool).disable_proxy().headers(headers(settings)?);
            if let Some(certificates) = certificates(settings)? {
                builder = builder.cert_validation(CertificateValidation::Full(certificates));
            }
            let transport = builder.build().map_err(|error| SettingsError::Client(Box::new(error)))?;
            Ok(Node { transport, rests_until: Mutex::new(None) })
        });
        let nodes = nodes.collect::<Result<_, SettingsError>>()?;
        let (timeout, counts) = (settings.request_timeout, Counts::new(&settings.cluster));
        Ok(Self(Arc::new(Inner { nodes, turn: AtomicUsize::new(0), timeout, counts })))
    }

    /// Asks, again where that may help, and gives the body of a success. Takes at most about twice the time-out of
    /// a request: no try begins when that much time has passed.
    pub async fn ask(&self, call: &Call<'_>) -> Result<Bytes, Trouble> {
        let began = Instant::now();
        let timeout = self.timeout(call);
        let waits = ExponentialBuilder::default()
            .with_min_delay(SHORTEST_WAIT)
            .with_max_delay(LONGEST_WAIT)
            .with_max_times(RETRIES)
            .with_jitter();
        (|| self.ask_once(call))
            .retry(waits)
            .when(|trouble| trouble.is_worth_retrying() && began.elapsed() < timeout)
            .notify(|trouble, wait| {
                self.0.counts.again(call);
                let (wait_ms, error) = (wait.as_millis(), chain(trouble));
                tracing::debug!(path = call.path, wait_ms, error, "asking elasticsearch again");
            })
            .await
    }

    async fn ask_once(&self, call: &Call<'_>) -> Result<Bytes, Trouble> {
        let node = self.node()?;
        let began = Instant::now();
        let answer = send(node, call, self.timeout(call)).await;
        self.0.counts.tried(call, &answer, began.elapsed());
        if answer.as_ref().is_err_and(Trouble::is_of_the_node) {
            *node.rests_until.lock() = Some(Instant::now() + NODE_RESTS);
        }
        answer
    }

    /// What is counted of requests.
    pub fn counts(&self) -> &Counts {
        &self.0.counts
    }

    fn timeout(&self, call: &Call<'_>) -> Duration {
        call.within.map_or(self.0.timeout, |within| within.min(self.0.timeout))
    }

    /// The next one that does not rest, else the next one.
    fn node(&self) -> Result<&Node, Trouble> {
        let nodes = &self.0.nodes;
        let first = self.0.turn.fetch_add(1, Ordering::Relaxed);
        let in_turn = || (0..nodes.len()).filter_map(|step| nodes.get(first.wrapping_add(step) % nodes.len()));
        let now = Instant::now();
        let awake = if nodes.len() > 1 { in_turn().find(|node| !node.rests(now)) } else { None };
        awake.or_else(|| in_turn().next()).ok_or(Trouble::Ended)
    }
}

async fn send(node: &Node, call: &Call<'_>, timeout: Duration) -> Result<Bytes, Trouble> {
    let mut headers = HeaderMap::new();
    // Elasticsearch's own log and slow log then name the trace too. What is read for many at once has none.
    if let Some(header) = Trace::current().and_then(|trace| HeaderValue::try_from(trace.header()).ok()) {
        headers.insert(HeaderName::from_static(TRACEPARENT), header);
    }
    if call.lines {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    }
    let query = (!call.query.is_empty()).then_some(call.query);
    let sent = node.transport.send(call.method, call.path, headers, query, call.body.clone(), Some(timeout));
    let response = sent.await.map_err(failed)?;
    let status = response.status_code();
    let body = response.bytes().await.map_err(failed)?;
    if status.is_success() { Ok(body) } else { Err(Trouble::of_status(status.as_u16(), &body)) }
}

fn failed(error: elasticsearch::Error) -> Trouble {
    if error.is_timeout() { Trouble::TimedOut } else { Trouble::Connection(error) }
}

/// An error with its causes, for the log.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn check(settings: &ElasticSettings) -> Result<(), SettingsError> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.');
    let first = settings.name.bytes().next().unwrap_or(b'-');
    let begins_well = first.is_ascii_lowercase() || first.is_ascii_digit();
    if !begins_well || settings.name.len() > 200 || !settings.name.bytes().all(allowed) {
        return Err(SettingsError::Name(settings.name.clone()));
    }
    if settings.urls.is_empty() {
        return Err(SettingsError::NoNode);
    }
    if settings.username.is_some() != settings.password.is_some() {
        return Err(SettingsError::HalfCredentials);
    }
    Ok(())
}

fn headers(settings: &ElasticSettings) -> Result<HeaderMap, SettingsError> {
    let mut headers = HeaderMap::new();
    // The client would ask for gzip: on the way to a node nearby it costs both sides more than it saves.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if let Some(authorization) = settings.authorization() {
        let mut value = HeaderValue::from_str(authorization.expose_secret()).map_err(|_| SettingsError::Credentials)?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

fn certificates(settings: &ElasticSettings) -> Result<Option<Certificate>, SettingsError> {
    let Some(path) = &settings.ca_file else {
        return Ok(None);
    };
    let text = std::fs::read(path).map_err(|error| SettingsError::CaFile(path.clone(), Box::new(error)))?;
    Certificate::from_pem(&text).map(Some).map_err(|error| SettingsError::CaFile(path.clone(), Box::new(error)))
}

#[cfg(test)]
mod tests {
    use super::super::fake::Fake;
    use super::*;
    use crate::index::IndexError;

    const BUSY: (u16, &str) = (503, r#"{"error":{"type":"busy","reason":"later"}}"#);
    const LONG: Duration = Duration::from_secs(30);

    async fn ask(nodes: &[&Fake], timeout: Duration) -> Result<Bytes, Trouble> {
        Client::new(&Fake::settings(nodes, timeout)).unwrap().ask(&Call::new(Method::Get, "/")).await
    }

    #[tokio::test]
    async fn what_may_pass_is_tried_again() {
        let fake = Fake::start(vec![(429, "{}"), (0, ""), BUSY, (200, "done")]).await;
        assert_eq!(ask(&[&fake], LONG).await.unwrap(), "done");
        assert_eq!(fake.count(), 4);
    }

    #[tokio::test]
    async fn the_trace_of_whoever_asks_is_passed_on() {
        let fake = Fake::start(vec![(200, "")]).await;
        ask(&[&fake], LONG).await.unwrap();
        let trace = Trace::new();
        trace.scope(ask(&[&fake], LONG)).await.unwrap();
        let heads = fake.heads.lock();
        let sent = |head: &str| head.lines().find_map(|line| line.strip_prefix("traceparent: ").map(str::to_owned));
        assert_eq!(sent(&heads[0]), None);
        assert_eq!(Trace::parse(sent(&heads[1]).unwrap().as_bytes()), Some(trace));
    }

    #[test]
    fn each_try_is_timed_and_what_is_asked_again_is_counted() {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        metrics::with_local_recorder(&recorder, || {
            runtime.block_on(async {
                let fake = Fake::start(vec![BUSY, (0, ""), (200, "done")]).await;
                ask(&[&fake], LONG).await.unwrap();
            });
        });
        let text = recorder.handle().render();
        let seconds = "permdex_elasticsearch_request_seconds_count{cluster=\"eu\",operation=\"other\",outcome=";
        for line in [
            format!("{seconds}\"busy\"}} 1"),
            format!("{seconds}\"unreachable\"}} 1"),
            format!("{seconds}\"ok\"}} 1"),
            "permdex_elasticsearch_retries_total{cluster=\"eu\",operation=\"other\"} 2".to_owned(),
            "permdex_elasticsearch_retries_total{cluster=\"eu\",operation=\"bulk\"} 0".to_owned(),
        ] {
            assert!(text.contains(&line), "{line} is not in\n{text}");
        }
    }

    #[tokio::test]
    async fn tries_have_an_end() {
        let fake = Fake::start(vec![BUSY]).await;
        let trouble = ask(&[&fake], LONG).await.unwrap_err();
        assert!(matches!(&trouble, Trouble::Status { status: 503, error } if error.reason == "later"), "{trouble}");
        assert_eq!(fake.count(), 1 + RETRIES);
        assert!(matches!(trouble.into(), IndexError::Unreachable(_)));
    }

    #[tokio::test]
    async fn what_will_not_pass_is_asked_once() {
        for (status, body) in [(400, "{}"), (401, ""), (500, "<html>"), (404, "{}")] {
            let fake = Fake::start(vec![(status, body)]).await;
            ask(&[&fake], LONG).await.unwrap_err();
            assert_eq!(fake.count(), 1, "{status}");
        }
    }

    #[tokio::test]
    async fn credentials_that_are_refused_are_an_outage_that_names_their_settings() {
        let denied = r#"{"error":{"type":"security_exception","reason":"unable to authenticate"}}"#;
        for (status, body) in [(401, denied), (401, ""), (403, denied)] {
            let fake = Fake::start(vec![(status, body)]).await;
            let trouble = ask(&[&fake], LONG).await.unwrap_err();
            assert!(trouble.to_string().contains("`index.api_key`"), "{trouble}");
            assert!(matches!(trouble.into(), IndexError::Unreachable(_)), "{status}");
        }
    }

    #[tokio::test]
    async fn a_server_that_stalls_is_given_up() {
        let fake = Fake::start(vec![(1, "")]).await;
        let trouble = ask(&[&fake], Duration::from_millis(50)).await.unwrap_err();
        assert!(matches!(trouble, Trouble::TimedOut));
        assert!(matches!(trouble.into(), IndexError::Unreachable(_)));
        assert_eq!(fake.count(), 1);
    }

    #[tokio::test]
    async fn a_node_that_failed_rests_while_there_is_another() {
        let (bad, good) = (Fake::start(vec![BUSY]).await, Fake::start(vec![(200, "")]).await);
        let client = Client::new(&Fake::settings(&[&bad, &good], LONG)).unwrap();
        for _ in 0..6 {
            client.ask(&Call::new(Method::Get, "/")).await.unwrap();
        }
        assert_eq!((bad.count(), good.count()), (1, 6));
    }

    #[test]
    fn settings_that_cannot_work_are_refused_at_once() {
        let settings = Fake::settings(&[], LONG);
        assert!(matches!(Client::new(&settings), Err(SettingsError::NoNode)));
        let named = ElasticSettings { name: "Users".to_owned(), ..settings.clone() };
        assert!(matches!(Client::new(&named), Err(SettingsError::Name(_))));
        let urls = vec![elasticsearch::http::Url::parse("http://127.0.0.1:1").unwrap()];
        let keyed = ElasticSettings { urls: urls.clone(), api_key: Some("a\nb".into()), ..settings.clone() };
        assert!(matches!(Client::new(&keyed), Err(SettingsError::Credentials)));
        let half = ElasticSettings { urls, username: Some("a".into()), ..settings };
        assert!(matches!(Client::new(&half), Err(SettingsError::HalfCredentials)));
    }
}
