//! Decisions of the pure domain: how many a second one core makes.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use permdex::domain::{
    ActionName, Attributes, CustomerId, Effect, Effective, Filter, Known, Origin, Permissions, ResourceName,
    SecurityGroupId, UserId,
};
use std::hint::black_box;
use std::sync::Arc;

/// Ten statements of four patterns, one of them a deny: about what a user of a real organization has.
fn permissions() -> Permissions {
    let statement = |number: i64| {
        let resources = [
            format!("acrn:app:1:folder{number}/*"),
            format!("acrn:app:*:title/{number}"),
            format!("acrn:app:1:doc/{number}"),
            "acrn:app:1:doc/*".to_owned(),
        ];
        Arc::new(Effective {
            effect: if number == 9 { Effect::Deny } else { Effect::Allow },
            actions: vec![if number == 9 { "doc:delete" } else { "doc:read" }.parse_pattern()],
            resources: resources.iter().map(ParsePattern::parse_pattern).collect(),
            conditions: permdex::domain::Conditions::default(),
            until: None,
            policy: None,
            origin: Origin::SecurityGroup(SecurityGroupId(number)),
        })
    };
    Permissions {
        user: UserId(17),
        customer: CustomerId(1),
        active: true,
        statements: (0..10).map(statement).collect(),
    }
}

/// `parse` for what is known to be fine.
trait ParsePattern {
    fn parse_pattern<K: permdex::domain::Kind>(&self) -> permdex::domain::Pattern<K>;
}

impl ParsePattern for str {
    fn parse_pattern<K: permdex::domain::Kind>(&self) -> permdex::domain::Pattern<K> {
        permdex::domain::Pattern::parse(self).expect("a pattern")
    }
}

impl ParsePattern for String {
    fn parse_pattern<K: permdex::domain::Kind>(&self) -> permdex::domain::Pattern<K> {
        self.as_str().parse_pattern()
    }
}

fn decisions(criterion: &mut Criterion) {
    let permissions = permissions();
    let action = ActionName::parse("doc:read").expect("a name");
    let resource = ResourceName::parse("acrn:app:1:doc/7").expect("a name");
    let attributes = Attributes::new();
    let mut group = criterion.benchmark_group("domain");
    group.throughput(Throughput::Elements(1));
    group.bench_function("check, 10 statements of 4 patterns", |bench| {
        bench.iter(|| {
            let known = Known::new(&attributes, None);
            black_box(permissions.check(black_box(&action), black_box(&resource), &known, 0).allow)
        });
    });
    group.bench_function("names read and checked", |bench| {
        bench.iter(|| {
            let action = ActionName::parse(black_box("doc:read")).expect("a name");
            let resource = ResourceName::parse(black_box("acrn:app:1:doc/7")).expect("a name");
            black_box(permissions.check(&action, &resource, &Known::new(&attributes, None), 0).allow)
        });
    });
    group.bench_function("list of everything", |bench| {
        bench.iter(|| black_box(permissions.list(&Filter::default(), 0)).map(|entries| entries.len()));
    });
    group.finish();
}

criterion_group!(benches, decisions);
criterion_main!(benches);
