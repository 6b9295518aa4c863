//! P5 explored: every interleaving of three workers, two changes, and what goes wrong on the way.
//!
//! The protocol of design section 6 as a small pure model, without a database and without time: one user, whose document
//! says how many changes it reflects. A step here is a statement or a request there; between any two of one worker
//! everything else may happen. [`surroundings`] has the changes, leases, deaths and failovers, [`page`] a worker's way
//! from the claim to the end of its jobs, [`build`] a full rebuild, [`properties`] what must hold. [`protocol`] has the
//! mutants: each must be caught, in few steps, and each is right again where its fault can't occur, so that it is caught
//! for what it is and not for a mistake of the model. `docs/ARCHITECTURE.md`, "The model", says what is left out.
//!
//! The explorer is a few lines of our own: a model checker such as stateright brings a web server and its dependencies,
//! and what it has beyond these lines (threads, liveness) is not needed for some 100,000 states.
//! `cargo test --test it -- p5_model --nocapture` prints how many each run visited and the way to each mutant's fault.

#![expect(clippy::cast_possible_truncation, reason = "indexes here are below ten")]

mod build;
mod canonical;
mod explore;
mod moves;
mod page;
mod properties;
mod protocol;
mod quick;
mod state;
mod surroundings;

use explore::{classes, explore};
use properties::{ALL, Property};
use protocol::Protocol;
use state::Left;

const NOTHING: Left = Left { changes: 0, rebuilds: 0, stalls: 0, crashes: 0, setbacks: 0, cancels: 0 };
/// The run that issue 6 asks for.
const PLAIN: Left = Left { changes: 2, stalls: 1, crashes: 1, ..NOTHING };
const QUIET: Left = Left { changes: 2, ..NOTHING };
const FAILOVER_AND_STALL: Left = Left { changes: 2, setbacks: 1, stalls: 1, ..NOTHING };
const FAILOVER_AND_CRASH: Left = Left { changes: 2, setbacks: 1, crashes: 1, ..NOTHING };
const REBUILD: Left = Left { changes: 2, rebuilds: 1, ..NOTHING };
const REBUILD_AND_STALL: Left = Left { changes: 1, rebuilds: 1, stalls: 1, ..NOTHING };
const REBUILD_AND_CRASH: Left = Left { changes: 1, rebuilds: 1, crashes: 1, cancels: 1, ..NOTHING };
const REBUILD_AND_FAILOVER: Left = Left { changes: 1, rebuilds: 1, setbacks: 1, ..NOTHING };
const TWO_REBUILDS: Left = Left { changes: 1, rebuilds: 2, ..NOTHING };

/// All properties hold in all states.
fn holds(protocol: Protocol, left: Left) {
    let seen = explore(protocol, left, &ALL);
    println!("{protocol}, {left:?}: {} states, {} of them last", seen.states, seen.ends);
    if let Some(broken) = &seen.broken {
        panic!("{broken}");
    }
    assert!(seen.ends > 0, "nothing ever comes to an end");
}

/// `property` is broken with `left`, and all is right with `without`.
fn is_caught(protocol: Protocol, property: Property, left: Left, without: Left) {
    let seen = explore(protocol, left, &[property]);
    println!("{protocol}, {left:?}: {} states", seen.states);
    let broken = seen.broken.unwrap_or_else(|| panic!("{protocol}: not caught"));
    println!("{broken}");
    assert_eq!(broken.property, property);
    assert!(!property.holds(&broken.last, broken.is_last), "{broken}");
    holds(protocol, without);
}

#[test]
fn the_protocol_survives_a_stall_and_a_crash() {
    holds(Protocol::Right, PLAIN);
}

#[test]
fn the_protocol_survives_failovers() {
    holds(Protocol::Right, FAILOVER_AND_STALL);
    holds(Protocol::Right, FAILOVER_AND_CRASH);
}

#[test]
fn the_protocol_survives_a_rebuild() {
    holds(Protocol::Right, REBUILD);
    holds(Protocol::Right, REBUILD_AND_CRASH);
}

#[test]
fn the_protocol_survives_a_rebuild_whose_worker_stalls() {
    holds(Protocol::Right, REBUILD_AND_STALL);
}

#[test]
fn the_protocol_survives_a_rebuild_and_a_failover() {
    holds(Protocol::Right, REBUILD_AND_FAILOVER);
}

#[test]
fn the_protocol_survives_two_rebuilds_at_once() {
    holds(Protocol::Right, TWO_REBUILDS);
}

#[test]
fn a_version_taken_after_the_snapshot_is_caught() {
    let one = Left { changes: 1, ..PLAIN };
    is_caught(Protocol::VersionAfterSnapshot, Property::LatestStays, QUIET, one);
}

#[test]
fn a_snapshot_begun_by_the_nextval_statement_is_caught() {
    let one = Left { changes: 1, ..PLAIN };
    is_caught(Protocol::SnapshotBegunByNextval, Property::LatestStays, QUIET, one);
}

#[test]
fn merging_at_enqueue_is_caught() {
    let one = Left { changes: 1, ..PLAIN };
    is_caught(Protocol::MergingAtEnqueue, Property::LatestStays, QUIET, one);
}

#[test]
fn merging_unfenced_by_the_attempt_is_caught() {
    let no_stall = Left { stalls: 0, ..PLAIN };
    is_caught(Protocol::MergingUnfenced, Property::LatestStays, PLAIN, no_stall);
}

#[test]
fn writes_through_the_alias_during_a_rebuild_are_caught() {
    is_caught(Protocol::WritesThroughAlias, Property::LatestStays, REBUILD, QUIET);
}

#[test]
fn a_sequence_that_goes_back_is_caught() {
    let no_failover = Left { setbacks: 0, ..FAILOVER_AND_STALL };
    is_caught(Protocol::SequenceGoesBack, Property::LatestStays, FAILOVER_AND_STALL, no_failover);
}

#[test]
fn a_sequence_of_which_only_the_beaten_look_is_caught() {
    let no_failover = Left { setbacks: 0, ..FAILOVER_AND_STALL };
    is_caught(Protocol::OnlyTheBeatenLook, Property::LatestStays, FAILOVER_AND_STALL, no_failover);
}

#[test]
fn a_sequence_that_jumps_by_a_margin_is_caught() {
    // Without a death no process begins anew, and nobody jumps before the failover.
    let no_death = Left { crashes: 0, ..FAILOVER_AND_CRASH };
    is_caught(Protocol::JumpsByMargin, Property::LatestStays, FAILOVER_AND_CRASH, no_death);
}

#[test]
fn a_job_that_is_done_before_the_refresh_is_caught() {
    is_caught(Protocol::DoneBeforeRefresh, Property::DoneIsFound, QUIET, Left { changes: 0, ..QUIET });
}

#[test]
fn a_job_added_after_the_commit_is_caught() {
    let crash = Left { crashes: 1, ..QUIET };
    is_caught(Protocol::JobAfterCommit, Property::NothingIsLost, crash, QUIET);
}

#[test]
fn a_cached_list_of_generations_is_caught() {
    is_caught(Protocol::ListCached, Property::LatestStays, REBUILD, QUIET);
}

#[test]
fn a_generation_that_serves_before_it_is_filled_is_caught() {
    is_caught(Protocol::ServesUnfilled, Property::ServesWhole, REBUILD, QUIET);
}

#[test]
fn a_generation_that_serves_without_asking_the_register_is_caught() {
    is_caught(Protocol::ServesUnasked, Property::LatestStays, TWO_REBUILDS, REBUILD);
}

#[test]
fn a_generation_that_serves_for_a_lost_claim_is_caught() {
    is_caught(Protocol::ServesUnfenced, Property::LatestStays, REBUILD_AND_STALL, REBUILD);
}

#[test]
fn an_abandoned_generation_that_the_alias_points_at_is_caught() {
    let no_cancel = Left { cancels: 0, ..REBUILD_AND_CRASH };
    is_caught(Protocol::RetiresUnasked, Property::LatestStays, REBUILD_AND_CRASH, no_cancel);
}

/// States that are taken together behave alike: else some would be missing.
#[test]
fn no_state_is_missed_for_being_like_another() {
    let crash = Left { crashes: 1, ..QUIET };
    let stalled_rebuild = Left { changes: 0, ..REBUILD_AND_STALL };
    for (protocol, left) in [
        (Protocol::Right, QUIET),
        (Protocol::Right, crash),
        (Protocol::Right, stalled_rebuild),
        (Protocol::MergingUnfenced, QUIET),
    ] {
        assert_eq!(explore(protocol, left, &[]).states, classes(protocol, left), "{protocol}, {left:?}");
    }
}
