//! Which cluster a call goes to, against the rules as the contract has them; no database answers here.

use super::*;
use crate::clock::Clock;
use crate::domain::{CustomerId, UserId};
use crate::index::embedded::EmbeddedIndex;
use crate::queue::Signals;
use crate::service::{Directory, Health, Parts, Settings};
use proptest::prelude::*;
use sqlx::postgres::PgPoolOptions;
use std::time::Duration;

const NAMES: [&str; 3] = ["default", "eu", "us"];
/// The last one can't be an organization.
const SLUGS: [&str; 6] = ["a", "b", "c", "d", "e", "No\0ne"];

/// A cluster as this process remembers it: its organizations, and whether those are all.
#[derive(Debug, Clone)]
struct Memory {
    organizations: Vec<usize>,
    loaded: bool,
}

/// A call, in indexes of [`NAMES`] and [`SLUGS`].
#[derive(Debug, Clone)]
struct Asked {
    named: Option<usize>,
    path: Option<usize>,
    own: Option<usize>,
    user: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Goes {
    To(usize),
    Nobody,
    Unsure,
}

fn cluster(name: &str, memory: &Memory) -> Cluster {
    let directory = Directory::default();
    for organization in &memory.organizations {
        directory.learn(CustomerId(i64::try_from(*organization).unwrap() + 1), SLUGS[*organization]);
    }
    if memory.loaded {
        directory.learn_all(&[]);
    }
    // Nobody listens on port 1.
    let pool = PgPoolOptions::new().acquire_timeout(Duration::from_millis(1));
    Cluster::new(Parts {
        name: name.into(),
        pool: pool.connect_lazy("postgres://nobody@127.0.0.1:1/nothing").unwrap(),
        index: Arc::new(EmbeddedIndex::new()),
        snapshots: Arc::default(),
        directory,
        signals: Signals::default(),
        clock: Clock::at(1),
        settings: Settings::default(),
        health: Health::default(),
    })
}

/// Where an organization is, for somebody who is refused when it is nowhere, or not.
fn place(memories: &[Memory], slug: usize, refused: bool) -> Result<Option<usize>, Goes> {
    let found = memories.iter().position(|memory| memory.organizations.contains(&slug));
    let all_told = memories.iter().all(|memory| memory.loaded);
    match found {
        Some(at) => Ok(Some(at)),
        None if slug == SLUGS.len() - 1 || (all_told && !refused) => Ok(None),
        None => Err(Goes::Unsure),
    }
}

fn expected(memories: &[Memory], asked: &Asked) -> Result<Goes, Goes> {
    let wanted = match (asked.named, asked.path) {
        (Some(named), _) => Some(named),
        (None, Some(path)) => place(memories, path, true)?,
        (None, None) => None,
    };
    if let Some(wanted) = wanted.filter(|_| !asked.user) {
        return Ok(Goes::To(wanted));
    }
    let home = asked.own.map_or(Ok(None), |own| place(memories, own, asked.user))?;
    Ok(match (wanted, home) {
        (Some(wanted), Some(home)) if wanted != home => Goes::Nobody,
        (Some(there), _) | (None, Some(there)) => Goes::To(there),
        (None, None) => Goes::To(0),
    })
}

fn found(memories: &[Memory], asked: &Asked) -> Goes {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut all = NAMES.iter().zip(memories).map(|(name, memory)| cluster(name, memory));
        let clusters = Clusters::new(all.next().unwrap(), all.collect::<Vec<_>>().into_iter().rev());
        let wish = Wish {
            named: asked.named.map(|named| clusters.named(NAMES[named]).unwrap()),
            organization: asked.path.map(|path| SLUGS[path]),
        };
        let subject = if asked.user { Subject::User(UserId(17)) } else { Subject::Service("test".into()) };
        let organization = asked.own.map(|own| SLUGS[own].to_owned());
        let claims = Claims { subject, organization, scope: None, valid_until: i64::MAX, valid_from: 0 };
        match clusters.chosen(wish, &claims).await {
            Ok(cluster) => Goes::To(NAMES.iter().position(|name| **name == *cluster.name).unwrap()),
            Err(ServiceError::Unauthorized(_)) => Goes::Nobody,
            Err(ServiceError::Unavailable { .. }) => Goes::Unsure,
            Err(other) => panic!("{other}"),
        }
    })
}

fn memories() -> impl Strategy<Value = Vec<Memory>> {
    let memory = (proptest::collection::vec(0..SLUGS.len() - 2, 0..3), any::<bool>());
    let memory = memory.prop_map(|(organizations, loaded)| Memory { organizations, loaded });
    proptest::collection::vec(memory, NAMES.len())
}

fn asked() -> impl Strategy<Value = Asked> {
    let slug = || proptest::option::of(0..SLUGS.len());
    let named = proptest::option::weighted(0.3, 0..NAMES.len());
    (named, slug(), slug(), any::<bool>()).prop_map(|(named, path, own, user)| {
        // Every user's token names an organization.
        let own = if user { own.or(Some(0)) } else { own };
        Asked { named, path, own, user }
    })
}

proptest! {
    #[test]
    fn a_call_goes_where_the_contract_says(memories in memories(), asked in asked()) {
        let expected = expected(&memories, &asked).unwrap_or_else(|unsure| unsure);
        prop_assert_eq!(found(&memories, &asked), expected);
    }
}
