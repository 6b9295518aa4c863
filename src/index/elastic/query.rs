//! The who-has question as a search body (`../shared/index.md`, Query): filters only, nothing is scored.

use super::super::{Customers, QuestionTerms, ResourceTerms, Search};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The search that answers `search`, of which `terms` are the terms: the embedded engine logs it too, as the query
/// that it stands for.
#[must_use]
pub fn search_body(search: &Search, terms: &QuestionTerms) -> Value {
    // One more than the page, to know whether there are more.
    let size = if search.limit == 0 { 0 } else { search.limit + 1 };
    let mut body = json!({
        "query": query(search, terms),
        "sort": [{"userId": "asc"}],
        "size": size,
        "track_total_hits": true,
        "_source": false,
        "docvalue_fields": ["customerId", "email", "uiLanguage"],
    });
    if let Some(after) = search.after.filter(|_| size > 0) {
        set(&mut body, "search_after", json!([after]));
    }
    body
}

/// Sets a key of an object.
pub(super) fn set(object: &mut Value, key: &str, value: Value) {
    if let Some(map) = object.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

fn query(search: &Search, terms: &QuestionTerms) -> Value {
    let mut filter = vec![json!({"term": {"active": true}})];
    if let Customers::Only(customers) = &search.customers {
        filter.push(json!({"terms": {"customerId": customers}}));
    }
    if terms.resources.is_empty() {
        filter.push(anywhere(search, terms));
        return json!({"bool": {"filter": filter}});
    }
    // Each of them has to be allowed; what denies one of them denies the whole.
    filter.extend(terms.resources.iter().map(|resource| allowed(search, terms, resource)));
    json!({"bool": {"filter": filter, "must_not": denied(search, terms)}})
}

/// Something allows the action on the resource.
fn allowed(search: &Search, terms: &QuestionTerms, resource: &ResourceTerms) -> Value {
    let values: Vec<&String> = terms.values.iter().chain(&resource.organization).collect();
    let organization = resource.organization.is_some().then(QuestionTerms::organization_name);
    let known: Vec<&String> = values.iter().copied().chain(&terms.names).chain(&organization).collect();
    // All conditions hold. `terms_set` never matches where none are required, hence the second way.
    let conditions = json!([
        {"term": {"statements.requiresCount": 0}},
        {"terms_set": {"statements.requires": {
            "terms": known,
            "minimum_should_match_field": "statements.requiresCount",
        }}},
    ]);
    let entry = nested(&json!({
        "filter": [
            {"term": {"statements.kind": "allow"}},
            {"terms": {"statements.actions": terms.actions}},
            {"terms": {"statements.resources": resource.patterns}},
            not_ended(search),
            {"bool": {"should": conditions}},
        ],
        "must_not": [{"terms": {"statements.forbids": values}}],
    }));
    json!({"bool": {"should": [{"terms": {"allow": resource.pairs}}, entry]}})
}

/// Something denies the action on one of the resources.
fn denied(search: &Search, terms: &QuestionTerms) -> Value {
    let pairs: Vec<&String> = terms.resources.iter().flat_map(|resource| &resource.pairs).collect();
    // A deny fails only when a known attribute fails one of its conditions.
    let mut fails = vec![json!({"terms": {"statements.forbids": terms.values}})];
    fails.extend(terms.names.iter().zip(&terms.values).map(|(name, value)| differs(name, value)));
    let entry = nested(&json!({
        "filter": [
            {"term": {"statements.kind": "deny"}},
            {"terms": {"statements.actions": terms.actions}},
            not_ended(search),
            {"bool": {"should": by_organization(&terms.resources)}},
        ],
        "must_not": fails,
    }));
    json!([{"terms": {"deny": pairs}}, entry])
}

/// A deny's resources, once per organization: resources of one organization know the same of it.
fn by_organization(resources: &[ResourceTerms]) -> Vec<Value> {
    let mut groups: BTreeMap<Option<&String>, Vec<&String>> = BTreeMap::new();
    for resource in resources {
        groups.entry(resource.organization.as_ref()).or_default().extend(&resource.patterns);
    }
    let name = QuestionTerms::organization_name();
    let group = |(organization, patterns): (Option<&String>, Vec<&String>)| {
        let matches = json!({"terms": {"statements.resources": patterns}});
        match organization {
            None => matches,
            Some(value) => {
                let fails = [json!({"term": {"statements.forbids": value}}), differs(&name, value)];
                json!({"bool": {"filter": matches, "must_not": fails}})
            }
        }
    };
    groups.into_iter().map(group).collect()
}

/// The entry wants another value of the attribute than the one it has.
fn differs(name: &str, value: &str) -> Value {
    json!({"bool": {
        "filter": {"term": {"statements.tests": name}},
        "must_not": {"term": {"statements.requires": value}},
    }})
}

/// The action is allowed somewhere.
fn anywhere(search: &Search, terms: &QuestionTerms) -> Value {
    let entry = nested(&json!({
        "filter": [
            {"term": {"statements.kind": "anywhere"}},
            {"terms": {"statements.actions": terms.actions}},
            not_ended(search),
        ],
        "must_not": [{"terms": {"statements.except": terms.actions}}],
    }));
    json!({"bool": {"should": [{"terms": {"anywhere": terms.actions}}, entry]}})
}

fn nested(query: &Value) -> Value {
    json!({"nested": {"path": "statements", "query": {"bool": query}}})
}

/// From its instant on a thing is nothing.
fn not_ended(search: &Search) -> Value {
    json!({"range": {"statements.until": {"gt": search.now}}})
}
