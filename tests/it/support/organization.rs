//! Random small organizations, as import lines and as plain lists that an oracle can loop over.

use serde_json::{Value as Json, json};

/// Numbers that look random and are the same each time.
#[derive(Debug)]
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % bound as u64).expect("small")
    }

    pub fn one_in(&mut self, number: usize) -> bool {
        self.below(number) == 0
    }

    pub fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }
}

#[derive(Debug, Clone)]
pub struct User {
    pub id: i64,
    pub customer: i64,
    pub active: bool,
    pub role: Option<i64>,
}

#[derive(Debug, Clone)]
pub struct Assignment {
    pub policy: i64,
    pub user: Option<i64>,
    pub group: Option<i64>,
    /// The target when it stands alone, else the scope.
    pub customer: Option<i64>,
}

/// Everything there is.
#[derive(Debug, Default)]
pub struct Organization {
    pub customers: Vec<i64>,
    /// Id, customer, grants.
    pub roles: Vec<(i64, i64, Json)>,
    pub users: Vec<User>,
    /// Id, customer.
    pub groups: Vec<(i64, i64)>,
    /// Group, user.
    pub members: Vec<(i64, i64)>,
    /// Id, owner, statements.
    pub policies: Vec<(i64, Option<i64>, Json)>,
    pub assignments: Vec<Assignment>,
    /// Id, user, grant, hours from now.
    pub grants: Vec<(uuid::Uuid, i64, Json, i64)>,
}

/// The instant that `grants` count from.
pub const NOW: &str = "2030-01-01T00:00:00Z";

pub fn slug(customer: i64) -> String {
    format!("org-{customer}")
}

impl Organization {
    pub fn random(seed: u64) -> Self {
        let dice = &mut Dice(seed);
        let mut all = Self { customers: vec![3, 7, 8], ..Self::default() };
        all.roles = (1..=4).map(|id| (id, dice.pick(&all.customers), grants(dice))).collect();
        all.groups = (1..=6).map(|id| (id, dice.pick(&all.customers))).collect();
        for id in 1..=25 {
            let customer = dice.pick(&all.customers);
            let roles: Vec<i64> = all.roles.iter().filter(|role| role.1 == customer).map(|role| role.0).collect();
            let role = if roles.is_empty() || dice.one_in(2) { None } else { Some(dice.pick(&roles)) };
            all.users.push(User { id: id * 3, customer, active: !dice.one_in(6), role });
        }
        for (group, customer) in all.groups.clone() {
            for user in all.users.iter().filter(|user| user.customer == customer) {
                if dice.one_in(3) {
                    all.members.push((group, user.id));
                }
            }
        }
        for id in 1..=8 {
            let owner = if dice.one_in(3) { Some(dice.pick(&all.customers)) } else { None };
            all.policies.push((id, owner, statements(dice)));
        }
        for _ in 0..20 {
            all.assignments.extend(all.assignment(dice));
        }
        for number in 0..6 {
            let user = dice.pick(&all.users).id;
            let hours = dice.pick(&[-48, 1, 24]);
            all.grants.push((uuid::Uuid::from_u128(number + 1), user, grant(dice), hours));
        }
        all
    }

    /// `None` when the policy isn't for that customer.
    fn assignment(&self, dice: &mut Dice) -> Option<Assignment> {
        let (policy, owner, _) = dice.pick(&self.policies);
        let (user, group) = (dice.pick(&self.users), dice.pick(&self.groups));
        let scope = dice.one_in(2).then(|| dice.pick(&self.customers));
        let (customer, made) = match dice.below(3) {
            0 => (user.customer, Assignment { policy, user: Some(user.id), group: None, customer: scope }),
            1 => (group.1, Assignment { policy, user: None, group: Some(group.0), customer: scope }),
            _ => (user.customer, Assignment { policy, user: None, group: None, customer: Some(user.customer) }),
        };
        owner.is_none_or(|owner| owner == customer).then_some(made)
    }

    /// As a file, in an order that depends on the seed.
    pub fn lines(&self, shuffle: u64) -> Vec<String> {
        let mut lines: Vec<Json> = Vec::new();
        for id in &self.customers {
            lines.push(json!({"kind": "customer", "id": id, "organization": slug(*id), "name": "A\tb\\n \"ü\""}));
        }
        for (id, customer, grants) in &self.roles {
            lines.push(json!({"kind": "role", "id": id, "organization": slug(*customer), "name": format!("role {id}"),
                "description": "what it is for\nand not", "frontendView": "admin", "permissionGrants": grants}));
        }
        for user in &self.users {
            let mut line = json!({"kind": "user", "id": user.id, "customerId": user.customer,
                "email": format!("u{}@example.com", user.id), "uiLanguage": "de", "active": user.active});
            if let Some(role) = user.role {
                line["roleName"] = json!(format!("role {role}"));
            }
            lines.push(line);
        }
        for (id, customer) in &self.groups {
            lines
                .push(json!({"kind": "securityGroup", "id": id, "customerId": customer, "name": format!("group {id}"),
                "description": "d"}));
        }
        for (group, user) in &self.members {
            lines.push(json!({"kind": "member", "securityGroupId": group, "userId": user}));
        }
        for (id, owner, statements) in &self.policies {
            let mut line =
                json!({"kind": "policy", "id": id, "name": format!("policy {id}"), "statements": statements});
            if let Some(owner) = owner {
                line["customerId"] = json!(owner);
            }
            lines.push(line);
        }
        for made in &self.assignments {
            let mut line = json!({"kind": "assignment", "policyId": made.policy});
            for (name, id) in [("userId", made.user), ("securityGroupId", made.group), ("customerId", made.customer)] {
                if let Some(id) = id {
                    line[name] = json!(id);
                }
            }
            lines.push(line);
        }
        for (id, user, grant, hours) in &self.grants {
            let now: jiff::Timestamp = NOW.parse().expect("an instant");
            let ends = now + jiff::SignedDuration::from_hours(*hours) + jiff::SignedDuration::from_micros(5);
            lines.push(json!({"kind": "temporaryGrant", "id": id, "userId": user, "permissionGrant": grant,
                "expiresAt": ends, "justification": "because it is a test", "tags": {"a b": "c", "d": null}}));
        }
        lines.push(json!({"kind": "action", "name": "doc:read", "model": "doc", "title": "Read", "description": "x",
            "experimental": true}));
        let dice = &mut Dice(shuffle);
        for index in (1..lines.len()).rev() {
            lines.swap(index, dice.below(index + 1));
        }
        lines.iter().map(Json::to_string).collect()
    }
}

fn statements(dice: &mut Dice) -> Json {
    let count = 1 + dice.below(3);
    (0..count).map(|_| statement(dice)).collect()
}

fn statement(dice: &mut Dice) -> Json {
    let resources = [
        "acrn:app:${customerId}:doc/*",
        "acrn:app:7:doc/${userId}",
        "acrn:app:*:doc/1",
        "acrn:app:3:*",
        "*",
        "acrn:app:${customerId}:home/${userId}/*",
    ];
    let mut made = json!({"effect": dice.pick(&["allow", "allow", "deny"]),
        "actions": [dice.pick(&["doc:read", "doc:*", "*", "doc:write"])],
        "resources": [dice.pick(&resources), dice.pick(&resources)]});
    if dice.one_in(3) {
        made["conditions"] = conditions(dice);
    }
    made
}

fn conditions(dice: &mut Dice) -> Json {
    dice.pick(&[
        json!({"owner": {"type": "Equals", "value": "{self_user_id}"}}),
        json!({"org_id": {"type": "NotEquals", "value": "{self_org_id}"}}),
        json!({"level": {"type": "In", "values": [1, 2.5, "x", true]}}),
        json!({"org_id": {"type": "Equals", "value": "{self_org_id}"}}),
        json!({}),
    ])
}

fn grants(dice: &mut Dice) -> Json {
    let count = dice.below(3);
    (0..count).map(|_| grant(dice)).collect()
}

fn grant(dice: &mut Dice) -> Json {
    json!({"permission_name": dice.pick(&["doc:read", "doc:*", "Role:GetRole"]), "conditions": conditions(dice)})
}
