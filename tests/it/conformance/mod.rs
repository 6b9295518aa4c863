//! The contract of `PermissionIndex`, sentence by sentence: both engines run the very same suite, none opts out.
//!
//! An engine's test file makes a [`Subject`] and calls [`run_all`]. Nothing here knows an engine; expectations
//! come from the contract and from the pure domain, never from an engine.

mod dice;
mod generations;
mod organization;
mod p1;
mod question;
mod reading;
mod refreshing;
mod searching;
mod walking;
mod writing;

use permdex::domain::{
    ActionPattern, Conditions, CustomerId, Effect, Effective, Origin, Permissions, PolicyId, ResourcePattern, UserId,
};
use permdex::index::{Document, Generation, PermissionIndex};
use std::future::Future;
use std::sync::Arc;

/// A new, empty index that nobody prepared yet.
pub struct Subject {
    /// The engine.
    pub index: Arc<dyn PermissionIndex>,
    /// The generation that the test creates, serves and writes to.
    pub generation: Generation,
    /// The one after it, for tests that need two.
    pub next: Generation,
    /// One that never exists, as if it was discarded.
    pub retired: Generation,
}

/// The whole suite; `fresh` makes a new subject each time.
///
/// # Panics
/// At the first sentence of the contract that does not hold.
pub async fn run_all<F, Fut>(fresh: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Subject>,
{
    generations::nothing_is_read_before_something_serves(fresh().await).await;
    generations::repeating_a_step_changes_nothing(fresh().await).await;
    generations::the_next_one_takes_over_in_one_step(fresh().await).await;
    generations::a_stream_outlives_the_change(fresh().await).await;
    generations::what_is_withdrawn_can_serve_again(fresh().await).await;
    generations::what_is_discarded_is_gone(fresh().await).await;
    refreshing::the_highest_version_is_known(fresh().await).await;
    refreshing::a_refresh_shows_what_was_written_before_it(fresh().await).await;
    reading::a_get_gives_what_was_written_last(fresh().await).await;
    reading::many_gets_at_once_are_not_mixed_up(fresh().await).await;
    writing::only_a_higher_version_replaces(fresh().await).await;
    writing::whoever_writes_last_the_highest_version_stays(fresh().await).await;
    writing::a_retired_generation_is_a_success(fresh().await).await;
    writing::a_refused_document_leaves_the_old_one_and_the_others(fresh().await).await;
    searching::anywhere_minds_what_is_denied_throughout(fresh().await).await;
    searching::a_question_that_is_too_large_is_refused(fresh().await).await;
    walking::what_is_held_is_walked_in_order_and_in_parts(fresh().await).await;
    walking::a_range_has_its_end_in_it_and_not_its_beginning(fresh().await).await;
    walking::a_walk_is_of_one_generation_and_of_what_is_searchable(fresh().await).await;
    p1::expiry_is_exact_to_the_microsecond(fresh().await).await;
    run_who_has(fresh).await;
}

/// The part of the suite about `search` and `stream`, for an engine that can spread an index in several ways.
///
/// # Panics
/// At the first sentence of the contract that does not hold.
pub async fn run_who_has<F, Fut>(fresh: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Subject>,
{
    searching::pages_follow_each_other(fresh().await).await;
    searching::a_stream_is_one_consistent_view(fresh().await).await;
    p1::list_is_check(fresh().await).await;
}

impl Subject {
    /// With its generation created and serving.
    async fn serving(self) -> Self {
        self.index.prepare().await.unwrap();
        assert!(self.index.create(&self.generation).await.unwrap());
        self.index.serve(&self.generation).await.unwrap();
        self
    }

    fn generations(&self) -> [Generation; 1] {
        [self.generation.clone()]
    }

    /// Writes and makes searchable.
    async fn load(&self, documents: &[Arc<Document>]) {
        let written = self.index.write(&self.generations(), documents).await.unwrap();
        assert_eq!(written, vec![permdex::index::Written::Done; documents.len()]);
        self.index.refresh(&self.generations()).await.unwrap();
    }
}

/// A document of an active user with these statements.
fn document(user: i64, version: i64, statements: Vec<Effective>) -> Arc<Document> {
    let statements = statements.into_iter().map(Arc::new).collect();
    let permissions = Permissions { user: UserId(user), customer: CustomerId(1), active: true, statements };
    Arc::new(Document { email: format!("{user}@example.com").into(), ui_language: "en".into(), permissions, version })
}

/// An unconditional statement.
fn statement(effect: Effect, actions: &[&str], resources: &[&str]) -> Effective {
    Effective {
        effect,
        actions: actions.iter().map(|action| ActionPattern::parse(action).unwrap()).collect(),
        resources: resources.iter().map(|resource| ResourcePattern::parse(resource).unwrap()).collect(),
        conditions: Conditions::new(),
        until: None,
        policy: Some(PolicyId(3)),
        origin: Origin::Customer(CustomerId(1)),
    }
}

/// `doc:read` on every document of customer 1.
fn reader(user: i64, version: i64) -> Arc<Document> {
    document(user, version, vec![statement(Effect::Allow, &["doc:read"], &["acrn:app:1:doc/*"])])
}
