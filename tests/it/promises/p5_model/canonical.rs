//! States that behave alike count as one: whichever worker is called the first, whatever the attempts' tokens are, and,
//! while the sequence only goes on, however large the versions are.

use super::state::{At, Stands, State, WORKERS};

/// The state that stands for `state` and for all that behave like it.
pub fn canonical(state: &State) -> State {
    let mut same = state.clone();
    rename_tokens(&mut same);
    if !state.goes_back() {
        rank_versions(&mut same);
        // There is one server: who has met it draws as who has not.
        same.workers.iter_mut().for_each(|worker| worker.server = Some(0));
    }
    order_workers(&mut same);
    same
}

/// Stands for every token that no job has any more.
const OLD: u8 = u8::MAX;

/// Tokens are only compared for equality: those of jobs get new names in the jobs' order.
fn rename_tokens(state: &mut State) {
    let mut held: Vec<u8> = Vec::new();
    for job in state.jobs.iter_mut().flatten() {
        if let Stands::Running { token, .. } = &mut job.stands {
            let place = held.iter().position(|other| other == token).unwrap_or_else(|| {
                held.push(*token);
                held.len() - 1
            });
            *token = place as u8 + 1;
        }
    }
    for worker in state.workers.iter_mut().filter(|worker| worker.token != 0) {
        let place = held.iter().position(|&token| token == worker.token);
        worker.token = place.map_or(OLD, |place| place as u8 + 1);
    }
    state.attempts = 0;
}

/// Versions are only compared with each other, and the next one is above them all.
fn rank_versions(state: &mut State) {
    let mut all: Vec<u8> = state.versions().collect();
    all.sort_unstable();
    all.dedup();
    let rank = |version: u8| all.partition_point(|&other| other < version) as u8;
    each_version(state, &mut |version| *version = rank(*version));
    state.sequence = all.len() as u8;
}

fn each_version(state: &mut State, look: &mut impl FnMut(&mut u8)) {
    for copy in &mut state.copies {
        for doc in copy.doc.iter_mut().chain(&mut copy.searchable) {
            look(&mut doc.version);
        }
    }
    if let Some(bulk) = &mut state.wire {
        look(&mut bulk.doc.version);
    }
    for worker in &mut state.workers {
        match &mut worker.at {
            At::Versioned(version) | At::Found(version) => look(version),
            At::Writing(bulk) => look(&mut bulk.doc.version),
            _ => {}
        }
    }
}

fn order_workers(state: &mut State) {
    let before = state.workers;
    let mut order: [usize; WORKERS] = std::array::from_fn(|index| index);
    order.sort_by_key(|&index| before[index]);
    state.workers = order.map(|index| before[index]);
    state.lock = state.lock.and_then(|holder| order.iter().position(|&index| index == holder));
}
