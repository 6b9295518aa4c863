//! What a change of statements gives: new allows, and denies that are taken away or weakened (api.md section 1).
//!
//! Assigning a policy puts its statements in the place of none, removing it puts none in their place, editing it puts
//! the new ones in the place of the old. What is given is then compared with what the giver has.

use super::effective::{Effect, Effective};
use super::id::UserId;
use super::origin::Origin;
use super::pattern::{ActionPattern, ResourcePattern};
use super::privilege::{has, is_weaker};
use super::statement::{Binding, Statement};
use super::template::BoundUser;

/// What whoever `binding` speaks of is given when `after` takes the place of `before`: allows, and denies that no
/// longer take, which stand here for what they took.
///
/// A pair that one statement says no less widely on the other side is not given. That is decided for a user whose id is
/// named nowhere, so it holds for each; what is left is bound as `binding` says.
#[must_use]
pub fn given(before: &[Statement], after: &[Statement], binding: &Binding<'_>) -> Vec<Effective> {
    let anybody = Binding { user: BoundUser::One(unnamed(before.iter().chain(after))), ..*binding };
    let mut all = beyond(Effect::Allow, before, after, &anybody, binding);
    all.extend(beyond(Effect::Deny, after, before, &anybody, binding));
    all
}

/// The pairs of `new` that no single statement of `old` says.
fn beyond(
    effect: Effect,
    old: &[Statement],
    new: &[Statement],
    anybody: &Binding<'_>,
    binding: &Binding<'_>,
) -> Vec<Effective> {
    let of = |statement: &&Statement| statement.effect == effect;
    let said: Vec<_> = old.iter().filter(of).map(|statement| said_to(statement, anybody)).collect();
    let mut all = Vec::new();
    for statement in new.iter().filter(of) {
        let generic = said_to(statement, anybody);
        let wider: Vec<_> = said.iter().filter(|old| is_weaker(&old.conditions, &generic.conditions)).collect();
        let is_said =
            |action: &ActionPattern, resource: &ResourcePattern| wider.iter().any(|old| has(old, action, resource));
        let bound = said_to(statement, binding);
        for (action, generic_action) in bound.actions.iter().zip(&generic.actions) {
            let pairs = bound.resources.iter().zip(&generic.resources);
            let left = pairs.filter(|(_, resource)| !is_said(generic_action, resource));
            let resources: Vec<_> = left.map(|(resource, _)| resource.clone()).collect();
            if !resources.is_empty() {
                all.push(Effective { actions: vec![action.clone()], resources, ..bound.clone() });
            }
        }
    }
    all
}

fn said_to(statement: &Statement, binding: &Binding<'_>) -> Effective {
    statement.bind(binding, None, Origin::Customer(binding.scope))
}

/// An id that none of `statements` writes out.
fn unnamed<'a>(statements: impl Iterator<Item = &'a Statement> + Clone) -> UserId {
    let mut texts: Vec<&str> = Vec::new();
    for statement in statements {
        texts.extend(statement.actions.iter().map(super::Template::as_str));
        texts.extend(statement.resources.iter().map(super::Template::as_str));
        let values = statement.conditions.values().flat_map(super::Condition::values);
        texts.extend(values.filter_map(|value| match value {
            super::Value::String(text) => Some(&**text),
            _ => None,
        }));
    }
    let is_written = |id: &i64| {
        let id = id.to_string();
        texts.iter().any(|text| text.contains(&id))
    };
    // Each text writes out finitely many: one is found after at most as many tries as there are numbers in them.
    UserId((i64::MIN..0).find(|id| !is_written(id)).unwrap_or(i64::MIN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CustomerId, read_statements};
    use crate::json::{Errors, parse};

    fn statements(json: &str) -> Vec<Statement> {
        read_statements(parse(json.as_bytes()).unwrap(), "", &mut Errors::default()).unwrap()
    }

    fn given_texts(before: &str, after: &str, user: BoundUser) -> Vec<String> {
        let binding = Binding { scope: CustomerId(1), user, organization: "acme" };
        let texts = |given: &Effective| {
            let resources = given.resources.iter().map(|resource| format!("{} {resource}", given.actions[0]));
            resources.collect::<Vec<_>>()
        };
        given(&statements(before), &statements(after), &binding).iter().flat_map(texts).collect()
    }

    const READ: &str = r#"[{"effect":"allow","actions":["doc:read","doc:edit"],"resources":["acrn:app:1:doc/*"]}]"#;

    #[test]
    fn what_stays_is_not_given_and_neither_is_what_gets_narrower() {
        let narrower = r#"[{"effect":"allow","actions":["doc:read"],"resources":["acrn:app:1:doc/7"]}]"#;
        assert!(given_texts(READ, READ, BoundUser::Any).is_empty());
        assert!(given_texts(READ, narrower, BoundUser::Any).is_empty());
        assert_eq!(
            given_texts(narrower, READ, BoundUser::Any),
            ["doc:read acrn:app:1:doc/*", "doc:edit acrn:app:1:doc/*"]
        );
    }

    #[test]
    fn a_deny_that_goes_or_gets_conditions_gives_back_what_it_took() {
        let deny = r#"[{"effect":"deny","actions":["doc:read"],"resources":["acrn:app:1:doc/*"]}]"#;
        let weaker = r#"[{"effect":"deny","actions":["doc:read"],"resources":["acrn:app:1:doc/*"],
            "conditions":{"color":{"type":"Equals","value":"red"}}}]"#;
        let back = ["doc:read acrn:app:1:doc/*"];
        assert_eq!(given_texts(deny, READ, BoundUser::Any).last().unwrap(), back[0]);
        assert_eq!(given_texts(deny, weaker, BoundUser::Any), back);
        assert!(given_texts(weaker, deny, BoundUser::Any).is_empty());
        assert!(given_texts("[]".replace("[]", deny).as_str(), deny, BoundUser::Any).is_empty());
    }

    #[test]
    fn one_s_own_is_not_everybody_s() {
        let own = r#"[{"effect":"allow","actions":["doc:read"],"resources":["acrn:app:1:doc/${userId}"]}]"#;
        let all = r#"[{"effect":"allow","actions":["doc:read"],"resources":["acrn:app:1:doc/*"]}]"#;
        let mine = r#"[{"effect":"allow","actions":["doc:read"],"resources":["acrn:app:1:doc/*"],
            "conditions":{"owner":{"type":"Equals","value":"{self_user_id}"}}}]"#;
        for (before, after) in [(own, all), (mine, all)] {
            assert_eq!(given_texts(before, after, BoundUser::Any), ["doc:read acrn:app:1:doc/*"], "{before}");
            assert!(given_texts(after, before, BoundUser::Any).is_empty());
        }
        // Nor can somebody write out the id that stands for everybody's.
        let written = own.replace("${userId}", &i64::MIN.to_string());
        assert_eq!(given_texts(&written, own, BoundUser::One(UserId(17))), ["doc:read acrn:app:1:doc/17"]);
    }
}
