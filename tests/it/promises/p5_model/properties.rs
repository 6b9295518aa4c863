//! What must hold: in every state, and in every state in which nothing is left to do.

use super::state::{At, Register, Stands, State};

/// A promise, seen from the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    /// P2: what is done is found, by id and by search, from then on.
    DoneIsFound,
    /// P5: when nothing is left to do, what serves is the latest state.
    LatestStays,
    /// P6: the alias points at a generation that is there and filled.
    ServesWhole,
    /// P7: when nothing can happen any more, every change's job is done.
    NothingIsLost,
}

/// All of them.
pub const ALL: [Property; 4] =
    [Property::DoneIsFound, Property::LatestStays, Property::ServesWhole, Property::NothingIsLost];

impl Property {
    /// Whether it holds; `is_last`: nothing can happen any more.
    pub fn holds(self, state: &State, is_last: bool) -> bool {
        let serving = &state.copies[state.alias];
        match self {
            Self::DoneIsFound => state.jobs.iter().flatten().all(|job| {
                let has = |doc: Option<super::state::Doc>| doc.is_some_and(|doc| doc.content >= job.change);
                job.stands != Stands::Done || (has(serving.doc) && has(serving.searchable))
            }),
            Self::LatestStays => !is_quiet(state) || is_latest(state),
            Self::ServesWhole => serving.exists && serving.searchable.is_some(),
            Self::NothingIsLost => !is_last || (is_quiet(state) && all_done(state)),
        }
    }
}

/// Nothing is queued, running, being built or on its way.
fn is_quiet(state: &State) -> bool {
    let busy = state.jobs.iter().flatten().any(|job| matches!(job.stands, Stands::Queued | Stands::Running { .. }));
    let working = state.workers.iter().any(|worker| worker.at != At::Idle);
    let building = state.registered(&[Register::Building]) != 0;
    !busy && !working && !building && state.wire.is_none() && state.joining.is_none()
}

/// The alias and the register agree, and what serves has every change, by id and by search.
fn is_latest(state: &State) -> bool {
    let serving = &state.copies[state.alias];
    let latest = |doc: Option<super::state::Doc>| doc.is_some_and(|doc| doc.content == state.committed);
    state.registered(&[Register::Serving]) == 1 << state.alias && latest(serving.doc) && latest(serving.searchable)
}

fn all_done(state: &State) -> bool {
    let told = state.jobs.iter().flatten().map(|job| job.change).max().unwrap_or(0);
    state.left.changes == 0 && state.left.rebuilds == 0 && told == state.committed
}
