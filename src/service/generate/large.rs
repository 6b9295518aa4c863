//! Organizations of any size.

use super::random::Random;
use serde_json::{Value as Json, json};

/// How large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Users, ids from 1.
    pub users: u64,
    /// Policies, ids from 1.
    pub policies: u64,
    /// Security groups, ids from 1.
    pub groups: u64,
}

/// Roles a customer.
const ROLES: u64 = 5;
const VERBS: [&str; 6] = ["read", "write", "list", "delete", "share", "approve"];

/// About one customer per 5,000 users, 4 groups a user, 3 policies a group, a policy of his own for one in 20, a role
/// for one in 3, a temporary grant for one in 100. One policy in 20 denies, one in 10 has conditions, one in 10
/// names the user, every second the customer.
pub fn large(size: Size, seed: u64) -> impl Iterator<Item = String> {
    let customers = size.users / 5_000 + 1;
    let home = move |id: u64| 1 + id % customers;
    let customer = |id| json!({"kind": "customer", "id": id, "organization": format!("org-{id}"), "name": format!("Organization {id}")});
    let mut random = Random::new(seed);
    let policies = (1..=size.policies).map(move |id| policy(id, &mut random));
    let mut random = Random::new(seed ^ 1);
    let groups = (1..=size.groups).flat_map(move |id| group(id, home(id), size.policies, &mut random));
    let mut random = Random::new(seed ^ 2);
    let users = (1..=size.users).flat_map(move |id| user(id, home(id), customers, &size, &mut random));
    let lines = (1..=customers).map(customer);
    let roles = (1..=customers).flat_map(|customer| (1..=ROLES).map(move |number| role(customer, number)));
    lines.chain(roles).chain(policies).chain(groups).chain(users).map(|line| line.to_string())
}

fn role(customer: u64, number: u64) -> Json {
    let grants: Vec<_> = (0..3)
        .map(|at| json!({"permission_name": format!("kind{}:read", number * 3 + at), "conditions": {}}))
        .collect();
    json!({"kind": "role", "id": (customer - 1) * ROLES + number, "organization": format!("org-{customer}"),
        "name": format!("role {number}"), "description": "", "frontendView": "client", "permissionGrants": grants})
}

fn policy(id: u64, random: &mut Random) -> Json {
    let model = id % 200;
    let actions: Vec<_> = (0..=random.below(3)).map(|_| format!("kind{model}:{}", random.pick(&VERBS))).collect();
    let customer = if random.percent(50) { "${customerId}" } else { "*" };
    let tail = match random.below(10) {
        0 => "${userId}/*".to_owned(),
        1 => "*".to_owned(),
        _ => format!("{}/*", random.below(100)),
    };
    let effect = if random.percent(5) { "deny" } else { "allow" };
    let resources = [format!("acrn:app:{customer}:kind{model}/{tail}"), format!("acrn:app:{customer}:shared/{id}")];
    let mut statement = json!({"effect": effect, "actions": actions, "resources": resources});
    if random.percent(10) {
        let condition = json!({"color": {"type": "In", "values": ["red", "blue"]}});
        statement.as_object_mut().map(|fields| fields.insert("conditions".to_owned(), condition));
    }
    json!({"kind": "policy", "id": id, "name": format!("policy {id}"), "statements": [statement]})
}

fn group(id: u64, customer: u64, policies: u64, random: &mut Random) -> Vec<Json> {
    let mut lines =
        vec![json!({"kind": "securityGroup", "id": id, "customerId": customer, "name": format!("Group {id}")})];
    for _ in 0..policies.min(3) {
        let policy = 1 + random.below(policies);
        lines.push(json!({"kind": "assignment", "policyId": policy, "securityGroupId": id}));
    }
    lines
}

fn user(id: u64, customer: u64, customers: u64, size: &Size, random: &mut Random) -> Vec<Json> {
    let mut line = json!({"kind": "user", "id": id, "customerId": customer,
        "email": format!("user{id}@org-{customer}.example"), "uiLanguage": random.pick(&["en", "de", "fr"]),
        "active": !random.percent(2)});
    if random.percent(33) {
        let role = Json::String(format!("role {}", 1 + random.below(ROLES)));
        line.as_object_mut().map(|fields| fields.insert("roleName".to_owned(), role));
    }
    let mut lines = vec![line];
    // The groups of a customer are those whose id leaves its rest.
    let rest = customer - 1;
    let own = (size.groups + customers).saturating_sub(rest) / customers;
    for _ in 0..4 {
        let group = rest + customers * random.below(own);
        if (1..=size.groups).contains(&group) {
            lines.push(json!({"kind": "member", "securityGroupId": group, "userId": id}));
        }
    }
    if size.policies > 0 && random.percent(5) {
        lines.push(json!({"kind": "assignment", "policyId": 1 + random.below(size.policies), "userId": id}));
    }
    if random.percent(1) {
        lines.push(json!({"kind": "temporaryGrant", "id": uuid::Uuid::from_u64_pair(seed_of(id), id), "userId": id,
            "permissionGrant": {"permission_name": "kind1:approve", "conditions": {}},
            "expiresAt": "2100-01-01T00:00:00Z", "justification": "a generated temporary grant", "tags": {}}));
    }
    lines
}

/// Any number, the same for the same id.
fn seed_of(id: u64) -> u64 {
    Random::new(id).below(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_lines_and_another_gives_others() {
        let size = Size { users: 200, policies: 20, groups: 30 };
        let lines = |seed| large(size, seed).collect::<Vec<_>>();
        assert_eq!(lines(7), lines(7));
        assert_ne!(lines(7), lines(8));
        let users = lines(7).iter().filter(|line| line.contains(r#""kind":"user""#)).count();
        assert_eq!(users, 200);
    }
}
