//! The engine in memory: the default, with nothing to install. One process only, filled from PostgreSQL at start.
//!
//! The same fields as in Elasticsearch, as roaring bitmaps over tokens: [`postings`] (term -> users), [`shape`] (the
//! entries with conditions), [`holders`] (ends), [`documents`] (what check and list read), [`copy`] (one generation,
//! its locks), [`question`] (who has this). What is written is visible at once, so a refresh has nothing to do.
//! Nothing here waits, spawns or knows a database; who may serve from memory (the advisory lock) is `refresh`'s.

mod copy;
mod documents;
mod holders;
mod ids;
#[cfg(test)]
mod measure;
mod postings;
mod question;
mod shape;
mod statements;
mod terms;
#[cfg(test)]
mod tests;

use super::{
    Document, Generation, IndexError, Kept, MAX_PAGE, Page, PermissionIndex, QuestionTerms, Search, UserRange,
    UserStream, Whose, Written, kept,
};
use crate::domain::UserId;
use copy::Copy;
use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt, ready};
use parking_lot::RwLock;
use statements::{Seen, Statements};
use std::collections::HashMap;
use std::sync::Arc;
use terms::TermsOf;

/// After so many documents a write lets others run: it never waits, so the runtime would have nobody else's turn.
const CHUNK: usize = 128;

/// The index in memory.
#[derive(Debug, Default)]
pub struct EmbeddedIndex {
    register: RwLock<Register>,
    statements: Statements,
}

/// The generations there are, and the one that is read.
#[derive(Debug, Default)]
struct Register {
    copies: HashMap<Generation, Arc<Copy>>,
    serving: Option<(Generation, Arc<Copy>)>,
}

/// A generation was to serve that does not exist.
#[derive(Debug, thiserror::Error)]
#[error("the generation `{0}` does not exist: create it first")]
struct NoGeneration(Generation);

impl EmbeddedIndex {
    /// An index without generations: nothing serves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets everything, as before a refill: nothing serves.
    pub fn clear(&self) {
        let register = std::mem::take(&mut *self.register.write());
        self.statements.clear();
        free(register);
    }

    fn serving_copy(&self) -> Result<Arc<Copy>, IndexError> {
        let register = self.register.read();
        register.serving.as_ref().map(|(_, copy)| Arc::clone(copy)).ok_or(IndexError::NotReady)
    }

    fn get_now(&self, user: UserId) -> Result<Option<Arc<Document>>, IndexError> {
        let register = self.register.read();
        let (_, copy) = register.serving.as_ref().ok_or(IndexError::NotReady)?;
        Ok(copy.get(user))
    }

    /// Those that exist: the others are retired.
    fn copies(&self, generations: &[Generation]) -> Vec<Arc<Copy>> {
        let register = self.register.read();
        generations.iter().filter_map(|generation| register.copies.get(generation).cloned()).collect()
    }

    async fn write_all(&self, generations: &[Generation], documents: &[Arc<Document>]) -> Vec<Written> {
        let copies = self.copies(generations);
        let (mut seen, mut terms) = (Seen::default(), TermsOf::default());
        let mut written = Vec::with_capacity(documents.len());
        for chunk in documents.chunks(CHUNK) {
            let chunk: Vec<_> = chunk.iter().map(|document| self.statements.share(document, &mut seen)).collect();
            let answers: Vec<_> = copies.iter().map(|copy| copy.write(&chunk, &mut terms)).collect();
            written.extend(worst(answers, chunk.len()));
            if documents.len() > CHUNK {
                tokio::task::yield_now().await;
            }
        }
        written
    }

    fn search_now(&self, search: &Search) -> Result<Page, IndexError> {
        let copy = self.serving_copy()?;
        Ok(copy.search(search, &question_terms(search)?))
    }

    fn stream_now(&self, search: &Search) -> Result<UserStream, IndexError> {
        let copy = self.serving_copy()?;
        let (total, mut pages) = copy.all(search, &question_terms(search)?);
        let chunks = std::iter::from_fn(move || Some(pages.take(MAX_PAGE)).filter(|chunk| !chunk.is_empty()).map(Ok));
        Ok(UserStream { total, chunks: futures::stream::iter(chunks).boxed() })
    }

    fn walk(&self, generation: &Generation, range: UserRange, limit: usize) -> Result<Vec<Arc<Document>>, IndexError> {
        let copy = self.register.read().copies.get(generation).cloned().ok_or(IndexError::NotReady)?;
        Ok(copy.walk(range, kept::page(limit)))
    }

    fn those(&self, generation: &Generation, users: &[UserId], limit: usize) -> Result<Vec<Arc<Document>>, IndexError> {
        let copy = self.register.read().copies.get(generation).cloned().ok_or(IndexError::NotReady)?;
        Ok(users.iter().filter_map(|user| copy.get(*user)).take(kept::page(limit)).collect())
    }

    fn create_now(&self, generation: &Generation) -> bool {
        let mut register = self.register.write();
        let is_new = !register.copies.contains_key(generation);
        if is_new {
            register.copies.insert(generation.clone(), Arc::default());
        }
        is_new
    }

    fn serve_now(&self, generation: &Generation) -> Result<(), IndexError> {
        let mut register = self.register.write();
        let Some(copy) = register.copies.get(generation).cloned() else {
            return Err(IndexError::Refused(Box::new(NoGeneration(generation.clone()))));
        };
        register.serving = Some((generation.clone(), copy));
        Ok(())
    }

    fn discard_now(&self, generation: &Generation) {
        let mut register = self.register.write();
        let was_serving = register.serving.take_if(|(serving, _)| serving == generation);
        let discarded = register.copies.remove(generation);
        drop(register);
        free((was_serving, discarded));
    }
}

/// A million documents take a while to free, and the runtime has others to run.
fn free<T: Send + 'static>(what: T) {
    let thread = std::thread::Builder::new().name("free-index".to_owned());
    // Where no thread can be had, it is freed here.
    drop(thread.spawn(move || drop(what)));
}

fn question_terms(search: &Search) -> Result<QuestionTerms, IndexError> {
    QuestionTerms::of(search).map_err(|error| IndexError::Refused(Box::new(error)))
}

/// Of each document the worst of its generations: refused, then done, then newer. Where all are retired, done.
fn worst(answers: Vec<Vec<Written>>, documents: usize) -> Vec<Written> {
    let badness = |written: &Written| match written {
        Written::Newer => 0,
        Written::Done => 1,
        Written::Refused(_) => 2,
    };
    let mut answers = answers.into_iter();
    let Some(mut all) = answers.next() else { return vec![Written::Done; documents] };
    for answer in answers {
        for (known, other) in all.iter_mut().zip(answer) {
            if badness(&other) > badness(known) {
                *known = other;
            }
        }
    }
    all
}

impl PermissionIndex for EmbeddedIndex {
    fn get(&self, user: UserId) -> BoxFuture<'_, Result<Option<Arc<Document>>, IndexError>> {
        ready(self.get_now(user)).boxed()
    }

    fn write<'a>(
        &'a self,
        generations: &'a [Generation],
        documents: &'a [Arc<Document>],
    ) -> BoxFuture<'a, Result<Vec<Written>, IndexError>> {
        self.write_all(generations, documents).map(Ok).boxed()
    }

    fn refresh<'a>(&'a self, _generations: &'a [Generation]) -> BoxFuture<'a, Result<(), IndexError>> {
        ready(Ok(())).boxed()
    }

    fn search<'a>(&'a self, search: &'a Search) -> BoxFuture<'a, Result<Page, IndexError>> {
        async move { self.search_now(search) }.boxed()
    }

    fn stream<'a>(&'a self, search: &'a Search) -> BoxFuture<'a, Result<UserStream, IndexError>> {
        async move { self.stream_now(search) }.boxed()
    }

    fn versions<'a>(
        &'a self,
        generation: &'a Generation,
        range: UserRange,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(UserId, i64)>, IndexError>> {
        let walked = self.walk(generation, range, limit);
        ready(walked.map(|all| all.iter().map(|document| (document.user(), document.version)).collect())).boxed()
    }

    fn documents<'a>(
        &'a self,
        generation: &'a Generation,
        whose: Whose<'a>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Kept>, IndexError>> {
        let kept = |document: Arc<Document>| Kept {
            user: document.user(),
            version: document.version,
            document: Some(document),
        };
        let documents = match whose {
            Whose::Range(range) => self.walk(generation, range, limit),
            Whose::Only(users) => self.those(generation, users, limit),
        };
        ready(documents.map(|all| all.into_iter().map(kept).collect())).boxed()
    }

    fn prepare(&self) -> BoxFuture<'_, Result<(), IndexError>> {
        ready(Ok(())).boxed()
    }

    fn create<'a>(&'a self, generation: &'a Generation) -> BoxFuture<'a, Result<bool, IndexError>> {
        async move { Ok(self.create_now(generation)) }.boxed()
    }

    fn serve<'a>(&'a self, generation: &'a Generation) -> BoxFuture<'a, Result<(), IndexError>> {
        async move { self.serve_now(generation) }.boxed()
    }

    fn withdraw(&self) -> BoxFuture<'_, Result<(), IndexError>> {
        async move {
            self.register.write().serving = None;
            Ok(())
        }
        .boxed()
    }

    fn discard<'a>(&'a self, generation: &'a Generation) -> BoxFuture<'a, Result<(), IndexError>> {
        async move {
            self.discard_now(generation);
            Ok(())
        }
        .boxed()
    }

    fn serving(&self) -> BoxFuture<'_, Result<Option<Generation>, IndexError>> {
        async move { Ok(self.register.read().serving.as_ref().map(|(generation, _)| generation.clone())) }.boxed()
    }

    fn identity<'a>(&'a self, _: &'a Generation) -> BoxFuture<'a, Result<Option<String>, IndexError>> {
        // Memory is nobody's to restore, and ends with the process.
        async { Ok(None) }.boxed()
    }

    fn highest_version(&self) -> BoxFuture<'_, Result<i64, IndexError>> {
        async move { Ok(self.serving_copy().map_or(0, |copy| copy.highest_version())) }.boxed()
    }

    fn is_visible_at_once(&self) -> bool {
        true
    }

    fn engine(&self) -> &'static str {
        "embedded"
    }
}
