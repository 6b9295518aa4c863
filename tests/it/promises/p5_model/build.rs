//! A full rebuild: `refresh::build` and `generations`, step by step. Its fill is a page as any other, into what it builds.

use super::moves::What;
use super::page::to;
use super::protocol::Protocol;
use super::state::{At, Job, Register, Stands, State, bits};
use super::surroundings::{give_back, stop};

/// Whether the claim of worker `who` is a rebuild.
pub fn is_build(state: &State, who: usize) -> bool {
    bits(state.workers[who].jobs).any(|index| state.jobs[index].is_some_and(|job| job.change == 0))
}

/// Goes on with what is being built, or makes a copy: in the index before it is in the register.
pub fn begin(state: &State, who: usize, protocol: Protocol, add: &mut impl FnMut(What, State)) {
    if let Some(building) = bits(state.registered(&[Register::Building])).next() {
        return add(What::GoesOnBuilding(building), building_of(state, who, building, protocol));
    }
    let fresh = state.copies.iter().position(|copy| copy.register == Register::Unknown && !copy.exists);
    if let Some(fresh) = fresh {
        let mut then = to(state, who, At::Created(fresh as u8));
        then.copies[fresh].exists = true;
        add(What::Creates(fresh), then);
    }
}

pub fn register(state: &State, who: usize, copy: u8, protocol: Protocol, add: &mut impl FnMut(What, State)) {
    let copy = usize::from(copy);
    let mut then = building_of(state, who, copy, protocol);
    then.copies[copy].register = Register::Building;
    add(What::Registers(copy), then);
}

fn building_of(state: &State, who: usize, copy: usize, protocol: Protocol) -> State {
    let mut then = to(state, who, if protocol == Protocol::ServesUnfilled { At::Searchable } else { At::Listed });
    (then.workers[who].targets, then.workers[who].builds) = (1 << copy, Some(copy as u8));
    then
}

/// Under one lock: it is still being built, the alias, the register.
pub fn serve(state: &State, who: usize, protocol: Protocol, add: &mut impl FnMut(What, State)) {
    let worker = state.workers[who];
    let Some(copy) = worker.builds.map(usize::from) else { return };
    match worker.at {
        At::Searchable if protocol == Protocol::ServesUnasked => swap(state, who, copy, add),
        At::Searchable => look(state, who, copy, protocol, add),
        At::Locked => swap(state, who, copy, add),
        At::Swapped => commit(state, who, copy, protocol, add),
        _ => {}
    }
}

fn look(state: &State, who: usize, copy: usize, protocol: Protocol, add: &mut impl FnMut(What, State)) {
    if protocol != Protocol::ServesUnfenced && (state.lock.is_some() || !state.holds(state.workers[who].token)) {
        // Waits for the lock, or was refused: it has nothing left but to give up.
        return;
    }
    match state.copies[copy].register {
        Register::Building => {
            let mut then = to(state, who, At::Locked);
            then.lock = Some(who);
            add(What::Locks(copy), then);
        }
        Register::Serving => add(What::FindsItServing(copy), to(state, who, At::Ending)),
        Register::Unknown | Register::Retired => {
            let mut then = state.clone();
            give_back(&mut then, state.workers[who].token);
            stop(&mut then, who);
            add(What::FindsItRetired(copy), then);
        }
    }
}

/// One call: no reader sees none or two.
fn swap(state: &State, who: usize, copy: usize, add: &mut impl FnMut(What, State)) {
    let mut then = to(state, who, At::Swapped);
    then.alias = copy;
    add(What::Swaps(copy), then);
}

fn commit(state: &State, who: usize, copy: usize, protocol: Protocol, add: &mut impl FnMut(What, State)) {
    let mut then = state.clone();
    let unlocked = matches!(protocol, Protocol::ServesUnasked | Protocol::ServesUnfenced);
    if !unlocked && state.lock != Some(who) {
        give_back(&mut then, state.workers[who].token);
        stop(&mut then, who);
        return add(What::LosesTheLock, then);
    }
    for before in bits(state.registered(&[Register::Serving])) {
        then.copies[before].register = Register::Retired;
    }
    then.copies[copy].register = Register::Serving;
    then.lock = None;
    then.workers[who].at = At::Ending;
    add(What::RegistersServing(copy), then);
}

/// What is being built and has no job any more is retired, under the same lock. The alias may point at it, when its
/// builder died between alias and register: it goes back to the one that is registered, which was written to all along.
pub fn retire_abandoned(state: &State, protocol: Protocol, add: &mut impl FnMut(What, State)) {
    let wanted = |stands| matches!(stands, Stands::Queued | Stands::Running { .. });
    let builds =
        state.left.rebuilds > 0 || state.jobs.iter().flatten().any(|job| job.change == 0 && wanted(job.stands));
    if builds || state.lock.is_some() {
        return;
    }
    for copy in bits(state.registered(&[Register::Building])) {
        let mut then = state.clone();
        then.copies[copy].register = Register::Retired;
        if protocol != Protocol::RetiresUnasked
            && state.alias == copy
            && let Some(serving) = bits(state.registered(&[Register::Serving])).next()
        {
            then.alias = serving;
        }
        add(What::RetiresAbandoned { copy, alias: then.alias }, then);
    }
}

/// A rebuild is cancelled; while its builder holds the lock on its row, that waits.
pub fn cancel(state: &State, add: &mut impl FnMut(What, State)) {
    for (index, job) in state.jobs.iter().enumerate() {
        let Some(job) = job.filter(|job| job.change == 0 && state.left.cancels > 0) else { continue };
        let locked = |token| state.lock.is_some_and(|who| state.workers[who].token == token);
        match job.stands {
            Stands::Running { token, .. } if locked(token) => {}
            Stands::Queued | Stands::Running { .. } => {
                let mut then = state.clone();
                then.left.cancels -= 1;
                then.jobs[index] = Some(Job { stands: Stands::Cancelled, ..job });
                add(What::Cancels(index), then);
            }
            Stands::Done | Stands::Cancelled => {}
        }
    }
}
