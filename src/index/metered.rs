//! An index that counts and times what it is asked: for both engines alike, seen from those who ask.
//!
//! Handles are looked up in the recorder once and kept, as for requests.

use super::{
    Document, Generation, IndexError, Kept, Page, PermissionIndex, Search, UserRange, UserStream, Whose, Written,
};
use crate::domain::UserId;
use futures::FutureExt;
use futures::future::BoxFuture;
use metrics::{Counter, Histogram, counter, histogram};
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// What an index is asked.
#[derive(Debug, Clone, Copy)]
enum Operation {
    Get,
    Write,
    Refresh,
    Search,
    Stream,
    Versions,
    Documents,
    Prepare,
    Create,
    Serve,
    Withdraw,
    Discard,
    Serving,
    Identity,
    HighestVersion,
}

const OPERATIONS: [&str; 15] = [
    "get",
    "write",
    "refresh",
    "search",
    "stream",
    "versions",
    "documents",
    "prepare",
    "create",
    "serve",
    "withdraw",
    "discard",
    "serving",
    "identity",
    "highest_version",
];
const OUTCOMES: [&str; 5] = ["ok", "unreachable", "partial", "not_ready", "refused"];

/// `index`, counted and timed.
pub struct Metered {
    index: Arc<dyn PermissionIndex>,
    cluster: Arc<str>,
    /// A read from memory takes less than two looks at the clock and a histogram: timing it would double it, and tell
    /// nothing that the time of the request doesn't.
    times_gets: bool,
    seconds: [[OnceLock<Histogram>; OUTCOMES.len()]; OPERATIONS.len()],
    documents: [Counter; 3],
}

impl Metered {
    /// `index` of the storage cluster `cluster`.
    #[must_use]
    pub fn new(index: Arc<dyn PermissionIndex>, cluster: Arc<str>) -> Self {
        let engine = index.engine();
        let documents = ["written", "newer", "refused"].map(|outcome| {
            let counter = counter!("permdex_index_documents_total",
                "cluster" => Arc::clone(&cluster), "engine" => engine, "outcome" => outcome);
            counter.absolute(0);
            counter
        });
        let seconds = std::array::from_fn(|_| std::array::from_fn(|_| OnceLock::new()));
        Self { times_gets: !index.is_visible_at_once(), index, cluster, seconds, documents }
    }

    async fn timed<T>(
        &self,
        operation: Operation,
        call: BoxFuture<'_, Result<T, IndexError>>,
    ) -> Result<T, IndexError> {
        let began = Instant::now();
        let answer = call.await;
        let outcome = match &answer {
            Ok(_) => 0,
            Err(IndexError::Unreachable(_)) => 1,
            Err(IndexError::Partial(_)) => 2,
            Err(IndexError::NotReady) => 3,
            Err(IndexError::Refused(_)) => 4,
        };
        let slot = self.seconds.get(operation as usize).and_then(|all| all.get(outcome));
        if let Some(slot) = slot {
            slot.get_or_init(|| self.histogram(operation, outcome)).record(began.elapsed().as_secs_f64());
        }
        answer
    }

    fn histogram(&self, operation: Operation, outcome: usize) -> Histogram {
        let operation = OPERATIONS.get(operation as usize).copied().unwrap_or_default();
        let outcome = OUTCOMES.get(outcome).copied().unwrap_or_default();
        histogram!("permdex_index_call_seconds", "cluster" => Arc::clone(&self.cluster),
            "engine" => self.index.engine(), "operation" => operation, "outcome" => outcome)
    }

    fn count(&self, written: &[Written]) {
        let mut counts = [0_u64; 3];
        for one in written {
            let at = match one {
                Written::Done => 0,
                Written::Newer => 1,
                Written::Refused(_) => 2,
            };
            if let Some(count) = counts.get_mut(at) {
                *count += 1;
            }
        }
        for (counter, count) in self.documents.iter().zip(counts) {
            counter.increment(count);
        }
    }
}

impl fmt::Debug for Metered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.index.fmt(f)
    }
}

impl PermissionIndex for Metered {
    fn get(&self, user: UserId) -> BoxFuture<'_, Result<Option<Arc<Document>>, IndexError>> {
        if self.times_gets { self.timed(Operation::Get, self.index.get(user)).boxed() } else { self.index.get(user) }
    }

    fn write<'a>(
        &'a self,
        generations: &'a [Generation],
        documents: &'a [Arc<Document>],
    ) -> BoxFuture<'a, Result<Vec<Written>, IndexError>> {
        async move {
            let written = self.timed(Operation::Write, self.index.write(generations, documents)).await?;
            self.count(&written);
            Ok(written)
        }
        .boxed()
    }

    fn refresh<'a>(&'a self, generations: &'a [Generation]) -> BoxFuture<'a, Result<(), IndexError>> {
        self.timed(Operation::Refresh, self.index.refresh(generations)).boxed()
    }

    fn search<'a>(&'a self, search: &'a Search) -> BoxFuture<'a, Result<Page, IndexError>> {
        self.timed(Operation::Search, self.index.search(search)).boxed()
    }

    fn stream<'a>(&'a self, search: &'a Search) -> BoxFuture<'a, Result<UserStream, IndexError>> {
        self.timed(Operation::Stream, self.index.stream(search)).boxed()
    }

    fn versions<'a>(
        &'a self,
        generation: &'a Generation,
        range: UserRange,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(UserId, i64)>, IndexError>> {
        self.timed(Operation::Versions, self.index.versions(generation, range, limit)).boxed()
    }

    fn documents<'a>(
        &'a self,
        generation: &'a Generation,
        whose: Whose<'a>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Kept>, IndexError>> {
        self.timed(Operation::Documents, self.index.documents(generation, whose, limit)).boxed()
    }

    fn prepare(&self) -> BoxFuture<'_, Result<(), IndexError>> {
        self.timed(Operation::Prepare, self.index.prepare()).boxed()
    }

    fn create<'a>(&'a self, generation: &'a Generation) -> BoxFuture<'a, Result<bool, IndexError>> {
        self.timed(Operation::Create, self.index.create(generation)).boxed()
    }

    fn serve<'a>(&'a self, generation: &'a Generation) -> BoxFuture<'a, Result<(), IndexError>> {
        self.timed(Operation::Serve, self.index.serve(generation)).boxed()
    }

    fn withdraw(&self) -> BoxFuture<'_, Result<(), IndexError>> {
        self.timed(Operation::Withdraw, self.index.withdraw()).boxed()
    }

    fn discard<'a>(&'a self, generation: &'a Generation) -> BoxFuture<'a, Result<(), IndexError>> {
        self.timed(Operation::Discard, self.index.discard(generation)).boxed()
    }

    fn serving(&self) -> BoxFuture<'_, Result<Option<Generation>, IndexError>> {
        self.timed(Operation::Serving, self.index.serving()).boxed()
    }

    fn identity<'a>(&'a self, generation: &'a Generation) -> BoxFuture<'a, Result<Option<String>, IndexError>> {
        self.timed(Operation::Identity, self.index.identity(generation)).boxed()
    }

    fn highest_version(&self) -> BoxFuture<'_, Result<i64, IndexError>> {
        self.timed(Operation::HighestVersion, self.index.highest_version()).boxed()
    }

    fn is_visible_at_once(&self) -> bool {
        self.index.is_visible_at_once()
    }

    fn engine(&self) -> &'static str {
        self.index.engine()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::CustomerId;
    use crate::index::embedded::EmbeddedIndex;
    use metrics_exporter_prometheus::PrometheusBuilder;

    #[test]
    fn calls_are_timed_by_outcome_and_documents_counted_but_reads_from_memory_are_not_timed() {
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            let index = Metered::new(Arc::new(EmbeddedIndex::new()), "eu".into());
            let one = Generation("test-v1-1".into());
            let document = |version| Arc::new(Document::empty(UserId(7), CustomerId(1), version));
            let work = async {
                assert!(index.serve(&one).await.is_err());
                assert!(index.create(&one).await.unwrap());
                index.serve(&one).await.unwrap();
                let generations = std::slice::from_ref(&one);
                index.write(generations, &[document(2)]).await.unwrap();
                index.write(generations, &[document(1)]).await.unwrap();
                assert!(index.get(UserId(7)).await.unwrap().is_some());
            };
            tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work);
        });
        let text = recorder.handle().render();
        let of = |operation: &str, outcome: &str| {
            format!(
                "permdex_index_call_seconds_count{{cluster=\"eu\",engine=\"embedded\",operation=\"{operation}\",\
                 outcome=\"{outcome}\"}}"
            )
        };
        let documents = |outcome: &str| {
            format!("permdex_index_documents_total{{cluster=\"eu\",engine=\"embedded\",outcome=\"{outcome}\"}}")
        };
        for line in [
            format!("{} 1", of("serve", "refused")),
            format!("{} 1", of("serve", "ok")),
            format!("{} 2", of("write", "ok")),
            format!("{} 1", documents("written")),
            format!("{} 1", documents("newer")),
            format!("{} 0", documents("refused")),
        ] {
            assert!(text.contains(&line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("operation=\"get\""), "{text}");
    }
}
