//! What is counted when something is away or too much: by real use cases.

use super::world::{World, assign, check, who_has};
use metrics_exporter_prometheus::PrometheusBuilder;
use permdex::domain::{Filter, UserId};
use permdex::service::{ListQuestion, ServiceError, Settings, Target, WriteContext};

const DOC: &str = "acrn:app:1:doc/7";

/// What is counted while `work` runs.
fn counted(work: impl AsyncFnOnce()) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    metrics::with_local_recorder(&recorder, || runtime.block_on(work()));
    recorder.handle().render()
}

/// The value of a series.
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} is not in\n{text}")).parse().expect("a number")
}

#[test]
fn what_the_database_answers_in_the_index_place_is_counted_and_what_is_not_tried() {
    let text = counted(async || {
        let world = World::new().await;
        let service = world.service().await;
        world.cluster.check(&service, &check(17, "doc:read", DOC)).await.expect("answered by the index");
        world.without_index().await;
        for _ in 0..3 {
            world.cluster.check(&service, &check(17, "doc:read", DOC)).await.expect("answered");
        }
        let list = ListQuestion { requester: UserId(17), filter: Filter::default(), after: None };
        world.cluster.list(&service, &list).await.expect("answered");
    });
    let of = |name: &str, label: &str| value(&text, &format!("permdex_{name}{{cluster=\"default\",{label}}}"));
    assert!((of("answers_from_database_total", "question=\"check\"") - 3.0).abs() < 0.1, "{text}");
    assert!((of("answers_from_database_total", "question=\"list\"") - 1.0).abs() < 0.1, "{text}");
    assert!((value(&text, "permdex_fallback_read_seconds_count{cluster=\"default\"}") - 4.0).abs() < 0.1, "{text}");
    // The first finds it away; at most one in half a second tries again.
    assert!(of("calls_not_tried_total", "dependency=\"index\"") >= 1.0, "{text}");
    assert!(of("calls_not_tried_total", "dependency=\"database\"") < 0.1, "{text}");
    assert!(of("dependency_up", "dependency=\"index\"") < 0.1, "{text}");
    assert!(of("dependency_up", "dependency=\"database\"") > 0.9, "{text}");
}

#[test]
fn what_is_too_much_is_counted() {
    let text = counted(async || {
        let world = World::with(Settings { search_concurrency: 0, ..Settings::default() }).await;
        let service = world.service().await;
        let refused = world.cluster.who_has(&service, &who_has("doc:read", DOC)).await;
        assert!(matches!(refused, Err(ServiceError::TooMany { .. })), "{refused:?}");
        // 18 may assign nothing: so many of his attempts are in the audit log, and the others are not.
        let user = world.user(18).await;
        for _ in 0..23 {
            let request = assign(3, Target::User(UserId(18)));
            let refused = world.cluster.assign(&user, request, &WriteContext::default()).await;
            assert!(matches!(refused, Err(ServiceError::Forbidden { .. })), "{refused:?}");
        }
        assert_eq!(world.one::<i64>("select count(*) from audit where refused is not null").await, 20);
    });
    let of = |name: &str, label: &str| value(&text, &format!("permdex_{name}{{cluster=\"default\",{label}}}"));
    assert!((of("too_many_total", "what=\"who_has\"") - 1.0).abs() < 0.1, "{text}");
    assert!(of("too_many_total", "what=\"stream\"") < 0.1, "{text}");
    assert!((of("audit_refusals_left_out_total", "why=\"bound\"") - 3.0).abs() < 0.1, "{text}");
}
