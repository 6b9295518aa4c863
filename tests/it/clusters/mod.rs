//! Storage clusters side by side, through the front door: where a call goes, that ids are per cluster, that nobody waits
//! for a cluster that is away, and the same as an operator types it.

mod creating;
mod jobs;
mod operator;
mod outage;
mod roles;
mod routing;

use crate::support::app::{App, Engine, Side};
use crate::support::database::TestDatabase;
use crate::support::way::Passage;
use permdex::clock::Clock;
use permdex::service::Settings;
use permdex::service::generate::LineReader;
use permdex::service::import::import;
use permdex::store::pool::{PoolSettings, connect};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

const ASK: &str = "/v2/permission";
const DOC: &str = "acrn:app:1:doc/7";

/// Customer 1 with these users, who may do `action` on its documents by policy 3; the last one administers the customer.
/// Policy 5 is nobody's.
fn lines(organization: &str, action: &str, users: &[i64]) -> Vec<String> {
    let allow =
        |action: &str, resource: &str| json!([{"effect": "allow", "actions": [action], "resources": [resource]}]);
    let mut lines = vec![
        json!({"kind": "customer", "id": 1, "organization": organization, "name": organization}),
        json!({"kind": "policy", "id": 3, "name": "holders", "statements": allow(action, "acrn:app:1:doc/*")}),
        json!({"kind": "policy", "id": 4, "name": "administrators",
            "statements": allow("permdex:*", "acrn:permdex:${customerId}:*")}),
        json!({"kind": "policy", "id": 5, "name": "payers", "statements": allow("invoice:pay", "acrn:app:1:invoice/*")}),
        json!({"kind": "assignment", "policyId": 4, "userId": users.last()}),
    ];
    for id in users {
        lines.push(json!({"kind": "user", "id": id, "customerId": 1, "email": format!("{id}@{organization}.example")}));
        lines.push(json!({"kind": "assignment", "policyId": 3, "userId": id}));
    }
    lines.iter().map(Value::to_string).collect()
}

/// `default` has acme with 17 and 18, who may read; `eu` has globex with another 17 and 19, who may write.
async fn two(engine: Engine) -> App {
    let side = |name, lines| Side::start(name, engine, lines, Settings::default(), |index| index);
    let default = side("default", lines("acme", "doc:read", &[17, 18])).await;
    let eu = side("eu", lines("globex", "doc:write", &[17, 19])).await;
    let app = App::several(default, vec![eu]).await;
    app.ready().await;
    app.eu().ready().await;
    app
}

/// The same with a way to `eu`'s database that can be cut.
async fn apart() -> (App, Passage) {
    let default =
        Side::start("default", Engine::Embedded, lines("acme", "doc:read", &[17, 18]), Settings::default(), |index| {
            index
        })
        .await;
    let database = TestDatabase::new().await;
    load(&database, lines("globex", "doc:write", &[17, 19])).await;
    let passage = Passage::to(&database.options);
    // Whoever waits for it waits for longer than any test takes.
    let patient =
        PoolSettings { max_connections: 8, acquire_timeout: Duration::from_mins(5), ..PoolSettings::default() };
    let way = (connect(passage.options(), &patient), passage.options());
    let eu = Side::on("eu", Engine::Embedded, database, way, Settings::default(), |index| index).await;
    let app = App::several(default, vec![eu]).await;
    app.ready().await;
    app.eu().ready().await;
    (app, passage)
}

async fn load(database: &TestDatabase, lines: Vec<String>) {
    import(&database.pool, LineReader::new(lines.into_iter()), "cli:test", &Clock::System).await.expect("imported");
}

impl App {
    fn eu(&self) -> &Side {
        &self.others[0]
    }

    /// The status and the decision of a check, asked with this token and perhaps this header.
    async fn checks(&self, cluster: Option<&str>, token: &str, user: i64, action: &str) -> (u16, Option<bool>) {
        let body = json!({"requesterId": user, "action": action, "resource": DOC});
        let answer = match cluster {
            Some(cluster) => self.ask_on(cluster, token, Method::POST, ASK, body).await,
            None => self.ask_as(token, Method::POST, ASK, body).await,
        };
        (answer.status.as_u16(), answer.body["allow"].as_bool())
    }

    /// Who may, of one cluster.
    async fn who_on(&self, cluster: &str, action: &str) -> Vec<i64> {
        let answer = self.ask_on(cluster, self.service(), Method::POST, ASK, json!({"action": action})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let users = answer.body["users"].as_array().expect("users").iter();
        let users: Vec<_> = users.map(|user| user["id"].as_i64().expect("an id")).collect();
        assert_eq!(answer.body["size"], json!(users.len()));
        users
    }

    /// `GET /readyz`.
    async fn readiness(&self) -> (u16, Value) {
        let answer = self.ask(Method::GET, "/readyz", Value::Null).await;
        (answer.status.as_u16(), answer.body)
    }
}
