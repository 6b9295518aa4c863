//! Decisions: deny wins, default deny, fail closed, expiry at the instant; check, anywhere and list agree.

use super::*;
use std::collections::BTreeSet;

/// The statements of this effect that apply: a word for word reading of design section 4.
fn applying(permissions: &Permissions, asked: &Asked, now: i64, effect: Effect) -> Vec<Arc<Effective>> {
    let mut all = Vec::new();
    for statement in &permissions.statements {
        let truths: Vec<_> =
            statement.conditions.iter().map(|(attribute, condition)| truth(attribute, condition, asked)).collect();
        let conditions = match effect {
            Effect::Allow => truths.iter().all(|truth| *truth == Some(true)),
            Effect::Deny => !truths.contains(&Some(false)),
        };
        let in_time = match statement.until {
            Some(until) => until > now,
            None => true,
        };
        let matches =
            one_matches(&statement.actions, &asked.action) && one_matches(&statement.resources, &asked.resource);
        if statement.effect == effect && permissions.active && in_time && conditions && matches {
            all.push(Arc::clone(statement));
        }
    }
    all
}

fn deciding(decision: &Decision<'_>) -> Vec<Arc<Effective>> {
    decision.deciding.iter().map(|statement| Arc::clone(statement)).collect()
}

/// api.md section 3, read word for word over all names of the universe.
fn is_allowed_anywhere(permissions: &Permissions, action: &ActionName, now: i64) -> bool {
    let is_plain = |deny: &Effective| deny.conditions.is_empty() && deny.until.is_none();
    let denies: Vec<_> = permissions
        .statements
        .iter()
        .filter(|deny| deny.effect == Effect::Deny && is_plain(deny) && one_matches(&deny.actions, action))
        .flat_map(|deny| deny.resources.iter().map(|resource| RESOURCES.set(resource)))
        .collect();
    let is_covered = |resource: &ResourcePattern| {
        let set = RESOURCES.set(resource);
        denies.iter().any(|deny| set.iter().zip(deny).all(|(narrow, wide)| !narrow || *wide))
    };
    permissions.active
        && permissions.statements.iter().any(|allow| {
            allow.effect == Effect::Allow
                && allow.until.is_none_or(|until| until > now)
                && one_matches(&allow.actions, action)
                && !allow.resources.iter().all(is_covered)
        })
}

/// A line of a list for one resource alone, everything as text where it has no order.
type Line = (ActionPattern, bool, ResourcePattern, String, Option<i64>, Vec<PolicyId>, Vec<Origin>);

fn lines(entries: &[Entry]) -> Vec<Line> {
    let line = |entry: &Entry, resource: &ResourcePattern| {
        let conditions = format!("{:?}", entry.conditions);
        let (policies, origins) = (entry.policies.clone(), entry.origins.clone());
        (entry.action.clone(), entry.allow, resource.clone(), conditions, entry.until, policies, origins)
    };
    entries.iter().flat_map(|entry| entry.resources.iter().map(move |resource| line(entry, resource))).collect()
}

/// Every pair of what is alive and not wholly denied, with all that gives the same.
fn expected_lines(permissions: &Permissions, filter: &Filter, now: i64) -> BTreeSet<Line> {
    let mut all = BTreeSet::new();
    let alive: Vec<_> =
        permissions.statements().iter().filter(|one| one.until.is_none_or(|until| until > now)).collect();
    for statement in &alive {
        let allow = statement.effect == Effect::Allow;
        for (action, resource) in pairs(statement) {
            let wanted = filter.action.as_ref().is_none_or(|wanted| wanted.meets(action))
                && (filter.resources.is_empty() || filter.resources.iter().any(|wanted| wanted.meets(resource)));
            if !wanted || (allow && is_wholly_denied(permissions, action, resource)) {
                continue;
            }
            let same = |other: &&&Arc<Effective>| {
                other.effect == statement.effect
                    && other.conditions == statement.conditions
                    && other.until == statement.until
                    && other.actions.contains(action)
                    && other.resources.contains(resource)
            };
            let policies: BTreeSet<_> = alive.iter().filter(same).filter_map(|other| other.policy).collect();
            let origins: BTreeSet<_> = alive.iter().filter(same).map(|other| other.origin).collect();
            all.insert((
                action.clone(),
                allow,
                resource.clone(),
                format!("{:?}", statement.conditions),
                statement.until,
                policies.into_iter().collect(),
                origins.into_iter().collect(),
            ));
        }
    }
    all
}

fn pairs(statement: &Effective) -> impl Iterator<Item = (&ActionPattern, &ResourcePattern)> {
    statement.actions.iter().flat_map(|action| statement.resources.iter().map(move |resource| (action, resource)))
}

fn is_wholly_denied(permissions: &Permissions, action: &ActionPattern, resource: &ResourcePattern) -> bool {
    permissions.statements.iter().any(|deny| {
        deny.effect == Effect::Deny
            && deny.conditions.is_empty()
            && deny.until.is_none()
            && pairs(deny).any(|(actions, resources)| actions.covers(action) && resources.covers(resource))
    })
}

proptest! {
    #[test]
    fn a_check_is_default_deny_and_deny_wins(permissions in permissions(), asked in asked(), now in NOW - 2..=NOW + 2) {
        let denies = applying(&permissions, &asked, now, Effect::Deny);
        let allows = applying(&permissions, &asked, now, Effect::Allow);
        let decision = permissions.check(&asked.action, &asked.resource, &asked.known(), now);
        prop_assert_eq!(decision.allow, denies.is_empty() && !allows.is_empty());
        prop_assert_eq!(deciding(&decision), if denies.is_empty() { allows } else { denies });
    }

    #[test]
    fn anywhere_is_what_no_one_deny_covers(permissions in permissions(), asked in asked(), now in NOW - 2..=NOW + 2) {
        let decision = permissions.check_anywhere(&asked.action, now);
        prop_assert_eq!(decision.allow, is_allowed_anywhere(&permissions, &asked.action, now));
        // What is allowed on something is allowed somewhere.
        if permissions.check(&asked.action, &asked.resource, &asked.known(), now).allow {
            prop_assert!(decision.allow);
        }
    }

    #[test]
    fn an_explanation_says_what_is_decided(permissions in permissions(), asked in asked(), now in NOW - 2..=NOW + 2) {
        let known = asked.known();
        let of = |resource| super::super::Asked { action: &asked.action, resource, now };
        let explained = permissions.explain(of(Some((&asked.resource, &known))));
        let decision = permissions.check(&asked.action, &asked.resource, &known, now);
        prop_assert_eq!(explained.allow, decision.allow);
        let shown = |explained: &Explanation<'_>, matched: bool| -> Vec<Arc<Effective>> {
            let of = explained.statements.iter().filter(|one| one.matched == matched);
            of.map(|one| Arc::clone(one.statement)).collect()
        };
        // The deciding ones first, then what they overrule.
        let mut matched = applying(&permissions, &asked, now, Effect::Deny);
        matched.extend(applying(&permissions, &asked, now, Effect::Allow));
        prop_assert_eq!(shown(&explained, true), matched);
        prop_assert_eq!(explained.rule == Rule::Denied, permissions.active && !applying(&permissions, &asked, now, Effect::Deny).is_empty());
        prop_assert!(explained.statements.len() <= decision.deciding.len() + MAX_NEAR_MISSES);
        let anywhere = permissions.explain(of(None));
        prop_assert_eq!(anywhere.allow, permissions.check_anywhere(&asked.action, now).allow);
    }

    #[test]
    fn an_unknown_condition_fails_closed(statement in statement(), asked in asked()) {
        let asked = Asked { attributes: Attributes::new(), organization: None, ..asked };
        let other = Effective { conditions: Conditions::new(), until: None, ..Effective::clone(&statement) };
        let matching = |statement: &Arc<Effective>| {
            one_matches(&statement.actions, &asked.action) && one_matches(&statement.resources, &asked.resource)
        };
        // Beside the same without conditions: only a deny says something then.
        let allow = Arc::new(Effective { effect: Effect::Allow, ..other });
        let permissions = holding(vec![Arc::clone(&allow), Arc::clone(&statement)]);
        let decision = permissions.check(&asked.action, &asked.resource, &asked.known(), NOW - 2);
        prop_assert_eq!(decision.allow, matching(&allow) && statement.effect == Effect::Allow);
        if !statement.conditions.is_empty() && statement.effect == Effect::Allow {
            let alone = holding(vec![statement]);
            prop_assert!(!alone.check(&asked.action, &asked.resource, &asked.known(), NOW - 2).allow);
        }
    }

    #[test]
    fn a_statement_ends_at_its_instant(statement in statement(), asked in asked()) {
        let timed = |effect| Arc::new(Effective { effect, until: Some(NOW), ..Effective::clone(&statement) });
        let endless = Arc::new(Effective { effect: Effect::Allow, until: None, ..Effective::clone(&statement) });
        let allow = holding(vec![timed(Effect::Allow)]);
        let deny = holding(vec![Arc::clone(&endless), timed(Effect::Deny)]);
        let always = holding(vec![endless]);
        for now in [NOW - 1, NOW, NOW + 1] {
            let check = |permissions: &Permissions| permissions.check(&asked.action, &asked.resource, &asked.known(), now).allow;
            prop_assert_eq!(check(&allow), check(&always) && now < NOW);
            prop_assert_eq!(check(&deny), check(&always) && now >= NOW);
            prop_assert_eq!(allow.check_anywhere(&asked.action, now).allow, always.check_anywhere(&asked.action, now).allow && now < NOW);
            prop_assert_eq!(allow.list(&Filter::default(), now).unwrap().is_empty(), now >= NOW);
        }
    }

    #[test]
    fn who_is_inactive_has_nothing(mut permissions in permissions(), asked in asked()) {
        permissions.active = false;
        let nothing = Decision { allow: false, deciding: Vec::new() };
        prop_assert_eq!(permissions.check(&asked.action, &asked.resource, &asked.known(), NOW), nothing.clone());
        prop_assert_eq!(permissions.check_anywhere(&asked.action, NOW), nothing);
        prop_assert_eq!(permissions.list(&Filter::default(), NOW), Ok(Vec::new()));
        prop_assert!(!permissions.holds(&(&asked.action).into(), &(&asked.resource).into(), NOW));
    }

    #[test]
    fn leaving_out_what_is_taken_back_changes_no_answer(permissions in permissions(), asked in asked(), now in NOW - 2..=NOW + 2) {
        let short = permissions.clone().without_what_is_taken_back();
        prop_assert!(short.statements.len() <= permissions.statements.len());
        let check = |permissions: &Permissions| {
            let decision = permissions.check(&asked.action, &asked.resource, &asked.known(), now);
            (decision.allow, deciding(&decision))
        };
        let anywhere = |permissions: &Permissions| {
            let decision = permissions.check_anywhere(&asked.action, now);
            (decision.allow, deciding(&decision))
        };
        prop_assert_eq!(check(&short), check(&permissions));
        prop_assert_eq!(anywhere(&short), anywhere(&permissions));
        prop_assert_eq!(short.list(&Filter::default(), now), permissions.list(&Filter::default(), now));
    }

    #[test]
    fn a_list_is_every_pair_that_counts_once(
        permissions in permissions(),
        action in prop::option::of(pattern::<Action>(2)),
        resources in prop::collection::vec(pattern::<Resource>(2), 0..3),
        now in NOW - 2..=NOW + 2,
    ) {
        let filter = Filter { action, resources };
        let entries = permissions.list(&filter, now).unwrap();
        let found = lines(&entries);
        let each_once: BTreeSet<_> = found.iter().cloned().collect();
        prop_assert_eq!(found.len(), each_once.len());
        prop_assert_eq!(each_once, expected_lines(&permissions, &filter, now));
        let keys: Vec<_> = entries.iter().map(|entry| (entry.action.clone(), entry.allow, entry.policies.clone(), entry.origins.clone(),
            serde_json::to_string(&entry.conditions).unwrap(), entry.until)).collect();
        prop_assert!(keys.is_sorted_by(|one, next| one < next), "{:?}", keys);
        prop_assert!(entries.iter().all(|entry| entry.resources.is_sorted_by(|one, next| one < next)));
    }

    #[test]
    fn what_a_check_allows_is_listed(permissions in permissions(), asked in asked(), now in NOW - 2..=NOW + 2) {
        if permissions.check(&asked.action, &asked.resource, &asked.known(), now).allow {
            let filter = Filter { action: Some((&asked.action).into()), resources: vec![(&asked.resource).into()] };
            let entries = permissions.list(&filter, now).unwrap();
            let gives = |entry: &Entry| {
                entry.allow
                    && entry.action.matches(&asked.action)
                    && entry.resources.iter().any(|resource| resource.matches(&asked.resource))
                    && entry.conditions.iter().all(|(attribute, condition)| truth(attribute, condition, &asked) == Some(true))
            };
            prop_assert!(entries.iter().any(gives), "{:?}", entries);
        }
    }
}
