//! Names and patterns: matches, covers, intersect, the union lemma, generalisation.

use super::*;
use std::collections::BTreeSet;

fn matches_is_membership<K: Kind>(universe: &Universe<K>, pattern: &Pattern<K>) {
    for ((name, _), expected) in universe.names.iter().zip(universe.set(pattern)) {
        assert_eq!(pattern.matches(name), expected, "{pattern} {name}");
    }
}

fn covers_is_containment<K: Kind>(universe: &Universe<K>, wide: &Pattern<K>, narrow: &Pattern<K>) {
    let contained = universe.set(narrow).iter().zip(universe.set(wide)).all(|(narrow, wide)| !narrow || wide);
    assert_eq!(wide.covers(narrow), contained, "{wide} {narrow}");
}

fn intersect_is_what_is_in_both<K: Kind>(universe: &Universe<K>, one: &Pattern<K>, other: &Pattern<K>) {
    let expected: Vec<bool> =
        universe.set(one).iter().zip(universe.set(other)).map(|(one, other)| *one && other).collect();
    let both = one.intersect(other);
    assert_eq!(one.meets(other), expected.contains(&true), "{one} {other}");
    assert_eq!(both, other.intersect(one), "{one} {other}");
    if let Some(both) = &both {
        assert_eq!(Pattern::parse(both.as_str()).as_ref(), Ok(both), "{one} {other}");
    }
    let found = both.map_or_else(|| vec![false; expected.len()], |both| universe.set(&both));
    assert_eq!(found, expected, "{one} {other}");
}

/// Whether the union covered, so that the caller can see that it happens.
fn a_union_covers_only_if_one_does<K: Kind>(universe: &Universe<K>, union: &[Pattern<K>], narrow: &Pattern<K>) -> bool {
    let sets: Vec<_> = union.iter().map(|pattern| universe.set(pattern)).collect();
    let mut names = universe.set(narrow).into_iter().enumerate().filter(|(_, is_in)| *is_in);
    let covered = names.all(|(index, _)| sets.iter().any(|set| set[index]));
    assert_eq!(union.iter().any(|wide| wide.covers(narrow)), covered, "{union:?} {narrow}");
    covered
}

proptest! {
    #[test]
    fn matches_is_membership_in_the_set(action in pattern::<Action>(4), resource in pattern::<Resource>(4)) {
        matches_is_membership(&ACTIONS, &action);
        matches_is_membership(&RESOURCES, &resource);
    }

    #[test]
    fn covers_means_that_every_name_is_in_it(
        actions in (pattern::<Action>(4), pattern::<Action>(4)),
        resources in (pattern::<Resource>(3), pattern::<Resource>(3)),
    ) {
        covers_is_containment(&ACTIONS, &actions.0, &actions.1);
        covers_is_containment(&RESOURCES, &resources.0, &resources.1);
    }

    #[test]
    fn intersect_is_exactly_the_names_in_both(
        actions in (pattern::<Action>(4), pattern::<Action>(4)),
        resources in (pattern::<Resource>(3), pattern::<Resource>(3)),
    ) {
        intersect_is_what_is_in_both(&ACTIONS, &actions.0, &actions.1);
        intersect_is_what_is_in_both(&RESOURCES, &resources.0, &resources.1);
    }

    #[test]
    fn what_several_cover_together_one_covers(
        union in prop::collection::vec(pattern::<Resource>(3), 1..8),
        narrow in pattern::<Resource>(3),
    ) {
        a_union_covers_only_if_one_does(&RESOURCES, &union, &narrow);
    }

    #[test]
    fn generalisations_are_exactly_the_patterns_that_match(index in any::<prop::sample::Index>(), inner in 0..=4_usize) {
        generalisations_match(&ACTIONS.names[index.index(ACTIONS.names.len())], inner);
        generalisations_match(&RESOURCES.names[index.index(RESOURCES.names.len())], inner);
    }

    #[test]
    fn generalisations_of_long_names_are_right_too(
        list in prop::collection::vec((select(vec![":", "/"]), "[ab]{1,2}"), 1..=9),
    ) {
        let mut text = "acrn".to_owned();
        for (index, (separator, segment)) in list.iter().enumerate() {
            text.push_str(if index == 0 { ":" } else { separator });
            text.push_str(segment);
        }
        let name = ResourceName::parse(&text).unwrap();
        for inner in [1, 3] {
            let found = generalisations(&name, inner);
            let expected = wildcards_put_anywhere(&text, inner);
            prop_assert!(found.len() == expected.len() && found.len() <= 348, "{} {}", text, found.len());
            prop_assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
        }
    }
}

/// Every pattern over an alphabet wider than the name's, in the form in which it is kept.
fn generalisations_match<K: Kind>((name, split): &(Name<K>, Pieces), inner: usize) {
    let found = generalisations(name, inner);
    let expected: BTreeSet<String> = texts::<K>(&["a", "b", "fresh", "*"], 4)
        .into_iter()
        .filter(|text| is_member(&pieces(text), split))
        .map(|text| Pattern::<K>::parse(&text).unwrap())
        .filter(|pattern| pattern.inner_wildcards() <= inner)
        .map(|pattern| pattern.as_str().to_owned())
        .collect();
    assert_eq!(found.len(), expected.len(), "{name} {found:?}");
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected, "{name}");
}

/// Each segment but the first kept or made `*`, after every length.
fn wildcards_put_anywhere(text: &str, inner: usize) -> BTreeSet<String> {
    let split = pieces(text);
    let mut all = BTreeSet::new();
    for length in 2..=split.len() {
        for mask in 0..1_u32 << (length - 1) {
            let is_wild = |index: usize| index > 0 && mask >> (index - 1) & 1 == 1;
            let ends_wild = is_wild(length - 1);
            let count = (0..length - 1).filter(|index| is_wild(*index)).count();
            if count > inner || (length < split.len() && !ends_wild) {
                continue;
            }
            let piece = |(index, (separator, segment)): (usize, &(char, String))| {
                let segment = if is_wild(index) { "*" } else { segment };
                if index == 0 { segment.to_owned() } else { format!("{separator}{segment}") }
            };
            all.insert(split[..length].iter().enumerate().map(piece).collect());
        }
    }
    all
}

#[test]
fn the_numbers_of_generalisations_are_those_of_the_design() {
    let count = |text: &str| generalisations(&ActionName::parse(text).unwrap(), 3).len();
    assert_eq!(["a", "a:b", "a:b:c", "a:b:c:d"].map(count), [2, 5, 11, 23]);
    let count = |text: &str| generalisations(&ResourceName::parse(text).unwrap(), 3).len();
    assert_eq!(count("acrn:app:1:doc/7"), 23);
    assert_eq!(count("acrn:2:3:4:5:6:7:8:9:10"), 348);
}

#[test]
fn everything_is_everything() {
    let everything = ResourcePattern::parse("*").unwrap();
    assert_eq!(everything, ResourcePattern::parse("acrn:*").unwrap());
    assert_eq!(everything, ResourcePattern::everything());
    assert_eq!(ActionPattern::parse("*").unwrap(), ActionPattern::everything());
    assert!(RESOURCES.names.iter().all(|(name, _)| everything.matches(name)));
    assert!(ACTIONS.names.iter().all(|(name, _)| ActionPattern::everything().matches(name)));
    // What `acrn:*` does not match is no resource.
    assert!(ResourceName::parse("acrn/app:1:doc").is_err());
    assert!(ResourcePattern::parse("acrn/*").is_err());
}

#[test]
fn a_union_of_many_patterns_covers_what_one_of_them_covers() {
    // Every pattern that does not cover `acrn:a:*` alone, together.
    let narrow = ResourcePattern::parse("acrn:a:*").unwrap();
    let parse = |text: &String| ResourcePattern::parse(text).unwrap();
    let all: Vec<_> = texts::<Resource>(&["a", "b", "*"], 3).iter().map(parse).collect();
    let (wide, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|pattern| pattern.covers(&narrow));
    assert!(!a_union_covers_only_if_one_does(&RESOURCES, &rest, &narrow));
    assert!(a_union_covers_only_if_one_does(&RESOURCES, &wide[..1], &narrow));
}
