//! An index that loses documents of generations that don't serve yet: what a fault in a build looks like.

use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use permdex::domain::UserId;
use permdex::index::{
    Document, Generation, IndexError, Kept, Page, PermissionIndex, Search, UserRange, UserStream, Whose, Written,
};
use std::collections::HashMap;
use std::sync::Arc;

/// Says that it wrote the documents of some users, and did not, so many times.
#[derive(Debug)]
pub struct Losing {
    index: Arc<dyn PermissionIndex>,
    left: Arc<Mutex<HashMap<i64, usize>>>,
}

impl Losing {
    /// `index`, which loses the documents of the users in `left` as often as it says.
    pub fn new(index: Arc<dyn PermissionIndex>, left: Arc<Mutex<HashMap<i64, usize>>>) -> Self {
        Self { index, left }
    }

    fn loses(&self, user: UserId) -> bool {
        let mut left = self.left.lock();
        let count = left.get_mut(&user.0).filter(|count| **count > 0);
        count.map(|count| *count -= 1).is_some()
    }
}

impl PermissionIndex for Losing {
    fn write<'a>(
        &'a self,
        generations: &'a [Generation],
        documents: &'a [Arc<Document>],
    ) -> BoxFuture<'a, Result<Vec<Written>, IndexError>> {
        async move {
            let serving = self.index.serving().await?;
            let (old, new): (Vec<_>, Vec<_>) =
                generations.iter().cloned().partition(|generation| Some(generation) == serving.as_ref());
            let written = self.index.write(&old, documents).await?;
            if new.is_empty() {
                return Ok(written);
            }
            let kept: Vec<_> = documents.iter().filter(|document| !self.loses(document.user())).cloned().collect();
            self.index.write(&new, &kept).await?;
            Ok(vec![Written::Done; documents.len()])
        }
        .boxed()
    }

    fn get(&self, user: UserId) -> BoxFuture<'_, Result<Option<Arc<Document>>, IndexError>> {
        self.index.get(user)
    }

    fn refresh<'a>(&'a self, generations: &'a [Generation]) -> BoxFuture<'a, Result<(), IndexError>> {
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
