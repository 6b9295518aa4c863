//! The engine against brute force with the domain, over small alphabets.

use super::*;
use crate::domain::{
    ActionName, ActionPattern, Attributes, Condition, Conditions, CustomerId, Effect, Effective, Known, Origin,
    Permissions, ResourceName, ResourcePattern, Value,
};
use crate::index::{Customers, SearchResource, UserEntry};
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;

pub(super) const NOW: i64 = 1_000_000;
/// Neighbours, both sides of a page and of 32 bits.
const USERS: [i64; 10] = [1, 2, 3, 4, 255, 256, 257, 70_000, 1 << 40, i64::MAX];

pub(super) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn generation(name: &str) -> Generation {
    Generation(name.into())
}

pub(super) fn serving() -> (EmbeddedIndex, Generation) {
    let (index, first) = (EmbeddedIndex::new(), generation("first"));
    run(async {
        assert!(index.create(&first).await.unwrap());
        index.serve(&first).await.unwrap();
    });
    (index, first)
}

fn value() -> impl Strategy<Value = Value> {
    select(vec![Value::string("red"), Value::string("one"), Value::Integer(3), Value::Boolean(true)])
}

fn condition() -> impl Strategy<Value = Condition> {
    prop_oneof![
        value().prop_map(|value| Condition::Equals { value }),
        value().prop_map(|value| Condition::NotEquals { value }),
        prop::collection::vec(value(), 1..4).prop_map(|values| Condition::In { values }),
    ]
}

fn conditions() -> impl Strategy<Value = Conditions> {
    // One is named as if it were a value of another.
    let attribute = select(vec!["color", "color", "level", "org_id", "color=s:red"]).prop_map(Into::into);
    prop_oneof![2 => Just(Conditions::new()), 3 => prop::collection::btree_map(attribute, condition(), 1..3)]
}

fn actions() -> impl Strategy<Value = Vec<ActionPattern>> {
    let pattern = select(vec!["a:x", "a:y", "a:*", "*", "b:x", "*:x", "*:*:x"]);
    prop::collection::vec(pattern.prop_map(|text| ActionPattern::parse(text).unwrap()), 1..3)
}

fn resources() -> impl Strategy<Value = Vec<ResourcePattern>> {
    let pattern = select(vec![
        "acrn:s:1:d/7",
        "acrn:s:1:*",
        "acrn:*",
        "acrn:*:1:d/7",
        "acrn:*:*:d/7",
        "acrn:s:2:*",
        "acrn:s:2:d/7",
        "acrn:s:1:d/8",
    ]);
    let few = prop::collection::vec(pattern.prop_map(|text| ResourcePattern::parse(text).unwrap()), 1..3);
    // More than 256 pairs.
    let many: Vec<_> = (0..300).map(|id| ResourcePattern::parse(&format!("acrn:s:1:d/{id}")).unwrap()).collect();
    prop_oneof![20 => few, 1 => Just(many)]
}

fn until() -> impl Strategy<Value = Option<i64>> {
    select(vec![None, None, None, Some(NOW - 1), Some(NOW), Some(NOW + 1)])
}

prop_compose! {
    fn statement()(
        effect in select(vec![Effect::Allow, Effect::Allow, Effect::Allow, Effect::Deny]),
        actions in actions(),
        resources in resources(),
        conditions in conditions(),
        until in until(),
    ) -> Arc<Effective> {
        Arc::new(Effective { effect, actions, resources, conditions, until, policy: None, origin: Origin::Customer(CustomerId(1)) })
    }
}

prop_compose! {
    fn document()(
        user in select(USERS.to_vec()),
        customer in 1_i64..4,
        active in prop::bool::weighted(0.85),
        version in 1_i64..20,
        mut statements in prop::collection::vec(statement(), 0..4),
        variants in prop::collection::vec((any::<prop::sample::Index>(), value(), until()), 0..4),
    ) -> Arc<Document> {
        // Several of one shape: other values in the conditions, another end.
        let variants = if statements.is_empty() { Vec::new() } else { variants };
        for (index, value, until) in variants {
            let mut variant = Effective::clone(&statements[index.index(statements.len())]);
            for condition in variant.conditions.values_mut() {
                *condition = condition.map_values(|_| Some(value.clone())).unwrap();
            }
            statements.push(Arc::new(Effective { until, ..variant }));
        }
        let permissions = Permissions { user: UserId(user), customer: CustomerId(customer), active, statements };
        Arc::new(Document { email: format!("{user}@{version}").into(), ui_language: "en".into(), permissions, version })
    }
}

prop_compose! {
    fn question()(
        action in select(vec!["a:x", "a:y", "b:x", "b:z", "c:c:x"]),
        resources in prop::collection::vec(
            (select(vec!["acrn:s:1:d/7", "acrn:s:2:d/7", "acrn:s:1:d/8", "acrn:t:9:d/7", "acrn:s:1"]), select(vec![None, Some("one"), Some("red")])),
            0..3,
        ),
        attributes in prop::collection::btree_map(
            select(vec!["color", "level", "color=s:red", "other"]).prop_map(Into::into), value(), 0..3,
        ),
        customers in select(vec![vec![], vec![], vec![1], vec![2, 3], vec![9]]),
        now in NOW - 2..=NOW + 2,
        limit in 0_usize..5,
    ) -> Search {
        let attributes = if resources.is_empty() { Attributes::new() } else { attributes };
        let resources = resources
            .into_iter()
            .map(|(name, slug)| SearchResource { name: ResourceName::parse(name).unwrap(), organization: slug.map(Into::into) })
            .collect();
        let customers = if customers.is_empty() { Customers::All } else { Customers::Only(customers.into_iter().map(CustomerId).collect()) };
        Search { action: ActionName::parse(action).unwrap(), resources, attributes, customers, now, limit, after: None }
    }
}

type Model = BTreeMap<UserId, Arc<Document>>;

/// Whoever's check allows, one after the other.
fn expected(model: &Model, search: &Search) -> Vec<UserEntry> {
    let may = |document: &&Arc<Document>| {
        let permissions = &document.permissions;
        let check = |resource: &SearchResource| {
            let known = Known::new(&search.attributes, resource.organization.as_deref());
            permissions.check(&search.action, &resource.name, &known, search.now).allow
        };
        let is_wanted = match &search.customers {
            Customers::All => true,
            Customers::Only(customers) => customers.contains(&permissions.customer),
        };
        let allowed = if search.resources.is_empty() {
            permissions.check_anywhere(&search.action, search.now).allow
        } else {
            search.resources.iter().all(check)
        };
        is_wanted && allowed
    };
    model.values().filter(may).map(|document| documents::entry(document)).collect()
}

async fn streamed(index: &EmbeddedIndex, search: &Search) -> (u64, Vec<UserEntry>) {
    let UserStream { total, chunks } = index.stream(search).await.unwrap();
    let chunks: Vec<_> = chunks.collect().await;
    (total, chunks.into_iter().flat_map(Result::unwrap).collect())
}

async fn answers_as_expected(index: &EmbeddedIndex, model: &Model, search: &Search) {
    let expected = expected(model, search);
    let total = expected.len() as u64;
    let just_counted = index.search(&Search { limit: 0, ..search.clone() }).await.unwrap();
    assert_eq!(just_counted, Page { total, users: Vec::new(), more: false }, "{search:?}");
    let limit = search.limit.max(1);
    let (mut after, mut pages) = (None, Vec::new());
    loop {
        let page = index.search(&Search { limit, after, ..search.clone() }).await.unwrap();
        assert_eq!(page.total, total, "{search:?}");
        assert!(page.users.len() <= limit && (!page.more || page.users.len() == limit));
        assert!(page.users.iter().all(|user| Some(user.id) > after), "{search:?}");
        after = page.users.last().map(|user| user.id);
        pages.extend(page.users);
        if !page.more {
            break;
        }
    }
    assert_eq!(pages, expected, "{search:?}");
    assert_eq!(streamed(index, search).await, (total, expected), "{search:?}");
}

/// Writes into the index and the model, and compares what became of each.
async fn write(index: &EmbeddedIndex, generations: &[Generation], model: &mut Model, documents: &[Arc<Document>]) {
    let written = index.write(generations, documents).await.unwrap();
    let expected: Vec<_> = documents
        .iter()
        .map(|document| {
            if model.get(&document.user()).is_some_and(|old| old.version >= document.version) {
                return Written::Newer;
            }
            model.insert(document.user(), Arc::clone(document));
            Written::Done
        })
        .collect();
    assert_eq!(written, expected);
}

async fn documents_are(index: &EmbeddedIndex, model: &Model) {
    for user in USERS {
        assert_eq!(index.get(UserId(user)).await.unwrap().as_ref(), model.get(&UserId(user)));
    }
    let highest = model.values().map(|document| document.version).max().unwrap_or(0);
    assert_eq!(index.highest_version().await.unwrap(), highest);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn who_has_is_exactly_whose_check_allows(
        writes in prop::collection::vec(prop::collection::vec(document(), 1..6), 1..8),
        questions in prop::collection::vec(question(), 1..6),
    ) {
        let (index, first) = serving();
        let (gone, second) = (generation("retired"), generation("second"));
        run(async {
            let mut model = Model::new();
            for documents in &writes {
                write(&index, &[first.clone(), gone.clone()], &mut model, documents).await;
                documents_are(&index, &model).await;
                answers_as_expected(&index, &model, &questions[0]).await;
            }
            for question in &questions {
                answers_as_expected(&index, &model, question).await;
            }
            // Built beside the first, and swapped.
            assert!(index.create(&second).await.unwrap());
            let all: Vec<_> = model.values().cloned().collect();
            index.write(std::slice::from_ref(&second), &all).await.unwrap();
            index.serve(&second).await.unwrap();
            documents_are(&index, &model).await;
            for question in &questions {
                answers_as_expected(&index, &model, question).await;
            }
            // Nothing is left of what everybody had.
            let empty = |id| Arc::new(Document::empty(UserId(id), CustomerId(1), 100));
            index.write(&[first.clone(), second.clone()], &USERS.map(empty)).await.unwrap();
            for copy in index.copies(&[first, second]) {
                assert!(copy.has_no_postings());
            }
        });
    }
}

fn holding(user: i64, version: i64, statement: &Effective) -> Arc<Document> {
    let statements = vec![Arc::new(statement.clone())];
    let permissions = Permissions { user: UserId(user), customer: CustomerId(1), active: true, statements };
    Arc::new(Document { email: format!("{user}@{version}").into(), ui_language: "en".into(), permissions, version })
}

pub(super) fn allow(action: &str) -> Effective {
    Effective {
        effect: Effect::Allow,
        actions: vec![ActionPattern::parse(action).unwrap()],
        resources: vec![ResourcePattern::parse("acrn:s:1:*").unwrap()],
        conditions: Conditions::new(),
        until: None,
        policy: None,
        origin: Origin::Customer(CustomerId(1)),
    }
}

pub(super) fn asked(action: &str) -> Search {
    let name = ResourceName::parse("acrn:s:1:d/7").unwrap();
    Search {
        action: ActionName::parse(action).unwrap(),
        resources: vec![SearchResource { name, organization: None }],
        attributes: Attributes::new(),
        customers: Customers::All,
        now: NOW,
        limit: 100,
        after: None,
    }
}

#[test]
fn a_stream_is_one_view_in_bounded_chunks_whatever_is_written_meanwhile() {
    let (index, first) = serving();
    let (statement, search) = (allow("a:x"), asked("a:x"));
    let count = 2 * i64::try_from(MAX_PAGE).unwrap() + 5;
    run(async {
        let documents: Vec<_> = (1..=count).map(|user| holding(user * 3, 1, &statement)).collect();
        index.write(std::slice::from_ref(&first), &documents).await.unwrap();
        let UserStream { total, mut chunks } = index.stream(&search).await.unwrap();
        let mut found = chunks.next().await.unwrap().unwrap();
        assert_eq!(found.len(), MAX_PAGE);
        let changed: Vec<_> = (1..=count).map(|user| holding(user * 3, 2, &allow("b:x"))).collect();
        index.write(std::slice::from_ref(&first), &changed).await.unwrap();
        index.discard(&first).await.unwrap();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.unwrap();
            assert!(chunk.len() <= MAX_PAGE);
            found.extend(chunk);
        }
        let expected: Vec<_> = documents.iter().map(|document| documents::entry(document)).collect();
        assert_eq!(total, u64::try_from(count).unwrap());
        assert!(found == expected, "{} of {count}", found.len());
    });
}

#[test]
fn nothing_is_read_while_nothing_serves() {
    let (index, first) = serving();
    let search = asked("a:x");
    run(async {
        index.write(std::slice::from_ref(&first), &[holding(1, 1, &allow("a:x"))]).await.unwrap();
        assert!(!index.create(&first).await.unwrap());
        assert_eq!(index.search(&search).await.unwrap().total, 1);
        index.withdraw().await.unwrap();
        assert_eq!(index.serving().await.unwrap(), None);
        assert!(matches!(index.get(UserId(1)).await, Err(IndexError::NotReady)));
        assert!(matches!(index.search(&search).await, Err(IndexError::NotReady)));
        assert!(matches!(index.stream(&search).await, Err(IndexError::NotReady)));
        index.serve(&first).await.unwrap();
        assert_eq!(index.search(&search).await.unwrap().total, 1);
        index.discard(&first).await.unwrap();
        assert_eq!(index.serving().await.unwrap(), None);
        assert!(index.serve(&first).await.is_err());
        index.clear();
        assert!(matches!(index.get(UserId(1)).await, Err(IndexError::NotReady)));
    });
}

#[test]
fn users_share_the_statements_that_they_hold() {
    let (index, first) = serving();
    run(async {
        for user in 1..4 {
            index.write(std::slice::from_ref(&first), &[holding(user, 1, &allow("a:x"))]).await.unwrap();
        }
        let (one, other) = (index.get(UserId(1)).await.unwrap().unwrap(), index.get(UserId(3)).await.unwrap().unwrap());
        assert!(Arc::ptr_eq(&one.permissions.statements[0], &other.permissions.statements[0]));
    });
}

#[test]
fn what_cannot_be_kept_is_refused_and_the_old_one_stays() {
    let (index, first) = serving();
    run(async {
        let kept = holding(1, 1, &allow("a:x"));
        let mut huge = Document::clone(&holding(1, 2, &allow("a:x")));
        huge.permissions.statements = (0..=crate::index::MAX_ENTRIES)
            .map(|id| {
                let conditions =
                    Conditions::from([("c".into(), Condition::Equals { value: Value::Integer(id as i128) })]);
                Arc::new(Effective { conditions, ..allow("a:x") })
            })
            .collect();
        let documents = [Arc::clone(&kept), Arc::new(huge), holding(-1, 1, &allow("a:x"))];
        let written = index.write(std::slice::from_ref(&first), &documents).await.unwrap();
        assert!(matches!(&*written, [Written::Done, Written::Refused(_), Written::Refused(_)]), "{written:?}");
        assert_eq!(index.get(UserId(1)).await.unwrap(), Some(kept));
        assert_eq!(index.get(UserId(-1)).await.unwrap(), None);
    });
}

#[test]
fn who_holds_the_same_shape_with_another_value_or_end_is_found_by_that() {
    let (index, first) = serving();
    let on = |level: i128, until| {
        let conditions = Conditions::from([("level".into(), Condition::Equals { value: Value::Integer(level) })]);
        Effective { conditions, until, ..allow("a:x") }
    };
    let level = |level| Search { attributes: [("level".into(), Value::Integer(level))].into(), ..asked("a:x") };
    run(async {
        for (version, statement, may) in
            [(1, on(1, None), [true, false]), (2, on(2, None), [false, true]), (3, on(2, Some(NOW)), [false, false])]
        {
            index.write(std::slice::from_ref(&first), &[holding(1, version, &statement)]).await.unwrap();
            let found = [index.search(&level(1)).await.unwrap(), index.search(&level(2)).await.unwrap()];
            assert_eq!(found.map(|page| page.total == 1), may, "{version}");
        }
    });
}
