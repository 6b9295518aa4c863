//! Privilege comparison: nobody gives what he does not have.

use super::*;

/// Every question over the alphabet: with one segment that no pattern names, and longer than the patterns.
pub(super) fn questions() -> impl Iterator<Item = Asked> {
    static NAMES: LazyLock<(Vec<ActionName>, Vec<ResourceName>)> = LazyLock::new(|| {
        let actions = texts::<Action>(&["a", "b", "fresh"], 3);
        let resources = texts::<Resource>(&["a", "b", "fresh"], 3);
        let parse = |text: &String| ActionName::parse(text).unwrap();
        (actions.iter().map(parse).collect(), resources.iter().map(|text| ResourceName::parse(text).unwrap()).collect())
    });
    let (actions, resources) = &*NAMES;
    actions.iter().flat_map(move |action| {
        resources.iter().map(move |resource| Asked {
            action: action.clone(),
            resource: resource.clone(),
            attributes: Attributes::new(),
            organization: None,
        })
    })
}

/// What may be known of a resource: the values that conditions name, another, or nothing.
pub(super) fn knowns() -> Vec<(Attributes, Option<&'static str>)> {
    let values = [
        None,
        Some(super::super::Value::string("x")),
        Some(super::super::Value::Integer(1)),
        Some(super::super::Value::string("other")),
    ];
    let mut all = Vec::new();
    for c in &values {
        for d in &values {
            for organization in [None, Some("x"), Some("other")] {
                let given =
                    [("c", c), ("d", d)].into_iter().filter_map(|(name, value)| Some((name.into(), value.clone()?)));
                all.push((given.collect(), organization));
            }
        }
    }
    all
}

pub(super) fn allows(permissions: &Permissions, asked: &Asked) -> bool {
    permissions.check(&asked.action, &asked.resource, &asked.known(), NOW).allow
}

fn unconditional(statements: Vec<Arc<Effective>>) -> Vec<Arc<Effective>> {
    let plain = |statement: Arc<Effective>| {
        let origin = Origin::Customer(CustomerId(1));
        Arc::new(Effective {
            effect: Effect::Allow,
            conditions: Conditions::new(),
            until: None,
            origin,
            ..Effective::clone(&statement)
        })
    };
    statements.into_iter().map(plain).collect()
}

/// As a policy would say it.
fn unbound(statements: &[Arc<Effective>]) -> Vec<Statement> {
    let statement = |own: &Arc<Effective>| Statement {
        effect: own.effect,
        actions: own.actions.iter().map(|action| Template::parse(action.as_str()).unwrap()).collect(),
        resources: own.resources.iter().map(|resource| Template::parse(resource.as_str()).unwrap()).collect(),
        conditions: own.conditions.clone(),
    };
    statements.iter().map(statement).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn who_covers_what_he_gives_may_do_all_of_it(
        giver in permissions(),
        given in prop::collection::vec(statement(), 1..3),
        conditions in conditions(),
    ) {
        // Half of what is given comes from the giver's own, else he would hardly ever cover it.
        let mut given: Vec<_> = given;
        given.extend(giver.statements.first().map(|own| Arc::new(Effective { conditions, until: None, ..Effective::clone(own) })));
        for statement in given {
            if giver.covers([&*statement]).is_err() || statement.effect == Effect::Deny {
                continue;
            }
            let receiver = holding(vec![Arc::new(Effective { until: None, ..Effective::clone(&statement) })]);
            let patterns = |asked: &Asked| one_matches(&statement.actions, &asked.action) && one_matches(&statement.resources, &asked.resource);
            for mut asked in questions().filter(patterns) {
                for (attributes, organization) in knowns() {
                    (asked.attributes, asked.organization) = (attributes, organization);
                    prop_assert!(!allows(&receiver, &asked) || allows(&giver, &asked), "{:?} {:?}", statement, asked);
                }
            }
        }
    }

    #[test]
    fn without_denies_and_conditions_the_comparison_is_exact(
        own in prop::collection::vec(statement(), 0..5),
        given in prop::collection::vec(statement(), 1..3),
    ) {
        let (giver, receiver) = (holding(unconditional(own)), holding(unconditional(given)));
        let gives_more = questions().any(|asked| allows(&receiver, &asked) && !allows(&giver, &asked));
        let given = receiver.statements.iter().map(|statement| &**statement);
        prop_assert_eq!(giver.covers(given).is_ok(), !gives_more);
    }

    #[test]
    fn one_condition_implies_another_when_every_value_says_so(narrow in condition(), wide in condition()) {
        let values: Vec<_> = ["x", "y", "other"].map(super::super::Value::string).into_iter()
            .chain([super::super::Value::Integer(1), super::super::Value::Boolean(true)]).collect();
        let holds = |condition: &Condition, value| condition.judge(Some(value)) == Truth::Holds;
        let implied = values.iter().all(|value| !holds(&narrow, value) || holds(&wide, value));
        prop_assert_eq!(narrow.implies(&wide), implied);
    }

    #[test]
    fn equal_is_enough(own in prop::collection::vec(statement(), 0..6)) {
        let lasting = |statement: &Arc<Effective>| {
            statement.effect == Effect::Allow && statement.until.is_none() && !matches!(statement.origin, Origin::TemporaryGrant(_))
        };
        let giver = holding(own.into_iter().filter(lasting).collect());
        prop_assert_eq!(giver.covers(giver.statements.iter().map(|statement| &**statement)), Ok(()));
    }

    #[test]
    fn a_temporary_grant_gives_nothing_to_give(statement in statement()) {
        let grant = Origin::TemporaryGrant(TemporaryGrantId(uuid::Uuid::nil()));
        for (until, origin) in [(Some(NOW + 1), statement.origin), (None, grant)] {
            let own = Effective { effect: Effect::Allow, until, origin, ..Effective::clone(&statement) };
            prop_assert!(holding(vec![Arc::new(own.clone())]).covers([&own]).is_err());
        }
    }

    #[test]
    fn taking_a_deny_away_is_compared_like_giving(statement in statement(), giver in permissions()) {
        // A deny took what its conditions left unknown as well.
        let conditions = match statement.effect {
            Effect::Deny => Conditions::new(),
            Effect::Allow => statement.conditions.clone(),
        };
        let as_allow = Effective { effect: Effect::Allow, conditions, ..Effective::clone(&statement) };
        prop_assert_eq!(giver.covers_pairs(&statement), giver.covers([&as_allow]));
    }

    #[test]
    fn who_covers_what_a_change_gives_gives_nothing_else(
        giver in permissions(),
        before in prop::collection::vec(statement(), 0..3),
        after in prop::collection::vec(statement(), 0..3),
        rest in prop::collection::vec(statement(), 0..2),
        shared in 0_usize..3,
    ) {
        let mut after = after;
        // Half of it stays as it was, and half of what is new is the giver's.
        after.extend(before.iter().take(shared).cloned());
        after.extend(giver.statements.first().cloned());
        let (before, after) = (unbound(&before), unbound(&after));
        let binding = Binding::new(CustomerId(1), UserId(17), "x");
        let given = given(&before, &after, &binding);
        if given.iter().all(|given| giver.covers_pairs(given).is_ok()) {
            let with = |own: &[Statement]| {
                let bound = own.iter().map(|own| Arc::new(own.bind(&binding, None, Origin::Customer(CustomerId(1)))));
                holding(bound.chain(rest.iter().cloned()).collect())
            };
            let (before, after) = (with(&before), with(&after));
            for mut asked in questions() {
                for (attributes, organization) in knowns() {
                    (asked.attributes, asked.organization) = (attributes, organization);
                    prop_assert!(
                        !allows(&after, &asked) || allows(&before, &asked) || allows(&giver, &asked),
                        "{:?} {:?}", given, asked
                    );
                }
            }
        }
    }

    #[test]
    fn who_holds_a_pattern_may_do_all_of_it(
        permissions in permissions(),
        action in pattern::<Action>(2),
        resource in pattern::<Resource>(2),
        now in NOW - 2..=NOW + 2,
    ) {
        if permissions.holds(&action, &resource, now) {
            for asked in questions().filter(|asked| action.matches(&asked.action) && resource.matches(&asked.resource)) {
                prop_assert!(permissions.check(&asked.action, &asked.resource, &asked.known(), now).allow, "{:?}", asked);
            }
        }
    }
}
