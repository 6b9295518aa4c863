//! An index whose writes can be held up: what a worker that stalls looks like from outside. And one that counts what
//! it is asked to do.

use futures::FutureExt;
use futures::future::BoxFuture;
use permdex::domain::UserId;
use permdex::index::{
    Document, Generation, IndexError, Kept, Page, PermissionIndex, Search, UserRange, UserStream, Whose, Written,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Holds up one write when it is armed, until it is released.
#[derive(Debug)]
pub struct Stalling {
    index: Arc<dyn PermissionIndex>,
    gate: Arc<Gate>,
}

/// The test's side.
#[derive(Debug, Default)]
pub struct Gate {
    armed: AtomicBool,
    /// The user whose write is meant; 0: any.
    whose: AtomicI64,
    held: AtomicUsize,
    passed: AtomicUsize,
    open: Notify,
    documents: AtomicUsize,
    refreshes: AtomicUsize,
}

impl Gate {
    /// The next write of this user's document stalls.
    pub fn arm_for(&self, user: i64) {
        self.whose.store(user, Ordering::SeqCst);
        self.armed.store(true, Ordering::SeqCst);
    }

    fn is_meant(&self, documents: &[Arc<Document>]) -> bool {
        let whose = self.whose.load(Ordering::SeqCst);
        let is_his = whose == 0 || documents.iter().any(|document| document.user().0 == whose);
        is_his && self.armed.swap(false, Ordering::SeqCst)
    }

    /// The next write stalls.
    pub fn arm(&self) {
        self.whose.store(0, Ordering::SeqCst);
        self.armed.store(true, Ordering::SeqCst);
    }

    /// How many writes stalled so far.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::SeqCst)
    }

    /// How many of them went on and came to their end.
    pub fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }

    /// How many documents were handed over to be written.
    pub fn documents(&self) -> usize {
        self.documents.load(Ordering::SeqCst)
    }

    /// How many refreshes were asked for.
    pub fn refreshes(&self) -> usize {
        self.refreshes.load(Ordering::SeqCst)
    }

    /// Lets the stalled write go on.
    pub fn release(&self) {
        self.open.notify_one();
    }
}

impl Stalling {
    /// `index`, behind `gate`.
    pub fn new(index: Arc<dyn PermissionIndex>, gate: Arc<Gate>) -> Self {
        Self { index, gate }
    }
}

impl PermissionIndex for Stalling {
    fn write<'a>(
        &'a self,
        generations: &'a [Generation],
        documents: &'a [Arc<Document>],
    ) -> BoxFuture<'a, Result<Vec<Written>, IndexError>> {
        async move {
            self.gate.documents.fetch_add(documents.len(), Ordering::SeqCst);
            let stalls = self.gate.is_meant(documents);
            if stalls {
                self.gate.held.fetch_add(1, Ordering::SeqCst);
                self.gate.open.notified().await;
            }
            let written = self.index.write(generations, documents).await;
            self.gate.passed.fetch_add(usize::from(stalls), Ordering::SeqCst);
            written
        }
        .boxed()
    }

    fn get(&self, user: UserId) -> BoxFuture<'_, Result<Option<Arc<Document>>, IndexError>> {
        self.index.get(user)
    }

    fn refresh<'a>(&'a self, generations: &'a [Generation]) -> BoxFuture<'a, Result<(), IndexError>> {
        self.gate.refreshes.fetch_add(1, Ordering::SeqCst);
        self.index.refresh(generations)
    }

    fn search<'a>(&'a self, search: &'a Search) -> BoxFuture<'a, Result<Page, IndexError>> {
        self.index.search(search)
    }

    fn stream<'a>(&'a self, search: &'a Search) -> BoxFuture<'a, Result<UserStream, IndexError>> {
        self.index.stream(search)
    }

    fn versions<'a>(
        &'a self,
        generation: &'a Generation,
        range: UserRange,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(UserId, i64)>, IndexError>> {
        self.index.versions(generation, range, limit)
    }

    fn documents<'a>(
        &'a self,
        generation: &'a Generation,
        whose: Whose<'a>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Kept>, IndexError>> {
        self.index.documents(generation, whose, limit)
    }

    fn prepare(&self) -> BoxFuture<'_, Result<(), IndexError>> {
        self.index.prepare()
    }

    fn create<'a>(&'a self, generation: &'a Generation) -> BoxFuture<'a, Result<bool, IndexError>> {
        self.index.create(generation)
    }

    fn serve<'a>(&'a self, generation: &'a Generation) -> BoxFuture<'a, Result<(), IndexError>> {
        self.index.serve(generation)
    }

    fn withdraw(&self) -> BoxFuture<'_, Result<(), IndexError>> {
        self.index.withdraw()
    }

    fn discard<'a>(&'a self, generation: &'a Generation) -> BoxFuture<'a, Result<(), IndexError>> {
        self.index.discard(generation)
    }

    fn serving(&self) -> BoxFuture<'_, Result<Option<Generation>, IndexError>> {
        self.index.serving()
    }

    fn identity<'a>(&'a self, generation: &'a Generation) -> BoxFuture<'a, Result<Option<String>, IndexError>> {
        self.index.identity(generation)
    }

    fn highest_version(&self) -> BoxFuture<'_, Result<i64, IndexError>> {
        self.index.highest_version()
    }

    fn is_visible_at_once(&self) -> bool {
        self.index.is_visible_at_once()
    }

    fn engine(&self) -> &'static str {
        self.index.engine()
    }
}
