//! `POST /v2/permission`: check, list and who has this.

use super::question::{self, Question};
use super::{check, list, stream, who_has};
use crate::http::accept::{self, Form};
use crate::http::app::App;
use crate::http::body::JsonBody;
use crate::http::call::Call;
use crate::http::openapi::Problems;
use crate::http::problem::Problem;
use crate::http::query::NoQuery;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use std::borrow::Cow;
use tracing::Instrument as _;
use utoipa::openapi::schema::AnyOfBuilder;
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// One of the three answers. `anyOf`: it is the question that tells them apart, a list with a filter has the fields of a
/// check.
struct Answer;

impl PartialSchema for Answer {
    fn schema() -> RefOr<Schema> {
        let names = [check::Described::name(), list::Described::name(), who_has::Described::name()];
        let any = names.iter().fold(AnyOfBuilder::new(), |any, name| any.item(Ref::from_schema_name(name.as_ref())));
        any.description(Some("One of the three answers: the question says which.")).into()
    }
}

impl ToSchema for Answer {
    fn name() -> Cow<'static, str> {
        "PermissionAnswer".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.extend([
            (check::Described::name().into_owned(), check::Described::schema()),
            (list::Described::name().into_owned(), list::Described::schema()),
            (who_has::Described::name().into_owned(), who_has::Described::schema()),
        ]);
        check::Described::schemas(schemas);
        list::Described::schemas(schemas);
        who_has::Described::schemas(schemas);
    }
}

/// Check, list, who has this
///
/// With `requesterId`: may this user do `action` (on every `resource`; with none, anywhere)? With `list: true`:
/// everything he may do. Without `requesterId`: everybody who may, with the exact number and page by page;
/// `Accept: application/x-ndjson` or `text/csv` streams all of them.
///
/// Needs `permdex:permission:check` on `user/<id>` for somebody else, `permdex:permission:search` on `user/*` for who has.
#[utoipa::path(post, path = "/v2/permission", tag = "questions",
    request_body(content = question::Described, examples(
        ("check" = (summary = "May user 17 read document 7?",
            value = json!({"action": "doc:read", "requesterId": 17, "resource": ["acrn:app:1:doc/7"]}))),
        ("list" = (summary = "What may user 17 do with documents?",
            value = json!({"requesterId": 17, "list": true, "action": "doc:*"}))),
        ("whoHas" = (summary = "Who may read document 7?",
            value = json!({"action": "doc:read", "resource": ["acrn:app:1:doc/7"], "limit": 100}))))),
    responses(
        (status = 200, description = "The answer. `Permdex-Source: database` when it had to come from PostgreSQL.",
            content((Answer = "application/json"), (String = "application/x-ndjson"), (String = "text/csv")),
            headers(("Permdex-Source" = String, description = "`database`, when the index could not answer."))),
        Problems))]
pub(super) async fn ask(
    State(app): State<App>,
    call: Call,
    _: NoQuery,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let form = accept::form(&headers);
    let asked = question::read(body, form)?;
    let answered = answer(&app, &call, &asked.question, form);
    if asked.debug {
        // Whatever is logged within carries the request's id.
        let span = tracing::info_span!(target: "permdex::query", "query", request_id = call.request.id());
        return async {
            log_look_up(&call, &asked.question);
            answered.await
        }
        .instrument(span)
        .await;
    }
    answered.await
}

async fn answer(app: &App, call: &Call, question: &Question, form: Form) -> Result<Response, Problem> {
    match (question, form) {
        (Question::Check(question), _) => check::answer(call, question).await,
        (Question::List(question), _) => list::answer(call, question).await,
        (Question::WhoHas(question), Form::Json) => who_has::answer(call, question).await,
        (Question::WhoHas(question), form) => stream::answer(call, question, form, app.settings().stream_timeout).await,
    }
}

/// A check and a list are one look-up by id; a who-has logs its own query, where it is made.
fn log_look_up(call: &Call, question: &Question) {
    match question {
        Question::Check(check) => call.cluster.log_look_up(check.requester),
        Question::List(list) => call.cluster.log_look_up(list.requester),
        Question::WhoHas(_) => {}
    }
}
