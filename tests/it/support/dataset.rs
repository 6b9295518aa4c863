//! The two real organizations beside the checkout (`../shared/data`, or where `PERMDEX_TEST_DATA` says): their import lines and their true matrix.

use csv::ReaderBuilder;
use flate2::read::GzDecoder;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

/// Which one.
#[derive(Debug, Clone, Copy)]
pub enum Dataset {
    /// 10,021 users, 297 roles.
    Customer,
    /// 46 users, 14 roles.
    Hc,
}

impl Dataset {
    fn folder(self) -> Option<PathBuf> {
        let name = match self {
            Self::Customer => "customer",
            Self::Hc => "hc",
        };
        let data = std::env::var_os("PERMDEX_TEST_DATA").map(PathBuf::from);
        let data = data.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"));
        let folder = data.join(name);
        folder.is_dir().then_some(folder)
    }

    /// The import lines of an organization `hp` (customer 1): a role is a group with one policy of one allow of
    /// `customer:use` on `acrn:hp:1:permission/<p>`, a member is a user of that group. `None` when the data is not here.
    pub fn lines(self) -> Option<Vec<String>> {
        let folder = self.folder()?;
        let mut roles: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        for (role, permission) in pairs(File::open(folder.join("roles.csv")).expect("it is there")) {
            roles.entry(role).or_default().push(resource(permission));
        }
        let members = pairs(GzDecoder::new(File::open(folder.join("members.csv.gz")).expect("it is there")));
        let users: BTreeSet<i64> = members.iter().map(|(_, user)| *user).collect();
        let mut lines = vec![json!({"kind": "customer", "id": 1, "organization": "hp", "name": "HP"})];
        for (role, resources) in roles {
            let statements = json!([{"effect": "allow", "actions": ["customer:use"], "resources": resources}]);
            lines.push(json!({"kind": "securityGroup", "id": role, "customerId": 1, "name": format!("role {role}")}));
            lines.push(json!({"kind": "policy", "id": role, "name": format!("role {role}"), "statements": statements}));
            lines.push(json!({"kind": "assignment", "policyId": role, "securityGroupId": role}));
        }
        lines.extend(users.iter().map(|user| {
            json!({"kind": "user", "id": user, "customerId": 1, "email": format!("u{user}@hp.example"),
                "uiLanguage": "en", "active": true})
        }));
        let member = |(role, user)| json!({"kind": "member", "securityGroupId": role, "userId": user});
        lines.extend(members.into_iter().map(member));
        Some(lines.iter().map(serde_json::Value::to_string).collect())
    }

    /// The true matrix: (user, permission).
    pub fn matrix(self) -> Option<BTreeSet<(i64, i64)>> {
        let file = File::open(self.folder()?.join("expected.csv.gz")).expect("it is there");
        Some(pairs(GzDecoder::new(file)).into_iter().collect())
    }
}

/// The resource of a permission.
pub fn resource(permission: i64) -> String {
    format!("acrn:hp:1:permission/{permission}")
}

fn pairs(source: impl Read) -> Vec<(i64, i64)> {
    ReaderBuilder::new().from_reader(source).deserialize().map(|pair| pair.expect("two numbers")).collect()
}
