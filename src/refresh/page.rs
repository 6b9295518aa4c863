//! One page of users: version, snapshot, evaluation, write.

use super::poison::Poisoned;
use super::{Context, RefreshError, counts, versions};
use crate::domain::{CustomerId, UserId};
use crate::index::{Document, Generation, Written};
use crate::store::snapshot::{self, Loaded};
use std::sync::Arc;
use std::time::Instant;

/// A page is redone so often when the sequence turns out to have gone back.
const REDO: usize = 3;

/// Writes the documents of `users` anew into `generations`. Returns those whose document could not be kept; they
/// have an empty one now.
///
/// # Errors
/// What keeps the whole page from being written: something unreachable.
pub(super) async fn refresh(
    context: &Context,
    generations: &[Generation],
    users: &[UserId],
) -> Result<Vec<Poisoned>, RefreshError> {
    for _ in 0..REDO {
        if let Some(poisoned) = attempt(context, generations, users).await? {
            return Ok(poisoned);
        }
    }
    // Somebody keeps setting the sequence back: wait, and say so again.
    Err(RefreshError::Index(crate::index::IndexError::Unreachable("versions keep going back".into())))
}

/// `None`: the sequence had gone back, and is mended.
async fn attempt(
    context: &Context,
    generations: &[Generation],
    users: &[UserId],
) -> Result<Option<Vec<Poisoned>>, RefreshError> {
    // Version before snapshot: the other way round, old data could win.
    let version = versions::next(context).await?;
    let (loaded, mut poisoned) = load(context, users).await?;
    // Who could not even be loaded has nothing, like who can't be written.
    let mut documents: Vec<_> =
        poisoned.iter().map(|one| Arc::new(Document::empty(one.user, CustomerId(0), version))).collect();
    for one in loaded {
        let (document, why) = document(one, version);
        poisoned.extend(why.map(|why| Poisoned { user: document.user(), why }));
        documents.push(Arc::new(document));
    }
    if !write(context, generations, &documents, &mut poisoned).await? {
        return Ok(None);
    }
    Ok(Some(poisoned))
}

/// Writes and reads every item; what the engine refuses becomes empty. `false`: the sequence had gone back.
async fn write(
    context: &Context,
    generations: &[Generation],
    documents: &[Arc<Document>],
    poisoned: &mut Vec<Poisoned>,
) -> Result<bool, RefreshError> {
    let written = context.index.write(generations, documents).await?;
    let mut beaten = Vec::new();
    let mut empty = Vec::new();
    for (document, outcome) in documents.iter().zip(written) {
        match outcome {
            Written::Done => {}
            Written::Newer => beaten.push(Arc::clone(document)),
            Written::Refused(why) => {
                poisoned.push(Poisoned { user: document.user(), why });
                // The same version: nothing was written with it, and a later writer's document must win.
                empty.push(Arc::new(emptied(document)));
            }
        }
    }
    if !empty.is_empty() {
        for (document, outcome) in empty.iter().zip(context.index.write(generations, &empty).await?) {
            if let Written::Refused(why) = outcome {
                tracing::error!(user.id = %document.user(), why, "the index refuses even an empty document");
                return Err(RefreshError::Index(crate::index::IndexError::Partial(why)));
            }
        }
    }
    if beaten.is_empty() {
        return Ok(true);
    }
    versions::were_beaten_fairly(context, &beaten).await
}

/// What the index ought to have of a user.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// The document; its version is 0.
    pub document: Arc<Document>,
    /// Whether there is such a user: nobody else needs a document.
    pub exists: bool,
}

/// What the index ought to have of `users`, at most [`snapshot::MAX_USERS`], in no order.
pub(super) async fn wanted(context: &Context, users: &[UserId]) -> Result<Vec<Wanted>, RefreshError> {
    let (loaded, poisoned) = load(context, users).await?;
    let empty = |user| Wanted { document: Arc::new(Document::empty(user, CustomerId(0), 0)), exists: true };
    let mut all: Vec<_> = poisoned.iter().map(|one| empty(one.user)).collect();
    all.extend(loaded.into_iter().map(|one| {
        let exists = !matches!(one, Loaded::Missing(_));
        Wanted { document: Arc::new(document(one, 0).0), exists }
    }));
    Ok(all)
}

/// Loads a page; one that fails for what is in it is split down to the user whom it fails for.
async fn load(context: &Context, users: &[UserId]) -> Result<(Vec<Loaded>, Vec<Poisoned>), RefreshError> {
    let now = context.clock.micros();
    let mut all = Vec::with_capacity(users.len());
    let mut poisoned = Vec::new();
    let mut left = vec![users];
    while let Some(part) = left.pop() {
        let mut connection = context.pool.acquire().await?;
        let began = Instant::now();
        let read = snapshot::load(&mut connection, part, now, &context.cache).await;
        counts::read(context, began.elapsed());
        match read {
            Ok(loaded) => all.extend(loaded),
            Err(error) if error.is_of_data() || error.is_timeout() => match part {
                // A database that is too slow for one user is nobody's fault: he keeps what he has.
                [user] if error.is_of_data() => poisoned.push(Poisoned { user: *user, why: error.to_string() }),
                [_] => return Err(error.into()),
                _ => {
                    let (one, other) = part.split_at(part.len() / 2);
                    left.extend([one, other]);
                }
            },
            Err(error) => return Err(error.into()),
        }
    }
    Ok((all, poisoned))
}

/// The document, and why it is an empty one, where it ought not to be.
fn document(loaded: Loaded, version: i64) -> (Document, Option<String>) {
    let user = match loaded {
        // Deleted: an empty document with a version. A real delete could be undone by a late writer.
        Loaded::Missing(user) => return (Document::empty(user, CustomerId(0), version), None),
        Loaded::Unreadable(why) => {
            return (Document::empty(why.user, why.customer, version), Some(why.to_string()));
        }
        Loaded::User(user) => user,
    };
    let permissions = user.permissions.without_what_is_taken_back();
    let document = Document { email: user.email, ui_language: user.ui_language, permissions, version };
    match document.check_size() {
        Ok(()) => (document, None),
        Err(error) => (emptied(&document), Some(error.to_string())),
    }
}

fn emptied(document: &Document) -> Document {
    Document::empty(document.user(), document.permissions.customer, document.version)
}
