//! Import: whole or not at all, every mistake with its line, and the identity on an export.

use crate::support::database::TestDatabase;
use crate::support::dataset::Dataset;
use crate::support::organization::Organization;
use permdex::clock::Clock;
use permdex::service::export::export;
use permdex::service::generate::{LineReader, Size, demo, large};
use permdex::service::import::{ImportError, Imported, Kind, import};
use sqlx::{PgPool, Row};
use std::io::{Cursor, Write};

async fn load(pool: &PgPool, text: &str) -> Result<Imported, ImportError> {
    import(pool, Cursor::new(text.to_owned().into_bytes()), "cli:test", &Clock::at(1_700_000_000_000_000)).await
}

async fn errors(pool: &PgPool, text: &str) -> Vec<String> {
    match load(pool, text).await {
        Err(error @ ImportError::Invalid(_)) => error.to_string().lines().map(str::to_owned).collect(),
        other => panic!("{other:?}"),
    }
}

async fn exported(pool: &PgPool) -> String {
    let mut out = Vec::new();
    export(pool, &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}

async fn one(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

/// What the foreign keys would refuse: they are off for some of an import's inserts.
pub const ORPHANS: &str = "select
    (select count(*) from users u left join customers c on c.id = u.customer_id where c.id is null)
  + (select count(*) from users u left join roles r on r.id = u.role_id and r.customer_id = u.customer_id
     where u.role_id is not null and r.id is null)
  + (select count(*) from security_group_members m
     left join users u on u.id = m.user_id and u.customer_id = m.customer_id
     left join security_groups g on g.id = m.security_group_id and g.customer_id = m.customer_id
     where u.id is null or g.id is null)
  + (select count(*) from assignments a where not exists (select from policies p where p.id = a.policy_id)
     or (a.user_id is not null and not exists (
        select from users u where u.id = a.user_id and u.customer_id = a.customer_id))
     or (a.security_group_id is not null and not exists (
        select from security_groups g where g.id = a.security_group_id and g.customer_id = a.customer_id)))";

#[tokio::test]
async fn import_of_an_export_is_the_identity() {
    for seed in 0..8 {
        let all = Organization::random(seed);
        let (first, second) = (TestDatabase::new().await, TestDatabase::new().await);
        load(&first.pool, &all.lines(seed).join("\n")).await.unwrap();
        assert_eq!(one(&first.pool, ORPHANS).await, 0);
        let text = exported(&first.pool).await;
        load(&second.pool, &text).await.unwrap();
        assert_eq!(exported(&second.pool).await, text, "seed {seed}");
        // Another order of the same lines, into the same database: nothing changes, and nobody is refreshed.
        let again = load(&first.pool, &all.lines(seed + 1).join("\n")).await.unwrap();
        assert_eq!((again.changed.total(), again.job), (0, None), "seed {seed}");
        assert_eq!(exported(&first.pool).await, text, "seed {seed}");
    }
}

#[tokio::test]
async fn generated_organizations_import_whole() {
    let database = TestDatabase::new().await;
    let now: jiff::Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
    let clock = Clock::at(0);
    let done = import(&database.pool, LineReader::new(demo(now)), "cli:test", &clock).await;
    let done = done.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(done.lines.of(Kind::User), 1_000);
    assert_eq!(done.changed, done.lines);
    let database = TestDatabase::new().await;
    let size = Size { users: 6_000, policies: 50, groups: 101 };
    let done = import(&database.pool, LineReader::new(large(size, 1)), "cli:test", &clock).await;
    let done = done.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(done.lines.of(Kind::User), 6_000);
    assert_eq!(one(&database.pool, ORPHANS).await, 0);
    assert!(one(&database.pool, "select count(distinct customer_id) from security_group_members").await == 2);
}

#[tokio::test]
async fn the_real_organizations_import_whole() {
    for (dataset, users, members) in [(Dataset::Customer, 10_021, 47_722), (Dataset::Hc, 46, 134)] {
        let Some(lines) = dataset.lines() else {
            eprintln!("no data beside the checkout: skipped");
            return;
        };
        let database = TestDatabase::new().await;
        let mut file = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        file.write_all(lines.join("\n").as_bytes()).unwrap();
        let file = Cursor::new(file.finish().unwrap());
        let started = std::time::Instant::now();
        let done = import(&database.pool, file, "cli:test", &Clock::System).await.unwrap();
        println!("{dataset:?}: {:?}", started.elapsed());
        assert_eq!((done.lines.of(Kind::User), done.lines.of(Kind::Member)), (users, members));
        assert_eq!(done.changed, done.lines);
        assert_eq!(one(&database.pool, ORPHANS).await, 0);
    }
}

const BASE: &str = r#"{"kind":"customer","id":1,"organization":"acme","name":"Acme"}
{"kind":"customer","id":2,"organization":"globex","name":"Globex"}
{"kind":"role","id":9,"organization":"acme","name":"editor","frontendView":"client"}
{"kind":"user","id":17,"customerId":1,"email":"a@b.c","roleName":"editor"}
{"kind":"user","id":18,"customerId":2,"email":"a@b.c"}
{"kind":"securityGroup","id":5,"customerId":1,"name":"g"}
{"kind":"member","securityGroupId":5,"userId":17}
{"kind":"policy","id":3,"name":"p","statements":[{"effect":"allow","actions":["doc:read"],"resources":["*"]}]}
{"kind":"policy","id":4,"customerId":2,"name":"p","statements":[{"effect":"allow","actions":["doc:read"],"resources":["*"]}]}
{"kind":"temporaryGrant","id":"00000000-0000-0000-0000-000000000001","userId":17,"permissionGrant":{"permission_name":"a"},"expiresAt":"2027-01-01T00:00:00Z","justification":"long enough"}
"#;

#[tokio::test]
async fn every_mistake_within_a_line_is_named_with_it() {
    let database = TestDatabase::new().await;
    let found = errors(
        &database.pool,
        &[
            r#"{"kind":"customer","id":0,"organization":"Acme","name":" "}"#,
            "",
            r#"{"kind":"user","id":1,"customerId":1,"email":null,"rolename":"x"}"#,
            r#"{"kind":"user","id":1,"id":2,"customerId":1,"email":"a"}"#,
            r#"{"kind":"thing"}"#,
            "nonsense",
            "17",
            r#"{"kind":"policy","id":1,"name":"a\u0000b","statements":[{"effect":"allow","actions":["a-*"],"resources":["x"]}]}"#,
            r#"{"kind":"assignment","policyId":1}"#,
            r#"{"kind":"temporaryGrant","id":"x","userId":1,"permissionGrant":{"permission_name":"a"},"expiresAt":"tomorrow","justification":"short","tags":{"a-b":1}}"#,
        ]
        .join("\n"),
    )
    .await;
    let expected = [
        (1, "`/id`: `0` is no id"),
        (1, "`/organization`: `Acme` is no organization"),
        (1, "`/name`: `name` is empty"),
        (3, "`/email`: `email` is null"),
        (3, "`/rolename`: unknown field `rolename`: did you mean `roleName`"),
        (4, "`/id`: this key is given twice"),
        (5, "`thing` is no kind"),
        (6, "not JSON"),
        (7, "expected an object, found a number"),
        (7, "`kind` is missing"),
        (8, "NUL"),
        (8, "`/statements/0/actions/0`"),
        (8, "`/statements/0/resources/0`"),
        (9, "a target is missing"),
        (10, "`x` is no UUID"),
        (10, "`tomorrow` is no instant"),
        (10, "at least 10"),
        (10, "`/tags/a-b`"),
    ];
    for (line, part) in expected {
        let start = format!("line {line}: ");
        assert!(found.iter().any(|said| said.starts_with(&start) && said.contains(part)), "{line} {part}: {found:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

#[tokio::test]
async fn every_mistake_between_lines_is_named_and_nothing_is_loaded() {
    let database = TestDatabase::new().await;
    load(&database.pool, BASE).await.unwrap();
    let before = exported(&database.pool).await;
    let policy = r#""statements":[{"effect":"allow","actions":["a"],"resources":["*"]}]"#;
    for (text, expected) in [
        (r#"{"kind":"user","id":1,"customerId":7,"email":"a"}"#, "line 1: customer `7` is neither in the file"),
        (r#"{"kind":"user","id":17,"customerId":2,"email":"a"}"#, "line 1: user `17` belongs to customer `1`"),
        (
            r#"{"kind":"user","id":1,"customerId":2,"email":"a","roleName":"editor"}"#,
            "line 1: role `editor` of customer `2`",
        ),
        (
            r#"{"kind":"securityGroup","id":5,"customerId":2,"name":"g"}"#,
            "line 1: security group `5` belongs to customer `1`",
        ),
        (r#"{"kind":"securityGroup","id":6,"customerId":7,"name":"g"}"#, "line 1: customer `7`"),
        (
            r#"{"kind":"customer","id":1,"organization":"other","name":"x"}"#,
            "line 1: customer `1` is the organization `acme`",
        ),
        (
            r#"{"kind":"customer","id":3,"organization":"acme","name":"x"}"#,
            "line 1: organization `acme` is customer `1`",
        ),
        (
            r#"{"kind":"member","securityGroupId":5,"userId":18}"#,
            "line 1: security group `5` and user `18` belong to different",
        ),
        (r#"{"kind":"member","securityGroupId":6,"userId":17}"#, "line 1: security group `6` is neither"),
        (r#"{"kind":"member","securityGroupId":5,"userId":19}"#, "line 1: user `19` is neither"),
        (&format!(r#"{{"kind":"policy","id":3,"customerId":1,"name":"p",{policy}}}"#), "line 1: policy `3` is shared"),
        (&format!(r#"{{"kind":"policy","id":4,"name":"p",{policy}}}"#), "line 1: policy `4` belongs to customer `2`"),
        (&format!(r#"{{"kind":"policy","id":5,"customerId":7,"name":"p",{policy}}}"#), "line 1: customer `7`"),
        (r#"{"kind":"assignment","policyId":8,"userId":17}"#, "line 1: policy `8` is neither"),
        (r#"{"kind":"assignment","policyId":3,"userId":8}"#, "line 1: user `8` is neither"),
        (r#"{"kind":"assignment","policyId":3,"securityGroupId":8}"#, "line 1: security group `8` is neither"),
        (r#"{"kind":"assignment","policyId":3,"userId":17,"customerId":8}"#, "line 1: customer `8` is neither"),
        (r#"{"kind":"assignment","policyId":4,"userId":17}"#, "line 1: policy `4` belongs to customer `2` and can't"),
        (
            r#"{"kind":"assignment","policyId":4,"customerId":1}"#,
            "line 1: policy `4` belongs to customer `2` and can't",
        ),
        (r#"{"kind":"role","organization":"none","name":"x","frontendView":"client"}"#, "line 1: organization `none`"),
        (
            r#"{"kind":"role","id":9,"organization":"globex","name":"x","frontendView":"client"}"#,
            "line 1: role `9` belongs to `acme`",
        ),
        (
            r#"{"kind":"role","id":10,"organization":"acme","name":"editor","frontendView":"client"}"#,
            "line 1: role `editor` of `acme` has the id `9`",
        ),
        (
            r#"{"kind":"temporaryGrant","id":"00000000-0000-0000-0000-000000000001","userId":18,"permissionGrant":{"permission_name":"a"},"expiresAt":"2027-01-01T00:00:00Z","justification":"long enough"}"#,
            "line 1: temporary grant `00000000-0000-0000-0000-000000000001` belongs to user `17`",
        ),
        (
            r#"{"kind":"temporaryGrant","id":"00000000-0000-0000-0000-000000000002","userId":7,"permissionGrant":{"permission_name":"a"},"expiresAt":"2027-01-01T00:00:00Z","justification":"long enough"}"#,
            "line 1: user `7` is neither",
        ),
    ] {
        // A good line beside the bad one.
        let found =
            errors(&database.pool, &format!("{text}\n{{\"kind\":\"action\",\"name\":\"a\",\"title\":\"A\"}}")).await;
        assert_eq!(found.len(), 1, "{text}: {found:#?}");
        assert!(found[0].starts_with(expected), "{text}: {found:#?}");
    }
    // The same thing twice in a file.
    for line in BASE.lines().filter(|line| !line.contains("member")) {
        let found = errors(&database.pool, &format!("{line}\n\n{line}")).await;
        assert!(found[0].starts_with("line 3: ") && found[0].contains("first on line 1"), "{line}: {found:#?}");
    }
    assert_eq!(exported(&database.pool).await, before);
}

#[tokio::test]
async fn more_than_twenty_mistakes_are_not_listed() {
    let database = TestDatabase::new().await;
    for line in [r#"{"kind":"thing"}"#, r#"{"kind":"member","securityGroupId":1,"userId":1}"#] {
        let found = errors(&database.pool, &[line; 25].join("\n")).await;
        assert_eq!(found.len(), 21, "{found:#?}");
        assert_eq!(found[20], "… and more");
    }
    let exactly = errors(&database.pool, &[r#"{"kind":"thing"}"#; 20].join("\n")).await;
    assert_eq!(exactly.len(), 20);
}

#[tokio::test]
async fn a_broken_file_is_an_error_and_loads_nothing() {
    let database = TestDatabase::new().await;
    let mut file = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    file.write_all(BASE.as_bytes()).unwrap();
    let mut file = file.finish().unwrap();
    file.truncate(file.len() - 9);
    let cut = import(&database.pool, Cursor::new(file), "cli:test", &Clock::at(0)).await;
    assert!(matches!(cut, Err(ImportError::Read(_))), "{cut:?}");
    assert_eq!(exported(&database.pool).await, "");
}

#[tokio::test]
async fn new_ids_come_after_imported_ones() {
    let database = TestDatabase::new().await;
    load(&database.pool, BASE).await.unwrap();
    load(&database.pool, r#"{"kind":"user","id":5,"customerId":1,"email":"a"}"#).await.unwrap();
    let new = "insert into users (customer_id, email, ui_language) values (1, 'x', 'en') returning id";
    assert_eq!(one(&database.pool, new).await, 19);
    load(&database.pool, r#"{"kind":"role","organization":"acme","name":"new","frontendView":"admin"}"#).await.unwrap();
    assert_eq!(one(&database.pool, "select id from roles where name = 'new'").await, 10);
}

#[tokio::test]
async fn names_of_roles_can_be_swapped() {
    let database = TestDatabase::new().await;
    let role = |id: &str, name: &str| {
        format!(r#"{{"kind":"role",{id}"organization":"acme","name":"{name}","frontendView":"client"}}"#)
    };
    load(&database.pool, BASE).await.unwrap();
    load(&database.pool, &role(r#""id":10,"#, "viewer")).await.unwrap();
    let swapped = [role(r#""id":9,"#, "viewer"), role(r#""id":10,"#, "editor")].join("\n");
    assert_eq!(load(&database.pool, &swapped).await.unwrap().changed.of(Kind::Role), 2);
    // Whoever says the old name in the same file means the new one.
    let user = r#"{"kind":"user","id":17,"customerId":1,"email":"a@b.c","roleName":"editor"}"#;
    load(&database.pool, user).await.unwrap();
    assert_eq!(one(&database.pool, "select role_id from users where id = 17").await, 10);
    let renamed = errors(&database.pool, &[role(r#""id":10,"#, "writer"), user.to_owned()].join("\n")).await;
    assert!(renamed[0].starts_with("line 2: role `editor` of customer `1`"), "{renamed:#?}");
}

async fn job(pool: &PgPool, done: &Imported) -> (String, String, Option<i64>, Vec<i64>) {
    let id = done.job.unwrap().0;
    let sql = "select scope::text, lane, customer_id, actor,
        array(select user_id from job_users where job_id = id order by 1) as users from jobs where id = $1";
    let row = sqlx::query(sql).bind(id).fetch_one(pool).await.unwrap();
    assert_eq!(row.get::<String, _>("actor"), "cli:test");
    (row.get("scope"), row.get("lane"), row.get("customer_id"), row.get("users"))
}

#[tokio::test]
async fn whoever_is_concerned_is_refreshed_and_the_change_is_on_record() {
    let database = TestDatabase::new().await;
    let pool = &database.pool;
    let done = load(pool, BASE).await.unwrap();
    assert_eq!(job(pool, &done).await, (r#"{"listed": true}"#.into(), "small".into(), None, vec![17, 18]));
    for (line, users) in [
        (r#"{"kind":"assignment","policyId":3,"securityGroupId":5}"#, vec![17]),
        (
            r#"{"kind":"policy","id":3,"name":"p","statements":[{"effect":"deny","actions":["doc:read"],"resources":["*"]}]}"#,
            vec![17],
        ),
        (
            r#"{"kind":"role","organization":"acme","name":"editor","frontendView":"client","permissionGrants":[{"permission_name":"a"}]}"#,
            vec![17],
        ),
        (r#"{"kind":"user","id":18,"customerId":2,"email":"a@b.c","active":false}"#, vec![18]),
        (r#"{"kind":"assignment","policyId":4,"customerId":2}"#, vec![18]),
    ] {
        let done = load(pool, line).await.unwrap();
        assert_eq!(job(pool, &done).await.3, users, "{line}");
    }
    let name = load(pool, r#"{"kind":"securityGroup","id":5,"customerId":1,"name":"other"}"#).await.unwrap();
    assert_eq!((name.changed.of(Kind::SecurityGroup), name.job), (1, None));
    let rows = one(pool, "select count(*) from audit where actor = 'cli:test' and action = 'import'").await;
    assert_eq!(rows, 7);
    // Many of one customer: the customer.
    let users = |customer: i64| {
        let line = move |id| format!(r#"{{"kind":"user","id":{id},"customerId":{customer},"email":"a"}}"#);
        (customer * 10_000..customer * 10_000 + 1_001).map(line).collect::<Vec<_>>()
    };
    let done = load(pool, &users(1).join("\n")).await.unwrap();
    assert_eq!(job(pool, &done).await, (r#"{"customer": 1}"#.into(), "large".into(), Some(1), vec![]));
    let mixed = [users(2).join("\n"), r#"{"kind":"user","id":7,"customerId":1,"email":"a"}"#.to_owned()].join("\n");
    let done = load(pool, &mixed).await.unwrap();
    assert_eq!(job(pool, &done).await, (r#"{"everyone": true}"#.into(), "large".into(), None, vec![]));
}
