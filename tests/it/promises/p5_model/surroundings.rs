//! What happens around the workers: changes, leases, deaths, a failover, tidying.

use super::build;
use super::moves::{Move, What};
use super::protocol::Protocol;
use super::state::{At, Bulk, Doc, JOBS, Job, Register, Stands, State, Worker, bits};

/// Adds what can happen around the workers.
pub fn moves(state: &State, protocol: Protocol, next: &mut Vec<(Move, State)>) {
    let mut add = |what, state| next.push((Move { who: None, what }, state));
    change(state, protocol, &mut add);
    rebuild(state, &mut add);
    leases(state, protocol, &mut add);
    failover(state, &mut add);
    wire(state, &mut add);
    build::cancel(state, &mut add);
    build::retire_abandoned(state, protocol, &mut add);
    tidy(state, &mut add);
}

/// The change and its job are one commit.
fn change(state: &State, protocol: Protocol, add: &mut impl FnMut(What, State)) {
    if state.left.changes == 0 {
        return;
    }
    if protocol == Protocol::JobAfterCommit {
        return change_then_job(state, add);
    }
    let change = state.committed + 1;
    let mut then = state.clone();
    if let Some(joined) = state.joining {
        then.joining = None;
        then.committed = change;
        then.left.changes -= 1;
        let job = usize::from(joined);
        if let Some(row) = &mut then.jobs[job] {
            row.change = change;
        }
        return add(What::CommitsIntoOther { change, job }, then);
    }
    let queued = |job: &Option<Job>| job.is_some_and(|job| job.change > 0 && job.stands == Stands::Queued);
    if protocol == Protocol::MergingAtEnqueue
        && let Some(job) = state.jobs.iter().position(queued)
    {
        then.joining = Some(job as u8);
        return add(What::LooksAtEnqueue { change, job }, then);
    }
    then.committed = change;
    then.left.changes -= 1;
    then.jobs[usize::from(change) - 1] = Some(Job { change, stands: Stands::Queued });
    add(What::Commits(change), then);
}

fn change_then_job(state: &State, add: &mut impl FnMut(What, State)) {
    let mut then = state.clone();
    let Some(owed) = state.joining else {
        then.committed += 1;
        then.joining = Some(then.committed - 1);
        return add(What::CommitsAlone(then.committed), then);
    };
    (then.joining, then.left.changes) = (None, state.left.changes - 1);
    if state.left.crashes > 0 {
        let mut lost = then.clone();
        lost.left.crashes -= 1;
        add(What::WriterDies, lost);
    }
    let job = usize::from(owed);
    then.jobs[job] = Some(Job { change: owed + 1, stands: Stands::Queued });
    add(What::AddsItsJob { job }, then);
}

/// Rebuilds take the last places of the queue.
fn rebuild(state: &State, add: &mut impl FnMut(What, State)) {
    if state.left.rebuilds == 0 {
        return;
    }
    let job = JOBS - usize::from(state.left.rebuilds);
    let mut then = state.clone();
    then.left.rebuilds -= 1;
    then.jobs[job] = Some(Job { change: 0, stands: Stands::Queued });
    add(What::AsksForRebuild { job }, then);
}

/// The reaper returns what a dead worker held, and, as a stall, what a living one did not keep alive.
fn leases(state: &State, protocol: Protocol, add: &mut impl FnMut(What, State)) {
    for token in 1..=state.attempts {
        if !state.holds(token) {
            continue;
        }
        let alive = state.workers.iter().any(|worker| worker.token == token);
        // The reaper skips rows that are locked, as a builder's are while its generation begins to serve.
        let locked =
            protocol != Protocol::ServesUnfenced && state.lock.is_some_and(|who| state.workers[who].token == token);
        if locked || (alive && state.left.stalls == 0) {
            continue;
        }
        let mut then = state.clone();
        then.left.stalls -= u8::from(alive);
        let jobs = give_back(&mut then, token);
        add(What::LeaseEnds { alive, jobs }, then);
    }
}

/// Queues what the attempt holds; which jobs those are, a bit for each.
pub fn give_back(state: &mut State, token: u8) -> u8 {
    let mut jobs = 0;
    for (index, job) in state.jobs.iter_mut().enumerate() {
        if let Some(job) = job
            && matches!(job.stands, Stands::Running { token: held, .. } if held == token)
        {
            job.stands = Stands::Queued;
            jobs |= 1 << index;
        }
    }
    jobs
}

/// The new server has all that was committed, but not the last values of the sequence. Transactions are broken off.
fn failover(state: &State, add: &mut impl FnMut(What, State)) {
    if state.left.setbacks == 0 {
        return;
    }
    for sequence in 1..state.sequence {
        let mut then = state.clone();
        then.left.setbacks -= 1;
        then.sequence = sequence;
        then.server += 1;
        then.lock = None;
        add(What::FailsOver { sequence }, then);
    }
}

fn wire(state: &State, add: &mut impl FnMut(What, State)) {
    let Some(bulk) = state.wire else { return };
    for copy in bits(bulk.left) {
        let mut then = state.clone();
        let bulk = arrive(&mut then, bulk, copy);
        then.wire = Some(bulk).filter(|bulk| bulk.left != 0);
        let taken = then.copies[copy].doc == Some(bulk.doc);
        add(What::Arrives { copy, doc: bulk.doc, taken }, then);
    }
}

/// External versions: a document replaces another only when its version is higher. A copy that is gone is a success.
pub fn arrive(state: &mut State, mut bulk: Bulk, copy: usize) -> Bulk {
    bulk.left &= !(1 << copy);
    let copy = &mut state.copies[copy];
    if !copy.exists {
        return bulk;
    }
    if copy.doc.is_none_or(|doc: Doc| doc.version < bulk.doc.version) {
        copy.doc = Some(bulk.doc);
        bulk.taken = true;
    } else {
        bulk.beaten = true;
    }
    bulk
}

/// What is retired is deleted at some time.
fn tidy(state: &State, add: &mut impl FnMut(What, State)) {
    for (index, copy) in state.copies.iter().enumerate() {
        if copy.register == Register::Retired && copy.exists {
            let mut then = state.clone();
            let copy = &mut then.copies[index];
            (copy.exists, copy.doc, copy.searchable) = (false, None, None);
            add(What::Discards(index), then);
        }
    }
}

/// A worker dies at any point of its work; what it was sending may still arrive. Its process starts anew.
pub fn deaths(state: &State, who: usize, next: &mut Vec<(Move, State)>) {
    let worker = state.workers[who];
    if state.left.crashes == 0 || worker.at == At::Idle {
        return;
    }
    let mut then = state.clone();
    then.left.crashes -= 1;
    stop(&mut then, who);
    then.workers[who].server = None;
    next.push((Move { who: Some(who), what: What::Dies { sent: false } }, then.clone()));
    if let At::Writing(bulk) = worker.at
        && bulk.left != 0
        && state.wire.is_none()
    {
        then.wire = Some(bulk);
        next.push((Move { who: Some(who), what: What::Dies { sent: true } }, then));
    }
}

/// The worker forgets its claim; a transaction it had open is rolled back.
pub fn stop(state: &mut State, who: usize) {
    let Worker { server, .. } = state.workers[who];
    state.workers[who] = Worker { server, ..Worker::new() };
    if state.lock == Some(who) {
        state.lock = None;
    }
}
