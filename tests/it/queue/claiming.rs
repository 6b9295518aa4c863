//! Who gets which rows.

use super::{ATTEMPTS, LONG, add, add_many, claim_and_die, claim_from, database, job, large, request, small, state};
use permdex::queue::{
    ClaimRequest, Ended, Kind, Lane, Progress, State, claim, cut_off_users, enqueue, finish, progress, reap, release,
    take_over,
};
use serde_json::json;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn two_claimers_never_get_the_same_row_and_none_is_left() {
    let database = database().await;
    for customer in 1..=5 {
        add_many(&database.pool, 100, customer).await;
    }
    let claimers: Vec<_> = (0..16)
        .map(|_| {
            let (pool, request) = (database.pool.clone(), ClaimRequest { max_merged: 7, ..request(Lane::Small) });
            tokio::spawn(async move {
                let mut ids = Vec::new();
                while let Some(claim) = claim(&pool, &request).await.expect("claimed") {
                    assert!(claim.jobs.len() <= 7);
                    ids.extend(claim.ids());
                }
                ids
            })
        })
        .collect();
    let mut all = Vec::new();
    for claimer in claimers {
        all.extend(claimer.await.expect("no panic"));
    }
    // A claimer that finds every ready row locked by others ends early; what is left is claimed now.
    while let Some(claim) = claim_from(&database.pool, Lane::Small).await {
        all.extend(claim.ids());
    }
    assert_eq!(all.len(), 500);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 500);
}

#[tokio::test]
async fn each_tenant_has_its_share_of_a_claim() {
    let database = database().await;
    add_many(&database.pool, 2_000, 5).await;
    add_many(&database.pool, 10, 7).await;
    let claim = claim_from(&database.pool, Lane::Small).await.expect("queued");
    let mut tenants = BTreeMap::new();
    claim.jobs.iter().for_each(|job| *tenants.entry(job.customer).or_insert(0) += 1);
    assert_eq!(tenants, BTreeMap::from([(Some(5), 256), (Some(7), 10)]));
}

#[tokio::test]
async fn more_tenants_than_a_claim_holds_take_turns() {
    let database = database().await;
    for customer in 1..=150 {
        add_many(&database.pool, 3, customer).await;
    }
    let request = request(Lane::Small);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let claim = claim(&database.pool, &request).await.expect("claimed").expect("queued");
        seen.push(claim.jobs.iter().filter_map(|job| job.customer).collect::<HashSet<_>>());
    }
    assert_eq!(seen[0], (1..=64).collect());
    assert_eq!(seen[1], (65..=128).collect());
    assert!((129..=150).all(|customer| seen[2].contains(&customer)), "{:?}", seen[2]);
}

#[tokio::test]
async fn jobs_of_no_tenant_are_claimed_too() {
    let database = database().await;
    let everyone = job(json!({"everyone": true}), None, Lane::Large);
    let listed = job(json!({"listed": true}), None, Lane::Small);
    add(&database.pool, &everyone).await;
    add(&database.pool, &listed).await;
    assert_eq!(claim_from(&database.pool, Lane::Large).await.expect("queued").ids(), [everyone.id]);
    assert_eq!(claim_from(&database.pool, Lane::Small).await.expect("queued").ids(), [listed.id]);
}

#[tokio::test]
async fn the_large_lane_merges_equal_jobs_only() {
    let database = database().await;
    let (one, other, equal) = (large(3, 1), large(4, 1), large(3, 1));
    for job in [&one, &other, &equal] {
        add(&database.pool, job).await;
    }
    let mut both = vec![one.id, equal.id];
    both.sort_unstable();
    assert_eq!(claim_from(&database.pool, Lane::Large).await.expect("queued").ids(), both);
    assert_eq!(claim_from(&database.pool, Lane::Large).await.expect("queued").ids(), [other.id]);
    assert!(claim_from(&database.pool, Lane::Large).await.is_none());
}

#[tokio::test]
async fn the_tenant_served_longest_ago_is_next_in_the_large_lane() {
    let database = database().await;
    for policy in 1..=3 {
        add(&database.pool, &large(policy, 1)).await;
        add(&database.pool, &large(policy, 2)).await;
    }
    let mut served = Vec::new();
    while let Some(claim) = claim_from(&database.pool, Lane::Large).await {
        served.extend(claim.jobs.iter().filter_map(|job| job.customer));
    }
    assert_eq!(served, [1, 2, 1, 2, 1, 2]);
}

#[tokio::test]
async fn a_fresh_row_is_not_merged_into_a_walk_half_done() {
    let database = database().await;
    let begun = large(3, 1);
    add(&database.pool, &begun).await;
    let claim = claim_from(&database.pool, Lane::Large).await.expect("queued");
    let at = Progress { position: 500, processed: 500, total: Some(1_000) };
    let _ = progress(&database.pool, claim.token, at).await.expect("saved");
    let _ = release(&database.pool, claim.token, Duration::ZERO).await.expect("released");
    let fresh = large(3, 1);
    add(&database.pool, &fresh).await;
    let again = claim_from(&database.pool, Lane::Large).await.expect("queued");
    assert_eq!((again.ids(), again.position()), (vec![begun.id], Some(500)));
    let own = claim_from(&database.pool, Lane::Large).await.expect("queued");
    assert_eq!((own.ids(), own.position()), (vec![fresh.id], None));
}

#[tokio::test]
async fn merged_small_rows_start_over_when_one_of_them_has_not_begun() {
    let database = database().await;
    add(&database.pool, &small(17, 1)).await;
    let claim = claim_from(&database.pool, Lane::Small).await.expect("queued");
    let _ = progress(&database.pool, claim.token, Progress { position: 17, processed: 1, total: None }).await;
    let _ = release(&database.pool, claim.token, Duration::ZERO).await.expect("released");
    add(&database.pool, &small(3, 1)).await;
    let merged = claim_from(&database.pool, Lane::Small).await.expect("queued");
    assert_eq!((merged.jobs.len(), merged.position()), (2, None));
}

#[tokio::test]
async fn a_row_enqueued_after_the_claim_is_not_ended_by_it() {
    let database = database().await;
    let merged = [add(&database.pool, &small(17, 1)).await, add(&database.pool, &small(18, 1)).await];
    let claim = claim_from(&database.pool, Lane::Small).await.expect("queued");
    let late = add(&database.pool, &small(17, 1)).await;
    let done = finish(&database.pool, &[Ended { token: claim.token, users: Some(2) }]).await.expect("finished");
    assert_eq!((done.ids.len(), done.refused.len()), (2, 0));
    for id in merged {
        assert_eq!(state(&database.pool, id).await, State::Done);
    }
    assert_eq!(state(&database.pool, late).await, State::Queued);
    assert_eq!(claim_from(&database.pool, Lane::Small).await.expect("queued").ids(), [late]);
}

#[tokio::test]
async fn only_wanted_kinds_are_claimed() {
    let database = database().await;
    let mut verify = large(1, 1);
    verify.kind = Kind::Verify;
    add(&database.pool, &verify).await;
    add(&database.pool, &small(1, 1)).await;
    assert!(claim_from(&database.pool, Lane::Large).await.is_none());
    let verifier = ClaimRequest { kinds: vec![Kind::Verify], ..request(Lane::Large) };
    assert!(claim(&database.pool, &verifier).await.expect("claimed").is_some());
    let verifier = ClaimRequest { lane: Lane::Small, ..verifier };
    assert!(claim(&database.pool, &verifier).await.expect("claimed").is_none());
}

#[tokio::test]
async fn a_row_is_not_claimed_before_its_pause_is_over() {
    let database = database().await;
    for (lane, job) in [(Lane::Small, small(17, 1)), (Lane::Large, large(3, 1))] {
        add(&database.pool, &job).await;
        let claim = claim_from(&database.pool, lane).await.expect("queued");
        let _ = release(&database.pool, claim.token, LONG).await.expect("released");
        assert!(claim_from(&database.pool, lane).await.is_none());
    }
}

#[tokio::test]
async fn a_process_of_an_old_epoch_claims_nothing() {
    let database = database().await;
    add(&database.pool, &small(17, 1)).await;
    add(&database.pool, &large(3, 1)).await;
    let (old, _) = take_over(&database.pool, ATTEMPTS).await.expect("taken over");
    let (new, _) = take_over(&database.pool, ATTEMPTS).await.expect("taken over");
    for lane in [Lane::Small, Lane::Large] {
        let of = |epoch| ClaimRequest { epoch: Some(epoch), ..request(lane) };
        assert!(claim(&database.pool, &of(old)).await.expect("claimed").is_none());
        assert!(claim(&database.pool, &of(new)).await.expect("claimed").is_some());
    }
}

#[tokio::test]
async fn a_release_that_cannot_write_the_newest_schema_claims_nothing() {
    let database = database().await;
    add(&database.pool, &small(17, 1)).await;
    add(&database.pool, &large(3, 1)).await;
    let generation = "insert into index_generations (name, schema_version, state) values ('u2', 2, 'building')";
    sqlx::query(generation).execute(&database.pool).await.expect("registered");
    for lane in [Lane::Small, Lane::Large] {
        assert!(claim_from(&database.pool, lane).await.is_none());
        let newer = ClaimRequest { schema_version: 2, ..request(lane) };
        assert!(claim(&database.pool, &newer).await.expect("claimed").is_some());
    }
}

#[tokio::test]
async fn cut_off_users_are_read_back_in_pages() {
    let database = database().await;
    let (one, two) = (small(1, 1), small(2, 1));
    let mut connection = database.pool.acquire().await.expect("a connection");
    enqueue(&mut connection, &one, &[9, 3, 9, 5]).await.expect("enqueued");
    enqueue(&mut connection, &two, &[4, 5]).await.expect("enqueued");
    let claim = claim_from(&database.pool, Lane::Small).await.expect("queued");
    assert_eq!(claim.jobs.iter().map(|job| job.cut_off).sum::<i32>(), 5);
    let page = async |after, limit| cut_off_users(&database.pool, &claim.ids(), after, limit).await.expect("read");
    assert_eq!(page(None, 2).await, [3, 4]);
    assert_eq!(page(Some(4), 9).await, [5, 9]);
}

#[tokio::test]
async fn a_row_that_kills_its_workers_dies_alone_and_then_fails() {
    let database = database().await;
    let poison = add(&database.pool, &small(666, 1)).await;
    let companion = add(&database.pool, &small(1, 1)).await;
    for _ in 0..3 {
        assert_eq!(claim_and_die(&database.pool, Lane::Small).await.jobs.len(), 2);
        reap(&database.pool, ATTEMPTS).await.expect("reaped");
    }
    let mut failed = Vec::new();
    while failed.is_empty() {
        // The companion does well as soon as it is alone.
        let claim = claim_and_die(&database.pool, Lane::Large).await;
        if claim.ids() == [companion] {
            finish(&database.pool, &[Ended { token: claim.token, users: None }]).await.expect("finished");
        } else {
            failed = reap(&database.pool, ATTEMPTS).await.expect("reaped").failed;
        }
    }
    assert_eq!(failed, [poison]);
    assert_eq!(state(&database.pool, companion).await, State::Done);
    let poison = permdex::queue::get(&database.pool, poison).await.expect("read").expect("there");
    assert_eq!((poison.state, poison.attempts), (State::Failed, 7));
    assert!(poison.error.expect("says why").starts_with("the worker was lost 7 times"));
}
