//! Everything that runs in a campaign: PostgreSQL, Elasticsearch, the permdexes, and the ways between them; and how each
//! fault is done and healed.

use super::random::Random;
use super::schedule::{Fault, Planned};
use crate::support::elastic::{Node, own_elasticsearch, unique_prefix};
use crate::support::postgres::Postgres;
use crate::support::process::Process;
use crate::support::signals::Stopped;
use crate::support::way::{Passage, TcpPassage, Way};
use parking_lot::Mutex as Now;
use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::Mutex;

/// Short, so that a minute shows something: (setting, value).
const BOUNDS: [(&str, &str); 15] = [
    ("PERMDEX__REFRESH__LEASE", "2s"),
    ("PERMDEX__REFRESH__HEARTBEAT", "500ms"),
    ("PERMDEX__REFRESH__POLL_INTERVAL", "500ms"),
    ("PERMDEX__REFRESH__WAIT_TIMEOUT", "3s"),
    // The crowd's policies are walked in several pages.
    ("PERMDEX__REFRESH__PAGE_SIZE", "200"),
    ("PERMDEX__DATABASE__CONNECT_TIMEOUT", "1s"),
    ("PERMDEX__DATABASE__ACQUIRE_TIMEOUT", "1s"),
    ("PERMDEX__INDEX__REQUEST_TIMEOUT", "2s"),
    ("PERMDEX__INDEX__REFRESH_INTERVAL", "300ms"),
    ("PERMDEX__INDEX__REPLICAS", "0"),
    ("PERMDEX__HTTP__DRAIN_TIMEOUT", "5s"),
    // So that replaced generations go within the campaign.
    ("PERMDEX__HTTP__STREAM_TIMEOUT", "5s"),
    ("PERMDEX__REBUILD__RETIRE_AFTER", "5s"),
    ("PERMDEX__RATE_LIMITS__ASSIGN_ROLE", "0"),
    ("PERMDEX__LOG__FILTER", "warn,permdex::refresh=info"),
];
/// How long a permdex may take to serve again.
const SERVES_WITHIN: Duration = Duration::from_mins(1);

/// So many lines of a log that tell of more than an outage are shown.
const MOST_ERRORS: usize = 40;

/// One permdex and its ways.
pub struct Instance {
    folder: TempDir,
    process: Mutex<Option<Process>>,
    /// Where it listens, and whether it is stopped; none: it is dead.
    state: Now<Option<State>>,
    to_postgres: Passage,
    to_elastic: Option<TcpPassage>,
    settings: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
struct State {
    url: String,
    is_stopped: bool,
}

/// All of it.
pub struct Stage {
    pub postgres: Mutex<Postgres>,
    elastic: Option<Mutex<Node>>,
    pub instances: Vec<Instance>,
    /// Where Elasticsearch listens without a passage, and what the index is called.
    pub index: String,
}

impl Stage {
    /// PostgreSQL alone, ready for tables and data.
    pub async fn database() -> Result<Postgres, String> {
        Postgres::start().await
    }

    /// The rest, on a database that has its tables and data: `instances` on an Elasticsearch, or one with its embedded index.
    pub async fn around(postgres: Postgres, instances: usize, on_elasticsearch: bool) -> Result<Self, String> {
        let elastic = if on_elasticsearch { Some(own_elasticsearch().await?) } else { None };
        let index = unique_prefix();
        let mut all = Vec::new();
        for _ in 0..instances {
            all.push(Instance::new(&postgres, elastic.as_ref(), &index).await?);
        }
        let stage = Self { postgres: Mutex::new(postgres), elastic: elastic.map(Mutex::new), instances: all, index };
        for instance in &stage.instances {
            instance.start(false).await?;
        }
        Ok(stage)
    }

    /// Where Elasticsearch is now.
    pub async fn elastic_url(&self) -> Option<String> {
        Some(self.elastic.as_ref()?.lock().await.url().to_owned())
    }

    /// A permdex to ask: any that runs, rarely one that is stopped.
    pub fn url(&self, random: &mut Random) -> Option<String> {
        let mut candidates = Vec::new();
        let takes_stopped = random.happens(10);
        for instance in &self.instances {
            let state = instance.state.lock().clone();
            candidates.extend(state.filter(|state| takes_stopped || !state.is_stopped).map(|state| state.url));
        }
        let count = u64::try_from(candidates.len()).ok().filter(|count| *count > 0)?;
        Some(candidates.swap_remove(usize::try_from(random.below(count)).ok()?))
    }

    /// Does a fault, and heals it.
    pub async fn play(&self, planned: &Planned) -> Result<(), String> {
        match planned.fault {
            Fault::KillPermdex | Fault::StopPermdex => {
                let instance = self.instances.get(planned.instance.unwrap_or(0)).ok_or("no such instance")?;
                instance.play(planned).await
            }
            Fault::KillPostgres => {
                let mut postgres = self.postgres.lock().await;
                postgres.kill()?;
                tokio::time::sleep(planned.lasts).await;
                postgres.restart().await
            }
            Fault::KillBackend => self.postgres.lock().await.kill_one(planned.choice),
            Fault::StopPostgres => {
                let _stopped = self.postgres.lock().await.stop()?;
                tokio::time::sleep(planned.lasts).await;
                Ok(())
            }
            Fault::KillElastic | Fault::StopElastic => self.play_elastic(planned).await,
            _ => {
                self.play_way(planned).await;
                Ok(())
            }
        }
    }

    async fn play_elastic(&self, planned: &Planned) -> Result<(), String> {
        let mut node = self.elastic.as_ref().ok_or("no Elasticsearch here")?.lock().await;
        if planned.fault == Fault::StopElastic {
            let _stopped = Stopped::group(node.group())?;
            tokio::time::sleep(planned.lasts).await;
            return Ok(());
        }
        node.kill()?;
        tokio::time::sleep(planned.lasts).await;
        node.restart().await?;
        let address = address(node.url())?;
        for instance in &self.instances {
            instance.to_elastic.iter().for_each(|way| way.lead_to(address));
        }
        Ok(())
    }

    async fn play_way(&self, planned: &Planned) {
        let way = match planned.fault {
            Fault::CutPostgres | Fault::CutElastic => Way::Cut,
            Fault::HoldUpPostgres | Fault::HoldUpElastic => Way::HeldUp,
            _ => Way::Slow(Duration::from_millis(5 + planned.choice % 40)),
        };
        let is_to_postgres = matches!(planned.fault, Fault::CutPostgres | Fault::HoldUpPostgres | Fault::SlowPostgres);
        let all = self.instances.iter().enumerate();
        let concerned: Vec<_> = all
            .filter(|(one, _)| planned.instance.is_none_or(|only| only == *one))
            .map(|(_, instance)| instance)
            .collect();
        for (way, pause) in [(way, planned.lasts), (Way::Open, Duration::ZERO)] {
            for instance in &concerned {
                match &instance.to_elastic {
                    _ if is_to_postgres => instance.to_postgres.set(way),
                    Some(passage) => passage.set(way),
                    None => {}
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Ends the permdexes politely; whether each ended with 0.
    pub async fn terminate(&self) -> bool {
        let mut clean = true;
        for instance in &self.instances {
            if let Some(process) = instance.process.lock().await.take() {
                clean &= process.terminate().await;
            }
        }
        clean
    }

    /// What the permdexes logged: the last lines of each, and of those before errors and what became of generations.
    pub fn logs(&self, last: usize) -> String {
        let logs = self.instances.iter().enumerate().map(|(one, instance)| {
            let log = std::fs::read_to_string(instance.log()).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(last)..];
            let telling = [" ERROR ", "panicked", "generation", "sequence"];
            let errors = lines.iter().filter(|line| telling.iter().any(|word| line.contains(word)));
            let errors = errors.filter(|line| !line.contains(" is away ") && !line.contains(" WARN "));
            let errors: Vec<_> = errors.copied().collect();
            let errors = errors[errors.len().saturating_sub(MOST_ERRORS)..].join("\n");
            format!("permdex {one}, errors and generations:\n{errors}\n{}\n", tail.join("\n"))
        });
        logs.collect()
    }
}

impl Instance {
    async fn new(postgres: &Postgres, elastic: Option<&Node>, index: &str) -> Result<Self, String> {
        let to_postgres = Passage::to(&postgres.options());
        let mut settings: Vec<_> = BOUNDS.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let url = sqlx::ConnectOptions::to_url_lossy(&to_postgres.options()).to_string();
        settings.push(("PERMDEX__DATABASE__URL".to_owned(), url));
        let to_elastic = match elastic {
            Some(node) => Some(TcpPassage::to(address(node.url())?).await),
            None => None,
        };
        if let Some(passage) = &to_elastic {
            settings.push(("PERMDEX__INDEX__ENGINE".to_owned(), "elasticsearch".to_owned()));
            settings.push(("PERMDEX__INDEX__URL".to_owned(), format!("http://{}", passage.address())));
            settings.push(("PERMDEX__INDEX__NAME".to_owned(), index.to_owned()));
        }
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        Ok(Self { folder, process: Mutex::new(None), state: Now::new(None), to_postgres, to_elastic, settings })
    }

    fn log(&self) -> std::path::PathBuf {
        self.folder.path().join("log")
    }

    /// Starts it, again and again while what it needs is away. On its old port, if that is wanted.
    async fn start(&self, same_port: bool) -> Result<(), String> {
        let mut process = self.process.lock().await;
        let before = self.folder.path().join("address");
        let before = std::fs::read_to_string(before).ok().filter(|_| same_port);
        let listen = before.unwrap_or_else(|| "127.0.0.1:0".to_owned());
        let deadline = Instant::now() + SERVES_WITHIN;
        let settings: Vec<_> = self.settings.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let served = loop {
            let log = File::options().append(true).create(true).open(self.log()).map_err(|error| error.to_string())?;
            let left = deadline.saturating_duration_since(Instant::now());
            let serving = Process::try_serve(self.folder.path(), &listen, &settings, Stdio::from(log));
            match tokio::time::timeout(left, serving).await {
                Ok(Some(served)) => break served,
                Ok(None) => tokio::time::sleep(Duration::from_millis(200)).await,
                Err(_) => return Err(format!("a permdex did not serve within {SERVES_WITHIN:?}")),
            }
        };
        let address = served.url.trim_start_matches("http://").to_owned();
        write(&self.folder.path().join("address"), &address)?;
        *self.state.lock() = Some(State { url: served.url.clone(), is_stopped: false });
        *process = Some(served);
        Ok(())
    }

    async fn play(&self, planned: &Planned) -> Result<(), String> {
        if planned.fault == Fault::KillPermdex {
            let process = self.process.lock().await.take().ok_or("it does not run")?;
            process.kill().await;
            *self.state.lock() = None;
            tokio::time::sleep(planned.lasts).await;
            return self.start(planned.choice.is_multiple_of(2)).await;
        }
        let process = self.process.lock().await;
        let stopped = Stopped::new(process.as_ref().ok_or("it does not run")?.id())?;
        self.is_stopped(true);
        tokio::time::sleep(planned.lasts).await;
        drop(stopped);
        self.is_stopped(false);
        Ok(())
    }

    fn is_stopped(&self, is_so: bool) {
        self.state.lock().iter_mut().for_each(|state| state.is_stopped = is_so);
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| error.to_string())
}

fn address(url: &str) -> Result<SocketAddr, String> {
    url.trim_start_matches("http://").parse().map_err(|error| format!("`{url}` is no address: {error}"))
}
