//! A worker's way from the claim to the end of its jobs: `refresh::worker`, `page`, `versions` and `settle`, step by step.

use super::build;
use super::moves::{Move, What};
use super::protocol::Protocol;
use super::state::{At, Bulk, Doc, Register, Stands, State, bits};
use super::surroundings::{arrive, deaths, stop};

/// How far the sequence is set beyond the index; more than any run here draws.
const MARGIN: u8 = 20;
/// Stands for "whatever the alias points at when it arrives".
const ALIAS: u8 = 1 << 7;

/// Adds what worker `who` can do next.
pub fn moves(state: &State, who: usize, protocol: Protocol, next: &mut Vec<(Move, State)>) {
    let worker = state.workers[who];
    if worker.at == At::Idle {
        return claims(state, who, next);
    }
    deaths(state, who, next);
    let mut add = |what, state| next.push((Move { who: Some(who), what }, state));
    if !state.holds(worker.token) {
        let mut then = state.clone();
        stop(&mut then, who);
        add(What::GivesUp, then);
    }
    match worker.at {
        At::Claimed if build::is_build(state, who) => build::begin(state, who, protocol, &mut add),
        At::Claimed => list(state, who, protocol, &mut add),
        At::Created(copy) => build::register(state, who, copy, protocol, &mut add),
        At::Listed => version_or_snapshot(state, who, protocol, &mut add),
        At::Snapped(content) => draw(state, who, protocol, &mut add, |version| write(Doc { version, content })),
        At::Versioned(version) => read(state, who, &mut add, |content| write(Doc { version, content })),
        At::Writing(bulk) => writes(state, who, bulk, protocol, &mut add),
        At::Beaten => find(state, who, &mut add),
        At::Found(version) => judge(state, who, version, &mut add),
        At::Written if worker.builds.is_some() => refresh(state, who, At::Searchable, &mut add),
        At::Written if protocol == Protocol::DoneBeforeRefresh => end(state, who, protocol, &mut add),
        At::Written if !state.rebuilds() => refresh(state, who, At::Ending, &mut add),
        At::Written => list_to_refresh(state, who, &mut add),
        At::Settling => refresh(state, who, At::Ending, &mut add),
        At::Searchable | At::Locked | At::Swapped => build::serve(state, who, protocol, &mut add),
        At::Ending => end(state, who, protocol, &mut add),
        At::Idle => {}
    }
}

/// The state after worker `who` has come to `at`.
pub fn to(state: &State, who: usize, at: At) -> State {
    let mut then = state.clone();
    then.workers[who].at = at;
    then
}

/// Merging happens here and only here: any of the queued changes' jobs become one attempt; a rebuild is one alone.
fn claims(state: &State, who: usize, next: &mut Vec<(Move, State)>) {
    let queued = |rebuild: bool| {
        let rows = state.jobs.iter().enumerate();
        let rows = rows.filter(move |(_, job)| {
            job.is_some_and(|job| job.stands == Stands::Queued && (job.change == 0) == rebuild)
        });
        rows.fold(0_u8, |all, (index, _)| all | 1 << index)
    };
    let (changes, rebuilds) = (queued(false), queued(true));
    let some = (1..=changes).filter(|jobs| jobs & changes == *jobs);
    for jobs in some.chain(bits(rebuilds).map(|index| 1 << index)) {
        let at_once = !state.rebuilds();
        let mut then = to(state, who, if at_once { At::Listed } else { At::Claimed });
        then.attempts += 1;
        let (token, lead) = (then.attempts, jobs.trailing_zeros() as u8);
        for index in bits(jobs) {
            if let Some(job) = &mut then.jobs[index] {
                job.stands = Stands::Running { token, lead };
            }
        }
        let worker = &mut then.workers[who];
        (worker.token, worker.lead, worker.jobs, worker.targets) = (token, lead, jobs, u8::from(at_once));
        next.push((Move { who: Some(who), what: What::Claims { jobs, token } }, then));
    }
}

/// The generations are listed after the claim, so after the commit of every change that it is about.
fn list(state: &State, who: usize, protocol: Protocol, add: &mut impl FnMut(What, State)) {
    let mut then = to(state, who, At::Listed);
    let (targets, what) = match protocol {
        Protocol::WritesThroughAlias => (ALIAS, What::UsesAlias),
        Protocol::ListCached => (1, What::Lists(1)),
        _ => {
            let all = state.registered(&[Register::Building, Register::Serving]);
            (all, What::Lists(all))
        }
    };
    then.workers[who].targets = targets;
    add(what, then);
}

fn version_or_snapshot(state: &State, who: usize, protocol: Protocol, add: &mut impl FnMut(What, State)) {
    if protocol == Protocol::SnapshotBegunByNextval {
        add(What::BeginsToDraw(state.committed), to(state, who, At::Snapped(state.committed)));
    } else if protocol == Protocol::VersionAfterSnapshot {
        read(state, who, add, At::Snapped);
    } else {
        draw(state, who, protocol, add, At::Versioned);
    }
}

/// A version, with the server it comes from: from another one than the last, it counts for nothing.
fn draw(state: &State, who: usize, protocol: Protocol, add: &mut impl FnMut(What, State), at: impl FnOnce(u8) -> At) {
    // Where the sequence only goes on, meeting the server changes nothing: fewer states.
    let meets = protocol.notices_failover() && state.goes_back();
    if meets && state.workers[who].server != Some(state.server) {
        let mut then = state.clone();
        then.sequence = if protocol == Protocol::JumpsByMargin {
            state.sequence.max(highest(state)) + MARGIN
        } else {
            // The time in microseconds: beyond every version that was ever drawn.
            state.versions().fold(state.sequence, u8::max) + 1
        };
        then.workers[who].server = Some(state.server);
        return add(What::NoticesFailover { sequence: then.sequence }, then);
    }
    let version = state.sequence + 1;
    let mut then = to(state, who, targeted(state, who, at(version)));
    then.sequence = version;
    add(What::Draws(version), then);
}

fn read(state: &State, who: usize, add: &mut impl FnMut(What, State), at: impl FnOnce(u8) -> At) {
    add(What::Reads(state.committed), to(state, who, targeted(state, who, at(state.committed))));
}

fn write(doc: Doc) -> At {
    At::Writing(Bulk { doc, left: 0, taken: false, beaten: false })
}

/// A bulk that begins goes where its worker writes.
fn targeted(state: &State, who: usize, at: At) -> At {
    match at {
        At::Writing(bulk) => At::Writing(Bulk { left: state.workers[who].targets, ..bulk }),
        at => at,
    }
}

/// One copy after another, in any order: a bulk is not atomic.
fn writes(state: &State, who: usize, bulk: Bulk, protocol: Protocol, add: &mut impl FnMut(What, State)) {
    let looks = protocol.beaten_look() && state.goes_back();
    let bulk = if bulk.left == ALIAS { Bulk { left: 1 << state.alias, ..bulk } } else { bulk };
    for copy in bits(bulk.left) {
        let mut then = state.clone();
        let bulk = arrive(&mut then, bulk, copy);
        // The worst of the generations is the outcome: one that took it hides one that had something newer.
        then.workers[who].at = match bulk {
            Bulk { left: 0, taken: false, beaten: true, .. } if looks => At::Beaten,
            Bulk { left: 0, .. } => At::Written,
            bulk => At::Writing(bulk),
        };
        let taken = then.copies[copy].doc == Some(bulk.doc);
        add(What::Writes { copy, doc: bulk.doc, taken }, then);
    }
}

/// Looks up what beat it, in the copy that serves.
fn find(state: &State, who: usize, add: &mut impl FnMut(What, State)) {
    let found = state.copies[state.alias].doc.map_or(0, |doc| doc.version);
    add(What::Finds(found), to(state, who, At::Found(found)));
}

fn judge(state: &State, who: usize, found: u8, add: &mut impl FnMut(What, State)) {
    let fresh = state.sequence + 1;
    let mut then = state.clone();
    then.sequence = fresh;
    if found < fresh {
        then.workers[who].at = At::Written;
        return add(What::IsBeatenFairly { fresh }, then);
    }
    then.sequence = fresh.max(found.max(highest(state)) + MARGIN);
    then.workers[who].at = At::Listed;
    add(What::MendsSequence { sequence: then.sequence }, then);
}

/// The highest version that can be searched.
fn highest(state: &State) -> u8 {
    state.copies[state.alias].searchable.map_or(0, |doc| doc.version)
}

fn list_to_refresh(state: &State, who: usize, add: &mut impl FnMut(What, State)) {
    let mut then = to(state, who, At::Settling);
    let all = state.registered(&[Register::Building, Register::Serving]);
    then.workers[who].targets = all;
    add(What::ListsToRefresh(all), then);
}

fn refresh(state: &State, who: usize, at: At, add: &mut impl FnMut(What, State)) {
    let mut then = to(state, who, at);
    let targets = state.workers[who].targets;
    for index in bits(targets) {
        then.copies[index].searchable = then.copies[index].doc;
    }
    add(What::Refreshes(targets), then);
}

/// Ends what is still the attempt's.
fn end(state: &State, who: usize, protocol: Protocol, add: &mut impl FnMut(What, State)) {
    let worker = state.workers[who];
    let mut then = state.clone();
    let mut jobs = 0;
    for (index, job) in then.jobs.iter_mut().enumerate() {
        let Some(job) = job else { continue };
        let Stands::Running { token, lead } = job.stands else { continue };
        let ends = if protocol == Protocol::MergingUnfenced { lead == worker.lead } else { token == worker.token };
        if ends {
            job.stands = Stands::Done;
            jobs |= 1 << index;
        }
    }
    stop(&mut then, who);
    add(if jobs == 0 { What::IsRefused } else { What::Ends { jobs } }, then);
}
