//! Why a decision is what it is: each statement that matched or nearly matched, and what came of it.
//!
//! Decides nothing itself: what [`Permissions::check`] and [`Permissions::check_anywhere`] say is explained.

use super::attributes::Known;
use super::condition::{Condition, Truth, judge_all};
use super::decision::Decision;
use super::effective::{Effect, Effective, Permissions};
use super::name::{ActionName, ResourceName};
use super::value::Value;
use std::sync::Arc;

/// At most so many statements that decided nothing are shown.
pub const MAX_NEAR_MISSES: usize = 50;

/// The rule that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// An allow matches and no deny does.
    Allowed,
    /// A deny matches, whatever allows.
    Denied,
    /// Nothing matches.
    NoMatch,
    /// The user is inactive: nothing counts.
    InactiveUser,
}

/// A statement and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained<'a> {
    /// The statement, bound.
    pub statement: &'a Arc<Effective>,
    /// Whether it applies to the question, overruled or not.
    pub matched: bool,
    /// Why, for people.
    pub why: String,
}

/// A decision and its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation<'a> {
    /// As [`Decision::allow`].
    pub allow: bool,
    /// The rule that decided.
    pub rule: Rule,
    /// The deciding ones first, then at most [`MAX_NEAR_MISSES`] others that matched, or nearly did.
    pub statements: Vec<Explained<'a>>,
}

/// What is asked: about one resource of which something is known, or about anywhere.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What would be done.
    pub action: &'a ActionName,
    /// On what, and what is known of it; none asks "anywhere at all?".
    pub resource: Option<(&'a ResourceName, &'a Known<'a>)>,
    /// The instant, in microseconds since 1970.
    pub now: i64,
}

impl Permissions {
    /// Explains the answer to `asked`.
    #[must_use]
    pub fn explain(&self, asked: Asked<'_>) -> Explanation<'_> {
        let decision = match asked.resource {
            Some((resource, known)) => self.check(asked.action, resource, known, asked.now),
            None => self.check_anywhere(asked.action, asked.now),
        };
        let decided = |statement: &&Arc<Effective>| decision.deciding.iter().any(|one| Arc::ptr_eq(one, statement));
        let all: Vec<_> = self.statements.iter().map(|statement| self.explained(statement, asked, &decision)).collect();
        let (deciding, others): (Vec<_>, Vec<_>) = all.into_iter().flatten().partition(|one| decided(&one.statement));
        let (mut overruled, mut near): (Vec<_>, Vec<_>) = others.into_iter().partition(|one| one.matched);
        // The nearest first: what only a condition or the time keeps out, then what has the action.
        near.sort_by_key(|one| {
            let has = |resource: &ResourceName| Effective::any_matches(&one.statement.resources, resource);
            let resource = asked.resource.is_none_or(|(resource, _)| has(resource));
            (!Effective::any_matches(&one.statement.actions, asked.action), !resource)
        });
        overruled.extend(near);
        overruled.truncate(MAX_NEAR_MISSES);
        let mut statements = deciding;
        statements.extend(overruled);
        Explanation { allow: decision.allow, rule: self.rule(&decision), statements }
    }

    fn rule(&self, decision: &Decision<'_>) -> Rule {
        match (self.active, decision.allow, decision.deciding.is_empty()) {
            (false, _, _) => Rule::InactiveUser,
            (_, true, _) => Rule::Allowed,
            (_, false, false) => Rule::Denied,
            (_, false, true) => Rule::NoMatch,
        }
    }

    /// What came of a statement; `None` when it has neither the action nor the resource.
    fn explained<'s>(
        &self,
        statement: &'s Arc<Effective>,
        asked: Asked<'_>,
        decision: &Decision<'_>,
    ) -> Option<Explained<'s>> {
        let action = Effective::any_matches(&statement.actions, asked.action);
        let resource = asked.resource.map(|(resource, _)| Effective::any_matches(&statement.resources, resource));
        if !action && resource != Some(true) {
            return None;
        }
        let (matched, why) = if !self.active {
            (false, "the user is inactive, so nothing counts".to_owned())
        } else if !action {
            (false, "the resource matches, the action does not".to_owned())
        } else if resource == Some(false) {
            (false, "the action matches, the resource does not".to_owned())
        } else if !statement.is_alive(asked.now) {
            (false, "it matches, but it has expired".to_owned())
        } else if let Some((_, known)) = asked.resource {
            judged(statement, known)
        } else {
            judged_anywhere(statement, decision)
        };
        Some(Explained { statement, matched, why })
    }
}

/// A statement that has the action, when it is asked about anywhere: the decision says which allows are left.
fn judged_anywhere(statement: &Arc<Effective>, decision: &Decision<'_>) -> (bool, String) {
    let decides = decision.deciding.iter().any(|one| Arc::ptr_eq(one, statement));
    let (matched, why) = match statement.effect {
        Effect::Deny if statement.is_unconditional() => (true, "it denies the action on its resources"),
        Effect::Deny => (false, "it has conditions, so somewhere it takes nothing away"),
        Effect::Allow if decides => (true, "it allows the action somewhere"),
        Effect::Allow => (true, "a deny covers all of its resources"),
    };
    (matched, why.to_owned())
}

/// A statement that has the action and the resource: its conditions decide.
fn judged(statement: &Effective, known: &Known<'_>) -> (bool, String) {
    let truth = judge_all(&statement.conditions, known);
    let matched = match statement.effect {
        Effect::Allow => truth == Truth::Holds,
        Effect::Deny => truth != Truth::Fails,
    };
    let first = |wanted: Truth| {
        statement.conditions.iter().find(|(attribute, condition)| condition.judge(known.get(attribute)) == wanted)
    };
    let why = match (truth, statement.effect) {
        (Truth::Holds, _) if statement.conditions.is_empty() => "action and resource match".to_owned(),
        (Truth::Holds, _) => "action and resource match, and its conditions hold".to_owned(),
        (Truth::Fails, _) => first(truth).map_or_else(String::new, |(attribute, condition)| {
            let found = known.get(attribute).map(shown).unwrap_or_default();
            format!("its condition `{attribute}` {} fails: the resource has {found}", said(condition))
        }),
        (Truth::Unknown, effect) => first(truth).map_or_else(String::new, |(attribute, condition)| {
            let then = match effect {
                Effect::Allow => "an allow gives nothing then",
                Effect::Deny => "a deny applies then",
            };
            format!("its condition `{attribute}` {} is unknown, the attribute is not given: {then}", said(condition))
        }),
    };
    (matched, why)
}

fn said(condition: &Condition) -> String {
    let values: Vec<_> = condition.values().iter().take(3).map(shown).collect();
    let (word, more) = match condition {
        Condition::Equals { .. } => ("Equals", ""),
        Condition::NotEquals { .. } => ("NotEquals", ""),
        Condition::In { values } if values.len() > 3 => ("In", ", …"),
        Condition::In { .. } => ("In", ""),
    };
    format!("{word} {}{more}", values.join(", "))
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{}`", crate::json::quoted(text)),
        other => serde_json::to_string(other).map_or_else(|_| String::new(), |text| format!("`{text}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ActionPattern, Conditions, CustomerId, Origin, ResourcePattern, UserId};

    fn statement(effect: Effect, action: &str, resource: &str) -> Arc<Effective> {
        Arc::new(Effective {
            effect,
            actions: vec![ActionPattern::parse(action).unwrap()],
            resources: vec![ResourcePattern::parse(resource).unwrap()],
            conditions: Conditions::new(),
            until: None,
            policy: None,
            origin: Origin::User(UserId(17)),
        })
    }

    #[test]
    fn anywhere_only_a_deny_of_the_action_covers_an_allow() {
        let allow = statement(Effect::Allow, "doc:read", "acrn:app:1:doc/*");
        let why = |deny: &str| {
            let deny = statement(Effect::Deny, deny, "acrn:*");
            let statements = vec![Arc::clone(&allow), deny];
            let permissions = Permissions { user: UserId(17), customer: CustomerId(1), active: true, statements };
            let action = ActionName::parse("doc:read").unwrap();
            let explained = permissions.explain(Asked { action: &action, resource: None, now: 0 });
            let allow = explained.statements.iter().find(|one| one.statement.effect == Effect::Allow).unwrap();
            (explained.rule, allow.matched, allow.why.clone())
        };
        assert_eq!(why("doc:delete"), (Rule::Allowed, true, "it allows the action somewhere".to_owned()));
        assert_eq!(why("doc:*"), (Rule::Denied, true, "a deny covers all of its resources".to_owned()));
    }
}
