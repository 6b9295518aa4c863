//! The demo: two organizations, small enough to look at, with something of everything.
//!
//! Good questions (user 17 is an engineer of acme):
//! - may 17 do `doc:read` on `acrn:app:1:doc/7`? Yes, by two policies; `doc:delete` on `acrn:app:1:doc/7`: yes, by his group,
//!   but not on `acrn:app:1:doc/legal/7`: a deny for the whole customer;
//! - may 17 do `project:write` on `acrn:app:1:project/apollo/plan`? Yes, with a colleague's temporary grant not needed;
//! - may 17 do `invoice:approve` on `acrn:app:1:invoice/1001`? Only when the attribute `amountClass` is `small`;
//! - who may do `invoice:approve` on `acrn:app:1:invoice/1001` with `amountClass` = `large`? Finance leads;
//! - may 17 do `profile:write` on `acrn:app:1:profile/17`? Yes, and on no other's.

use super::random::Random;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

/// Users in all; the first 700 are of acme.
const USERS: u64 = 1_000;
const ACME_USERS: u64 = 700;

/// The demo's lines: some of its temporary grants end hours after `now`, one has ended.
pub fn demo(now: Timestamp) -> impl Iterator<Item = String> {
    let users = (1..=USERS).flat_map(user);
    let fixed = [customers(), actions(), roles(), groups(), policies(), assignments(), temporary_grants(now)];
    fixed.into_iter().flatten().chain(users).map(|line| line.to_string())
}

fn customers() -> Vec<Json> {
    vec![
        json!({"kind": "customer", "id": 1, "organization": "acme", "name": "Acme"}),
        json!({"kind": "customer", "id": 2, "organization": "globex", "name": "Globex"}),
    ]
}

/// The catalogue: model, verb, title, description, experimental.
const ACTIONS: [(&str, &str, &str, &str, bool); 19] = [
    ("doc", "read", "Read documents", "Open a document and its history", false),
    ("doc", "write", "Write documents", "Change a document", false),
    ("doc", "create", "Create documents", "Add a document", false),
    ("doc", "delete", "Delete documents", "Remove a document for good", false),
    ("doc", "share", "Share documents", "Send a document outside", false),
    ("doc", "summarize", "Summarize documents", "Have a document summed up", true),
    ("invoice", "read", "Read invoices", "See invoices and their state", false),
    ("invoice", "create", "Create invoices", "Write an invoice", false),
    ("invoice", "approve", "Approve invoices", "Release an invoice for payment", false),
    ("invoice", "pay", "Pay invoices", "Pay a released invoice", false),
    ("project", "read", "Read projects", "See a project and its plan", false),
    ("project", "write", "Write projects", "Change a project's plan", false),
    ("project", "close", "Close projects", "End a project", false),
    ("report", "read", "Read reports", "See a report", false),
    ("report", "run", "Run reports", "Make a report anew", false),
    ("report", "forecast", "Forecast", "Have a report look ahead", true),
    ("profile", "read", "Read profiles", "See a colleague's profile", false),
    ("profile", "write", "Write profiles", "Change a profile", false),
    ("ticket", "answer", "Answer tickets", "Write to a customer", false),
];

fn actions() -> Vec<Json> {
    let line = |(model, verb, title, description, experimental): (&str, &str, _, _, _)| {
        json!({"kind": "action", "name": format!("{model}:{verb}"), "model": model, "title": title,
            "description": description, "experimental": experimental})
    };
    ACTIONS.into_iter().map(line).collect()
}

fn roles() -> Vec<Json> {
    let role = |id: u64, organization: &str, name: &str, view: &str, grants: &[Json]| {
        json!({"kind": "role", "id": id, "organization": organization, "name": name,
            "description": format!("The {name}s of the organization"), "frontendView": view, "permissionGrants": grants})
    };
    let grant = |name: &str| json!({"permission_name": name, "conditions": {}});
    let own = json!({"permission_name": "ticket:answer",
        "conditions": {"assignee": {"type": "Equals", "value": "{self_user_id}"}}});
    let partner = json!({"permission_name": "project:read",
        "conditions": {"org_id": {"type": "In", "values": ["{self_org_id}", "globex"]}}});
    let mut lines = Vec::new();
    for (first, organization) in [(1, "acme"), (11, "globex")] {
        lines.extend([
            role(
                first,
                organization,
                "administrator",
                "admin",
                &[grant("permdex:*"), grant("Role:*"), grant("report:*")],
            ),
            role(
                first + 1,
                organization,
                "editor",
                "client",
                &[grant("doc:read"), grant("doc:write"), grant("doc:create")],
            ),
            role(first + 2, organization, "viewer", "client", &[grant("doc:read"), grant("project:read")]),
            role(first + 3, organization, "agent", "client", &[own.clone(), grant("profile:read")]),
            role(first + 4, organization, "partner manager", "client", std::slice::from_ref(&partner)),
        ]);
    }
    lines
}

/// Groups of acme from 1, of globex from 101.
const GROUPS: [(u64, u64, &str); 14] = [
    (1, 1, "Engineering"),
    (2, 1, "Finance"),
    (3, 1, "Finance leads"),
    (4, 1, "Legal"),
    (5, 1, "Sales"),
    (6, 1, "Support"),
    (7, 1, "Contractors"),
    (8, 1, "Project Apollo"),
    (9, 1, "Project Borealis"),
    (101, 2, "Engineering"),
    (102, 2, "Finance"),
    (103, 2, "Sales"),
    (104, 2, "Contractors"),
    (105, 2, "Project Apollo, partner side"),
];

fn groups() -> Vec<Json> {
    let line = |(id, customer, name)| json!({"kind": "securityGroup", "id": id, "customerId": customer, "name": name});
    GROUPS.into_iter().map(line).collect()
}

fn allow(actions: &[&str], resources: &[&str]) -> Json {
    json!({"effect": "allow", "actions": actions, "resources": resources})
}

fn deny(actions: &[&str], resources: &[&str]) -> Json {
    json!({"effect": "deny", "actions": actions, "resources": resources})
}

fn when(mut statement: Json, attribute: &str, condition: &Json) -> Json {
    let conditions = json!({ attribute: condition });
    statement.as_object_mut().map(|fields| fields.insert("conditions".to_owned(), conditions));
    statement
}

fn policies() -> Vec<Json> {
    let small = json!({"type": "Equals", "value": "small"});
    let known = json!({"type": "In", "values": ["small", "medium", "large"]});
    let secret = json!({"type": "NotEquals", "value": "secret"});
    let closed = json!({"type": "Equals", "value": true});
    let own_organization = json!({"type": "Equals", "value": "{self_org_id}"});
    let all: Vec<(u64, Option<u64>, &str, Vec<Json>)> = vec![
        (1, None, "Everybody reads documents", vec![allow(&["doc:read"], &["acrn:app:${customerId}:doc/*"])]),
        (2, None, "Own profile", vec![allow(&["profile:*"], &["acrn:app:${customerId}:profile/${userId}"])]),
        (3, None, "Own folder", vec![allow(&["doc:*"], &["acrn:app:${customerId}:doc/home/${userId}/*"])]),
        (4, None, "Legal hold", vec![deny(&["doc:delete", "doc:write"], &["acrn:app:${customerId}:doc/legal/*"])]),
        (5, None, "Document work", vec![allow(&["doc:*"], &["acrn:app:${customerId}:doc/*"])]),
        (6, None, "Nothing leaves", vec![deny(&["doc:share"], &["*"])]),
        (7, None, "Invoices, reading", vec![allow(&["invoice:read"], &["acrn:app:${customerId}:invoice/*"])]),
        (
            8,
            None,
            "Invoices, writing",
            vec![allow(&["invoice:create", "invoice:pay"], &["acrn:app:${customerId}:invoice/*"])],
        ),
        (
            9,
            None,
            "Invoices, small ones",
            vec![when(allow(&["invoice:approve"], &["acrn:app:${customerId}:invoice/*"]), "amountClass", &small)],
        ),
        (
            10,
            None,
            "Invoices, any",
            vec![when(allow(&["invoice:approve"], &["acrn:app:${customerId}:invoice/*"]), "amountClass", &known)],
        ),
        (11, None, "Projects, reading", vec![allow(&["project:read"], &["acrn:app:${customerId}:project/*"])]),
        (
            12,
            Some(1),
            "Project Apollo",
            vec![
                allow(&["project:*"], &["acrn:app:1:project/apollo/*"]),
                allow(&["doc:*"], &["acrn:app:1:doc/apollo/*"]),
            ],
        ),
        (13, Some(1), "Project Borealis", vec![allow(&["project:*"], &["acrn:app:1:project/borealis/*"])]),
        (
            14,
            None,
            "No closing while open",
            vec![when(deny(&["project:close"], &["acrn:app:${customerId}:project/*"]), "hasOpenTickets", &closed)],
        ),
        (15, None, "Reports", vec![allow(&["report:read", "report:run"], &["acrn:app:${customerId}:report/*"])]),
        (16, None, "Reports, trial", vec![allow(&["report:forecast"], &["acrn:app:${customerId}:report/sales/*"])]),
        (17, None, "Tickets", vec![allow(&["ticket:answer"], &["acrn:app:${customerId}:ticket/*"])]),
        (
            18,
            None,
            "Not the secret ones",
            vec![when(allow(&["doc:read", "doc:summarize"], &["acrn:app:${customerId}:*"]), "level", &secret)],
        ),
        (
            19,
            None,
            "Contractors stay out",
            vec![
                deny(&["doc:*"], &["acrn:app:${customerId}:doc/finance/*", "acrn:app:${customerId}:doc/legal/*"]),
                deny(&["invoice:*"], &["acrn:app:*:invoice/*"]),
            ],
        ),
        (20, None, "Any customer's titles", vec![allow(&["doc:read"], &["acrn:app:*:doc/title/*"])]),
        (21, None, "Profiles", vec![allow(&["profile:read"], &["acrn:app:${customerId}:profile/*"])]),
        (22, Some(2), "Apollo, seen from globex", vec![allow(&["project:read"], &["acrn:app:1:project/apollo/*"])]),
        (
            23,
            None,
            "Administration of users",
            vec![allow(&["permdex:user:*", "permdex:securityGroup:*"], &["acrn:permdex:${customerId}:*"])],
        ),
        (
            24,
            None,
            "Asking who may what",
            vec![allow(
                &["permdex:permission:check", "permdex:permission:search"],
                &["acrn:permdex:${customerId}:user/*"],
            )],
        ),
        (
            25,
            None,
            "Giving policies",
            vec![allow(
                &["permdex:permission:assign", "permdex:permission:remove"],
                &["acrn:permdex:${customerId}:policy/*"],
            )],
        ),
        (
            26,
            None,
            "Own organization only",
            vec![when(allow(&["report:read"], &["acrn:app:*:report/public/*"]), "org_id", &own_organization)],
        ),
        (27, None, "Everything", vec![allow(&["*"], &["*"])]),
        (28, None, "Audit", vec![allow(&["permdex:audit:read"], &["acrn:permdex:${customerId}:audit/*"])]),
        (29, None, "Read policies", vec![allow(&["permdex:policy:read"], &["acrn:permdex:${customerId}:policy/*"])]),
    ];
    let line = |(id, customer, name, statements): (u64, Option<u64>, &str, Vec<Json>)| {
        let mut line = json!({"kind": "policy", "id": id, "name": name, "statements": statements});
        if let (Some(fields), Some(customer)) = (line.as_object_mut(), customer) {
            fields.insert("customerId".to_owned(), json!(customer));
        }
        line
    };
    all.into_iter().map(line).collect()
}

fn assignments() -> Vec<Json> {
    let to = |target: &'static str, id: u64, policies: &[u64]| -> Vec<Json> {
        policies.iter().map(|policy| json!({"kind": "assignment", "policyId": policy, target: id})).collect()
    };
    let mut lines = Vec::new();
    for customer in [1, 2] {
        lines.extend(to("customerId", customer, &[1, 2, 3, 4, 20, 21, 26]));
    }
    for (group, policies) in [
        (1, &[5, 11, 9, 14][..]),
        (2, &[7, 8, 9, 15]),
        (3, &[10, 28]),
        (4, &[5, 6, 18]),
        (5, &[11, 15, 16]),
        (6, &[17]),
        (7, &[19, 11]),
        (8, &[12]),
        (9, &[13, 14]),
        (101, &[5, 11]),
        (102, &[7, 8, 10]),
        (103, &[11, 16]),
        (104, &[19]),
        (105, &[22]),
    ] {
        lines.extend(to("securityGroupId", group, policies));
    }
    // The administrators; and one of acme's looks after globex' reports too.
    lines.extend(to("userId", 1, &[23, 24, 25, 27, 29]));
    lines.extend(to("userId", 701, &[23, 24, 25, 29]));
    lines.push(json!({"kind": "assignment", "policyId": 15, "userId": 2, "customerId": 2}));
    lines
}

fn temporary_grants(now: Timestamp) -> Vec<Json> {
    let grant = |number: u64, user: u64, permission: &str, hours: i64, why: &str| {
        let seconds = now.as_second();
        let ends = Timestamp::from_second(seconds).unwrap_or(now).checked_add(SignedDuration::from_hours(hours));
        json!({"kind": "temporaryGrant", "id": uuid::Uuid::from_u64_pair(0x0000_0000_0000_4000, 0x8000_0000_0000_0000 | number),
            "userId": user, "permissionGrant": {"permission_name": permission, "conditions": {}},
            "expiresAt": ends.unwrap_or(now).to_string(), "justification": why, "tags": {"kind": "incident"}})
    };
    vec![
        grant(1, 17, "invoice:pay", 8, "covers for a colleague in Finance today"),
        grant(2, 42, "doc:delete", 2, "cleans up after the migration of documents"),
        grant(3, 99, "report:*", 24 * 7, "prepares the meeting of the board"),
        grant(4, 18, "project:close", -24, "closed the projects of last year"),
        grant(5, 710, "ticket:answer", 48, "helps out in Support over the weekend"),
    ]
}

const FIRST: [&str; 20] = [
    "ada", "ben", "chloe", "dan", "eva", "finn", "grace", "hugo", "ines", "jan", "kim", "leo", "mia", "noah", "olga",
    "paul", "rosa", "sam", "tara", "yuri",
];
const LAST: [&str; 15] = [
    "abel", "berg", "costa", "diaz", "evans", "frank", "garcia", "haas", "ito", "jensen", "klein", "lopez", "meyer",
    "novak", "olsen",
];

/// A user, his memberships and, for some, a role.
fn user(id: u64) -> Vec<Json> {
    let mut random = Random::new(id);
    let acme = id <= ACME_USERS;
    let (customer, organization) = if acme { (1, "acme") } else { (2, "globex") };
    let email = format!("{}.{}.{id}@{organization}.example", random.pick(&FIRST), random.pick(&LAST));
    let role = match id {
        1 | 701 => Some("administrator"),
        17 => Some("editor"),
        _ if random.percent(60) => Some(random.pick(&["editor", "viewer", "viewer", "agent", "partner manager"])),
        _ => None,
    };
    let mut line = json!({"kind": "user", "id": id, "customerId": customer, "email": email,
        "uiLanguage": random.pick(&["en", "en", "de", "fr", "es"]), "active": id < 20 || !random.percent(3)});
    if let (Some(fields), Some(role)) = (line.as_object_mut(), role) {
        fields.insert("roleName".to_owned(), json!(role));
    }
    let mut groups: Vec<u64> = if id == 17 {
        vec![1, 8]
    } else if acme {
        vec![1 + random.below(7), 1 + random.below(9)]
    } else {
        vec![101 + random.below(5)]
    };
    groups.sort_unstable();
    groups.dedup();
    let members = groups.into_iter().map(|group| json!({"kind": "member", "securityGroupId": group, "userId": id}));
    std::iter::once(line).chain(members).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_is_the_same_each_time() {
        let lines = || demo(Timestamp::UNIX_EPOCH).collect::<Vec<_>>();
        assert_eq!(lines(), lines());
        assert!(lines().iter().all(|line| !line.contains('\n')));
        let users = lines().iter().filter(|line| line.contains(r#""kind":"user""#)).count();
        assert_eq!(users, 1_000);
    }
}
