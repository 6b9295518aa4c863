//! `GET /openapi.json`: the OpenAPI document, written once.

use crate::http::app::App;
use crate::http::query::NoQuery;
use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use utoipa::openapi::OpenApi;

pub(in crate::http) fn route(document: &OpenApi) -> Router<App> {
    // The document is made of strings; it can be written.
    let text = Bytes::from(serde_json::to_vec(document).unwrap_or_default());
    let handler = move |_: NoQuery| {
        let text = text.clone();
        async move { ([(CONTENT_TYPE, "application/json")], text) }
    };
    Router::new().route("/openapi.json", get(handler))
}
