//! `GET /livez`: the process runs and answers.

use crate::http::query::NoQuery;

/// Whether the process lives
///
/// Says nothing about what it needs: a restart would not mend that.
#[utoipa::path(get, path = "/livez", tag = "operations", security(()),
    responses((status = 200, description = "It does.", body = str, example = json!("ok"))))]
pub(super) async fn livez(_: NoQuery) -> &'static str {
    "ok"
}
