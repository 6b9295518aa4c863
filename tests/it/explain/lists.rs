//! The lists whose statements are put together from their filters: run for real, every combination of filters, and
//! what each read of the large tables is taken from the server's own counts.

use super::{FILL, LARGE, run};
use crate::support::database::TestDatabase;
use permdex::domain::{CustomerId, SecurityGroupId};
use permdex::queue::{self, JobFilter, State};
use permdex::store::audit::{self, AuditFilter};
use permdex::store::records::customers::CustomerFilter;
use permdex::store::records::groups::GroupFilter;
use permdex::store::records::policies::PolicyFilter;
use permdex::store::records::temporary_grants::{GrantFilter, SortBy, SortField, TemporaryGrant};
use permdex::store::records::users::UserFilter;
use permdex::store::records::{Slice, actions, customers, groups, members, policies, temporary_grants, users};
use sqlx::{PgConnection, Row};
use std::collections::BTreeMap;

/// What makes the filters select: addresses and names of one's own, a tenant of few at the end of all ids, an audit log.
const FILL_MORE: &str = "
insert into customers (id, organization, name) values (21, 'org-21', 'x');
insert into users (id, customer_id, email, ui_language) select g, 21, 'x', 'en' from generate_series(200001, 200003) g;
insert into security_groups (id, customer_id, name) values (9001, 21, 'x');
update users set email = 'user' || id || '@example.com', active = id % 50 <> 0;
update security_groups set name = 'group ' || id;
update policies set name = 'policy ' || id, customer_id = case when id % 2 = 0 then 1 + id % 20 end;
insert into policies (id, name, customer_id, statements) values (9001, 'x', 21, '[]');
insert into audit (actor, action, target, customer_id)
select 'service:' || g % 50, 'x', 'user:' || g, 1 + g % 20 from generate_series(1, 50000) g;
insert into temporary_grants (id, customer_id, user_id, permission_grant, expires_at, justification, creator)
select gen_random_uuid(), 7, u.id, jsonb_build_object('permission_name', 'Doc:A' || k), now() + (u.id % 977) * interval '1 minute', 'x', 'x'
from users u, generate_series(1, 10) k where u.customer_id = 7;
delete from temporary_grants where permission_grant = '{}';
update jobs set state = 'done', finished_at = now();
insert into jobs (id, kind, scope, actor, lane, state, customer_id, finished_at)
select ('00000000-0000-0000-0001-' || lpad(g::text, 12, '0'))::uuid, 'refresh', '{}', 'org_' || g % 50, 'small',
    case when g % 500 = 0 then 'failed' else 'done' end, 1 + g % 20, now()
from generate_series(1, 20000) g;
insert into jobs (id, kind, scope, actor, lane, state, customer_id, claim, lease_until)
select ('00000000-0000-0000-0002-' || lpad(g::text, 12, '0'))::uuid, 'refresh', '{}', 'org_' || g % 50, 'small',
    case when g < 4 then 'running' else 'queued' end, 1 + g % 20, c, case when c is not null then now() end
from (select g, case when g < 4 then gen_random_uuid() end as c from generate_series(1, 200) g) few;
analyze";
const LIMIT: u16 = 100;
/// A list of [`LIMIT`] rows may read so many of a table: some for what a filter leaves out, far from all.
const MOST: i64 = 4_000;

/// PostgreSQL plans a statement that is kept for its values five times, then perhaps for any.
const TURNS: u32 = 6;

/// Scans of whole tables and rows read, by table, in this transaction.
async fn reads(conn: &mut PgConnection) -> BTreeMap<String, (i64, i64)> {
    let sql = "select relname::text, seq_scan, seq_tup_read + coalesce(idx_tup_fetch, 0) as rows
        from pg_stat_xact_user_tables";
    let rows = sqlx::query(sql).fetch_all(conn).await.unwrap();
    rows.iter().map(|row| (row.get("relname"), (row.get("seq_scan"), row.get("rows")))).collect()
}

/// Every choice of one from each.
fn each<A: Clone, B: Clone>(one: &[A], other: &[B]) -> Vec<(A, B)> {
    one.iter().flat_map(|one| other.iter().map(|other| (one.clone(), other.clone()))).collect()
}

/// Nobody's, one tenant's, several tenants', a small tenant's.
fn tenants() -> [Option<Vec<i64>>; 4] {
    [None, Some(vec![7]), Some(vec![7, 8]), Some(vec![21])]
}

fn maybe<T: Clone>(value: T) -> [Option<T>; 2] {
    [None, Some(value)]
}

fn slices() -> [Slice; 2] {
    [Slice { after: 0, limit: LIMIT }, Slice { after: 1_000, limit: LIMIT }]
}

/// What was found wrong.
#[derive(Default)]
struct Findings {
    /// Whether to look: after so many runs that a plan for any values would have been made, and kept.
    looks: bool,
    before: BTreeMap<String, (i64, i64)>,
    all: Vec<String>,
}

impl Findings {
    async fn look(&mut self, conn: &mut PgConnection, what: String) {
        if !self.looks {
            return;
        }
        let now = reads(conn).await;
        for (table, (scans, rows)) in &now {
            let (scans_before, rows_before) = self.before.get(table).copied().unwrap_or_default();
            let large = LARGE.contains(&table.as_str()) || table.starts_with("audit");
            let (scans, rows) = (scans - scans_before, rows - rows_before);
            // A scan of a month of the audit log that is still empty is none.
            if large && (rows > MOST || scans > 0 && rows > i64::from(LIMIT)) {
                self.all.push(format!("{what}: {scans} scans of {table}, {rows} rows of it"));
            }
        }
        self.before = now;
    }

    async fn users(&mut self, conn: &mut PgConnection) {
        let said =
            each(&each(&tenants(), &maybe("user50000@example.com".to_owned())), &[None, Some(true), Some(false)]);
        let held = each(&maybe("role 19".to_owned()), &maybe(17));
        for (((customers, email), active), (role_name, security_group)) in each(&said, &held) {
            let filter = UserFilter { customers, email, active, role_name, security_group };
            for slice in slices() {
                users::list(conn, &filter, slice).await.unwrap();
                self.look(conn, format!("{filter:?} {slice:?}")).await;
            }
        }
    }

    async fn groups_and_policies(&mut self, conn: &mut PgConnection) {
        for ((customers, name), slice) in each(&each(&tenants(), &maybe("group 17".to_owned())), &slices()) {
            for user in maybe(17) {
                let filter = GroupFilter { customers: customers.clone(), name: name.clone(), user };
                groups::list(conn, &filter, slice).await.unwrap();
                self.look(conn, format!("{filter:?} {slice:?}")).await;
            }
            for shared in [true, false] {
                let filter = PolicyFilter { customers: customers.clone(), name: name.clone(), shared };
                policies::list(conn, &filter, slice).await.unwrap();
                self.look(conn, format!("{filter:?} {slice:?}")).await;
            }
        }
    }

    async fn others(&mut self, conn: &mut PgConnection) {
        for slice in slices() {
            for (among, organization) in each(&tenants(), &maybe("org-7".to_owned())) {
                let filter = CustomerFilter { among, organization };
                customers::list(conn, &filter, slice).await.unwrap();
                self.look(conn, format!("{filter:?} {slice:?}")).await;
            }
            members::list(conn, SecurityGroupId(17), slice).await.unwrap();
            self.look(conn, format!("members {slice:?}")).await;
        }
        for (model, after) in each(&[None, Some("model7")], &["", "model5:verb105"]) {
            actions::list(conn, model, after, LIMIT).await.unwrap();
            self.look(conn, format!("actions of {model:?} after {after:?}")).await;
        }
    }

    async fn audit(&mut self, conn: &mut PgConnection) {
        let whose = each(&tenants(), &maybe("service:17".to_owned()));
        let when = each(&maybe(0), &maybe(i64::from(u32::MAX) * 1_000_000));
        for (((customers, actor), target), (from, to)) in each(&each(&whose, &maybe("user:17".to_owned())), &when) {
            let filter = AuditFilter { customers, actor, target, from, to };
            for before in maybe(30_000) {
                audit::list(conn, &filter, before, LIMIT).await.unwrap();
                self.look(conn, format!("{filter:?} before {before:?}")).await;
            }
        }
    }

    async fn grants(&mut self, conn: &mut PgConnection) {
        let fields = [SortField::User, SortField::ExpiresAt, SortField::PermissionName];
        let mut orders = vec![Vec::new()];
        orders.extend(
            each(&fields, &[true, false]).into_iter().map(|(field, descending)| vec![SortBy { field, descending }]),
        );
        for (order, users) in each(&orders, &[Vec::new(), vec![6, 26]]) {
            let filter = GrantFilter { users, ..GrantFilter::default() };
            let mut after = None;
            for page in 0..2 {
                let list = temporary_grants::list(conn, CustomerId(7), &filter, &order, after.as_ref(), LIMIT).await;
                let list = list.unwrap();
                after = list.last().map(TemporaryGrant::position);
                self.look(conn, format!("{filter:?} {order:?} page {page}")).await;
                if list.len() < usize::from(LIMIT) {
                    break;
                }
            }
        }
    }

    async fn jobs(&mut self, conn: &mut PgConnection) {
        let states = [None, Some(State::Queued), Some(State::Running), Some(State::Failed), Some(State::Done)];
        for (state, (customer, actor)) in each(&states, &each(&maybe(7), &maybe("org_17".to_owned()))) {
            let filter = JobFilter { state, customer, actor };
            queue::list(&mut *conn, &filter, None, LIMIT).await.unwrap();
            self.look(conn, format!("{filter:?}")).await;
        }
    }
}

#[tokio::test]
async fn no_list_reads_a_large_table() {
    let database = TestDatabase::new().await;
    let mut conn = database.pool.acquire().await.unwrap();
    run(&mut conn, format!("set statement_timeout = 0; {FILL}; {FILL_MORE}")).await;
    // The counts are those of a transaction.
    run(&mut conn, "begin".to_owned()).await;
    let mut findings = Findings::default();
    for family in 0..6 {
        for turn in 1..=TURNS {
            findings.looks = turn == TURNS;
            findings.before = reads(&mut conn).await;
            match family {
                0 => findings.users(&mut conn).await,
                1 => findings.groups_and_policies(&mut conn).await,
                2 => findings.others(&mut conn).await,
                3 => findings.audit(&mut conn).await,
                4 => findings.grants(&mut conn).await,
                _ => findings.jobs(&mut conn).await,
            }
        }
    }
    assert!(findings.all.is_empty(), "{:#?}", findings.all);
    // It can see one.
    run(&mut conn, "select * from users where ui_language = 'x'".to_owned()).await;
    findings.look(&mut conn, "a scan".to_owned()).await;
    assert_eq!(findings.all.len(), 1, "the counts are those of this transaction");
}
