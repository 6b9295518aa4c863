//! What a dry run says of a user: all that he gains and loses, and where it can be exact, nothing else.

use super::privilege::{allows, knowns, questions};
use super::*;

const ALL: Effort = Effort { pairs: usize::MAX, comparisons: usize::MAX };

/// Two states that have much in common: some statements stay, of some a variant takes their place.
fn states() -> impl Strategy<Value = (Permissions, Permissions)> {
    let some = |most| prop::collection::vec(statement(), 0..=most);
    let end = select(vec![None, None, Some(NOW + 1), Some(NOW + 2)]);
    let varied = (prop::option::of(conditions()), end, 0_usize..3);
    (some(3), some(3), some(2), varied).prop_map(|(rest, before, new, (conditions, until, kept))| {
        let vary = |statement: &Arc<Effective>| {
            let conditions = conditions.clone().unwrap_or_else(|| statement.conditions.clone());
            Arc::new(Effective { conditions, until, policy: None, ..Effective::clone(statement) })
        };
        let mut after: Vec<_> = rest.iter().chain(&new).cloned().collect();
        after.extend(before.iter().take(kept).map(vary));
        let before = rest.iter().cloned().chain(before).collect();
        (holding(before), holding(after))
    })
}

fn is_among(found: &std::collections::BTreeSet<Pair>, asked: &Asked) -> bool {
    found.iter().any(|pair| pair.action.matches(&asked.action) && pair.resource.matches(&asked.resource))
}

/// With nothing but the statements that match the names.
fn concerned(permissions: &Permissions, asked: &Asked) -> Permissions {
    let matches = |one: &&Arc<Effective>| {
        one.actions.iter().any(|action| action.matches(&asked.action))
            && one.resources.iter().any(|resource| resource.matches(&asked.resource))
    };
    holding(permissions.statements.iter().filter(matches).cloned().collect())
}

/// The names of all questions with which something is allowed in one state and not in the other: gained, lost.
fn differing(before: &Permissions, after: &Permissions) -> (Vec<Asked>, Vec<Asked>) {
    let all = |asked: &Asked| [before, after].map(|permissions| allows(permissions, asked));
    let (mut gained, mut lost) = (Vec::new(), Vec::new());
    for asked in questions() {
        match all(&asked) {
            [false, true] => gained.push(asked),
            [true, false] => lost.push(asked),
            _ => {}
        }
    }
    (gained, lost)
}

/// Whether some name of the pair is among those.
fn has_one(pair: &Pair, names: &[Asked]) -> bool {
    names.iter().any(|asked| pair.action.matches(&asked.action) && pair.resource.matches(&asked.resource))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_a_user_gains_or_loses_is_told((before, after) in states()) {
        let found = Difference::between(&before, &after, NOW, ALL);
        prop_assert!(!found.is_cut);
        let knowns = knowns();
        for mut asked in questions() {
            // Statements that don't match decide nothing, and the rest is asked about often.
            let [before, after] = [&before, &after].map(|permissions| concerned(permissions, &asked));
            let all = before.statements.iter().chain(&after.statements);
            let enough = if all.clone().all(|one| one.conditions.is_empty()) { 1 } else { knowns.len() };
            if before.statements == after.statements {
                continue;
            }
            for (attributes, organization) in knowns.iter().take(enough) {
                (asked.attributes, asked.organization) = (attributes.clone(), *organization);
                for now in [NOW, NOW + 1] {
                    let [was, is] = [&before, &after].map(|permissions| {
                        permissions.check(&asked.action, &asked.resource, &asked.known(), now).allow
                    });
                    prop_assert!(was || !is || is_among(&found.gains, &asked), "gains {asked:?} {found:?}");
                    prop_assert!(is || !was || is_among(&found.losses, &asked), "loses {asked:?} {found:?}");
                }
            }
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn without_conditions_and_ends_nothing_else_is_told(
        rest in prop::collection::vec(statement(), 0..3),
        before in prop::collection::vec(statement(), 0..3),
        after in prop::collection::vec(statement(), 0..3),
    ) {
        let plain = |statement: &Arc<Effective>| {
            Arc::new(Effective { conditions: Conditions::new(), until: None, ..Effective::clone(statement) })
        };
        let state = |own: &[Arc<Effective>]| holding(rest.iter().chain(own).map(plain).collect());
        let (before, after) = (state(&before), state(&after));
        let found = Difference::between(&before, &after, NOW, ALL);
        let (gained, lost) = differing(&before, &after);
        for (pairs, names) in [(&found.gains, &gained), (&found.losses, &lost)] {
            prop_assert!(pairs.iter().all(|pair| has_one(pair, names)), "{:?} {:?}", found, names);
            prop_assert!(names.iter().all(|asked| is_among(pairs, asked)), "{:?} {:?}", found, names);
        }
    }

    #[test]
    fn what_only_moves_is_no_difference(permissions in permissions(), seed in any::<prop::sample::Index>()) {
        let mut moved: Vec<_> = permissions.statements.iter().map(|one| Arc::new(Effective::clone(one))).collect();
        if !moved.is_empty() {
            let by = seed.index(moved.len());
            moved.rotate_left(by);
            moved.push(Arc::new(Effective { policy: Some(PolicyId(99)), ..Effective::clone(&moved[0]) }));
        }
        prop_assert_eq!(Difference::between(&permissions, &holding(moved), NOW, ALL), Difference::default());
    }

    #[test]
    fn the_way_back_is_the_mirror((before, after) in states()) {
        let (there, back) = (Difference::between(&before, &after, NOW, ALL), Difference::between(&after, &before, NOW, ALL));
        prop_assert_eq!(there.gains, back.losses);
        prop_assert_eq!(there.losses, back.gains);
    }

    #[test]
    fn who_is_inactive_gains_and_loses_nothing((mut before, mut after) in states()) {
        (before.active, after.active) = (false, false);
        prop_assert_eq!(Difference::between(&before, &after, NOW, ALL), Difference::default());
    }

    #[test]
    fn bounds_only_shorten_it((before, after) in states(), pairs in 1_usize..4, comparisons in 0_usize..400) {
        let all = Difference::between(&before, &after, NOW, ALL);
        let few = Difference::between(&before, &after, NOW, Effort { pairs, ..ALL });
        prop_assert!(!few.is_cut);
        for (few, all) in [(&few.gains, &all.gains), (&few.losses, &all.losses)] {
            prop_assert!(few.is_subset(all) && few.len() == all.len().min(pairs), "{few:?} {all:?}");
        }
        let cut = Difference::between(&before, &after, NOW, Effort { comparisons, ..ALL });
        prop_assert!(cut.gains.is_subset(&all.gains) && cut.losses.is_subset(&all.losses));
        prop_assert!(cut.is_cut || cut == all);
    }

    #[test]
    fn conditions_exclude_each_other_when_no_value_holds_in_both(one in condition(), other in condition()) {
        let values: Vec<_> = ["x", "y", "other"].map(super::super::Value::string).into_iter()
            .chain([super::super::Value::Integer(1), super::super::Value::Boolean(true)]).collect();
        let holds = |condition: &Condition, value| condition.judge(Some(value)) == Truth::Holds;
        let both = values.iter().any(|value| holds(&one, value) && holds(&other, value));
        prop_assert_eq!(one.excludes(&other), !both);
    }
}

#[test]
fn what_conditions_leave_is_told_as_narrowly_as_patterns_can() {
    let one = |effect, action: &str, resource: &str, color: Option<&str>| {
        let equals = |color: &str| ("color".into(), Condition::Equals { value: super::super::Value::string(color) });
        Arc::new(Effective {
            effect,
            actions: vec![ActionPattern::parse(action).unwrap()],
            resources: vec![ResourcePattern::parse(resource).unwrap()],
            conditions: color.into_iter().map(equals).collect(),
            until: None,
            policy: None,
            origin: Origin::Customer(CustomerId(1)),
        })
    };
    let allow = |color| one(Effect::Allow, "doc:*", "acrn:app:1:doc/*", color);
    let deny = |color| one(Effect::Deny, "*:read", "acrn:app:*:doc/7", color);
    let texts = |pairs: &std::collections::BTreeSet<Pair>| pairs.iter().map(Pair::to_string).collect::<Vec<_>>();
    let lost = |before: Vec<Arc<Effective>>, after: Vec<Arc<Effective>>| {
        let found = Difference::between(&holding(before), &holding(after), NOW, ALL);
        assert!(found.gains.is_empty(), "{found:?}");
        texts(&found.losses)
    };
    let (all, red, none) = (allow(None), allow(Some("red")), Vec::<String>::new());
    let (never, if_red, if_blue) = (deny(None), deny(Some("red")), deny(Some("blue")));
    // A deny cuts the part out that it meets.
    let seven = ["doc:read acrn:app:1:doc/7"];
    assert_eq!(lost(vec![all.clone()], vec![all.clone(), never.clone()]), seven);
    assert_eq!(lost(vec![red.clone()], vec![red.clone(), if_red.clone()]), seven);
    // What is blue is not allowed anyway, what is denied already isn't lost, and nothing is by one that says less.
    assert_eq!(lost(vec![red.clone()], vec![red.clone(), if_blue]), none);
    assert_eq!(lost(vec![all.clone(), never.clone()], vec![all.clone(), never.clone(), if_red.clone()]), none);
    assert_eq!(lost(vec![red.clone(), if_red], vec![red.clone(), never]), none);
    assert_eq!(lost(vec![all.clone()], vec![red.clone()]), ["doc:* acrn:app:1:doc/*"]);
    assert_eq!(lost(vec![all.clone(), red], vec![all]), none);
}
