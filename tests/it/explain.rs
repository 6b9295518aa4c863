//! No statement of the request and refresh paths scans a large table, whether the planner knows its parameters or
//! not: 100,000 users, 1,000 policies, 5,000 groups.

mod lists;

use crate::support::database::TestDatabase;
use permdex::store::statements;
use sqlx::{AssertSqlSafe, PgConnection};

/// Foreign keys are off where we may: the rows are right by construction, and checking them takes most of the time.
const FILL: &str = "
select set_config('session_replication_role', 'replica', false)
where has_parameter_privilege('session_replication_role', 'set');
insert into customers (id, organization, name) select g, 'org-' || g, 'x' from generate_series(1, 20) g;
insert into roles (id, customer_id, name, description, frontend_view)
select g, 1 + g % 20, 'role ' || g, '', 'client' from generate_series(1, 2000) g;
insert into users (id, customer_id, email, ui_language, role_id)
select g, 1 + g % 20, 'x', 'en', case when g % 3 = 0 then 20 * (1 + g % 100) + g % 20 - 20 end
from generate_series(1, 100000) g;
update users set role_id = null where role_id not between 1 and 2000;
insert into security_groups (id, customer_id, name) select g, 1 + g % 20, 'x' from generate_series(1, 5000) g;
insert into security_group_members (security_group_id, user_id, customer_id)
select distinct (case when u.id % 20 = 0 then 20 else u.id % 20 end) + 20 * ((u.id / 20 + k * 37) % 250), u.id, u.customer_id
from users u, generate_series(1, 3) k;
insert into policies (id, name, statements)
select g, 'x', jsonb_build_array(jsonb_build_object('effect', 'allow', 'actions', jsonb_build_array('doc:read'),
    'resources', jsonb_build_array('acrn:app:1:' || repeat('x', 200) || g)))
from generate_series(1, 1000) g;
insert into assignments (policy_id, customer_id, security_group_id)
select distinct 1 + (id * k) % 1000, customer_id, id from security_groups, generate_series(1, 4) k;
insert into assignments (policy_id, customer_id, user_id)
select 1 + id % 1000, customer_id, id from users where id % 2 = 0;
insert into assignments (policy_id, customer_id) select k, id from customers, generate_series(1, 3) k;
insert into temporary_grants (id, customer_id, user_id, permission_grant, expires_at, justification, creator)
select gen_random_uuid(), customer_id, id, '{}', now(), 'x', 'x' from users where id % 5 = 0;
insert into actions (name, model, title, description)
select 'model' || g % 200 || ':verb' || g, 'model' || g % 200, 'x', 'x' from generate_series(1, 20000) g;
insert into jobs (id, kind, scope, actor, lane)
select ('00000000-0000-0000-0000-' || lpad(g::text, 12, '0'))::uuid, 'refresh', '{}', 'x', 'small'
from generate_series(1, 2000) g;
insert into job_users select id, g from jobs, generate_series(1, 20) g;
analyze";

const LARGE: [&str; 10] = [
    "users",
    "security_group_members",
    "security_groups",
    "policies",
    "assignments",
    "temporary_grants",
    "roles",
    "actions",
    "jobs",
    "job_users",
];

const JOB: &str = "array['00000000-0000-0000-0000-000000000017']::uuid[]";

/// Types and arguments of the statements, one or several calls each.
fn calls(name: &str) -> (&'static str, Vec<String>) {
    let affected = "bigint, bigint, boolean, bigint[], bigint[], bigint[], bigint[], bigint[], uuid[]";
    let ids = "'{1,2,3}'::bigint[]";
    match name {
        "snapshot" => {
            let page: Vec<_> = (1_000..2_000).map(|id: i32| id.to_string()).collect();
            let page = format!("'{{{}}}'::bigint[], 0", page.join(","));
            ("bigint[], bigint", vec!["'{17}'::bigint[], 0".to_owned(), page])
        }
        "affected page" | "affected count" => {
            let one = format!("50000, 1000, false, {ids}, {ids}, {ids}, {ids}, {ids}, {JOB}");
            (affected, vec![one, format!("50000, 1000, true, {ids}, '{{}}', '{{}}', '{{}}', '{{}}', '{{}}'")])
        }
        "affected any" => (
            "bigint[], boolean, bigint[], bigint[], bigint[], bigint[], bigint[], uuid[]",
            vec![format!("{ids}, false, {ids}, {ids}, {ids}, {ids}, {ids}, {JOB}")],
        ),
        "assign" | "remove" | "lock assignment" => {
            let calls = ["3, 17, null, null, 2", "3, null, 5, null, null", "3, null, null, 1, null"];
            ("bigint, bigint, bigint, bigint, bigint", calls.map(str::to_owned).to_vec())
        }
        "audit" => (
            "text, text, text, text, bigint, jsonb, jsonb, text, text",
            vec![["'x'"; 4].join(",") + ", 1, null, null, null, null"],
        ),
        "directory by id"
        | "user"
        | "user's organization"
        | "policy statements"
        | "group"
        | "customer uses"
        | "group uses"
        | "group gives"
        | "policy uses"
        | "role by id"
        | "role is held" => ("bigint", vec!["17".to_owned()]),
        "directory by organization" => ("text", vec!["'org-7'".to_owned()]),
        "actions by model" => ("text", vec!["'model7'".to_owned()]),
        "models" | "everyone estimate" => ("", vec![String::new()]),
        "names" => ("bigint[], bigint[], bigint[], bigint[], bigint[]", vec![[ids; 5].join(",")]),
        "audit refused" => (
            "text, text, text, text, bigint, text, text, bigint, bigint",
            vec![format!("{}, 1, 'x', 'x', 20, 1000", ["'x'"; 4].join(","))],
        ),
        "lock customers" | "lock members" | "role grants" => ("bigint[]", vec![ids.to_owned()]),
        "living role" | "role by name" => ("bigint, text", vec!["1, 'role 19'".to_owned()]),
        "roles" => (
            "bigint, bigint[], text[], bigint, bigint",
            vec!["1, null, null, 0, 1000".to_owned(), format!("1, {ids}, '{{a,b}}', 0, 1000")],
        ),
        "role's users move" => ("bigint, bigint", vec!["17, 18".to_owned()]),
        "purge roles" | "tidy grants" => ("bigint, bigint", vec!["1000000, 1000".to_owned()]),
        "members" => ("bigint, bigint, bigint", vec!["17, 0, 1000".to_owned()]),
        "member strangers" => ("bigint, bigint[]", vec![format!("1, {ids}")]),
        "replace members" => ("bigint, bigint, bigint[]", vec![format!("17, 1, {ids}")]),
        "policy holders" => {
            ("bigint, boolean, bigint", vec!["17, true, 10001".to_owned(), "17, false, 10001".to_owned()])
        }
        "freed id" => ("text, bigint", vec!["'user', 17".to_owned()]),
        "next user id" => ("integer", vec!["1".to_owned()]),
        other => panic!("`{other}` has no call here: add one"),
    }
}

async fn run(conn: &mut PgConnection, sql: String) {
    let said = sql.chars().take(200).collect::<String>();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await.unwrap_or_else(|error| panic!("{said}: {error}"));
}

async fn plan(conn: &mut PgConnection, call: String) -> Vec<String> {
    let explain = format!("explain (costs off) {call}");
    let lines = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(conn).await.unwrap();
    lines.iter().map(|row| sqlx::Row::get::<String, _>(row, 0)).collect()
}

#[tokio::test]
async fn no_statement_scans_a_large_table() {
    let database = TestDatabase::new().await;
    let mut conn = database.pool.acquire().await.unwrap();
    let conn = &mut *conn;
    run(conn, format!("set statement_timeout = 0; {FILL}")).await;
    let mut scans = Vec::new();
    for (name, sql) in statements() {
        let (types, calls) = calls(name);
        let types = if types.is_empty() { String::new() } else { format!("({types})") };
        run(conn, format!("prepare statement{types} as {sql}")).await;
        for mode in ["force_generic_plan", "force_custom_plan"] {
            run(conn, format!("set plan_cache_mode = {mode}")).await;
            for arguments in &calls {
                let arguments = if arguments.is_empty() { String::new() } else { format!("({arguments})") };
                let plan = plan(conn, format!("execute statement{arguments}")).await;
                let scan = |line: &&String| {
                    let table = line.split("Seq Scan on ").nth(1).and_then(|rest| rest.split(' ').next());
                    table.is_some_and(|table| LARGE.contains(&table))
                };
                scans.extend(plan.iter().filter(scan).map(|line| format!("{name}, {mode}: {}", line.trim())));
            }
        }
        run(conn, "deallocate statement".to_owned()).await;
    }
    // It can see one.
    assert!(
        plan(conn, "select * from users where ui_language = 'x'".to_owned()).await[0].contains("Seq Scan on users")
    );
    assert!(scans.is_empty(), "{scans:#?}");
}
