//! `GET /docs`: the OpenAPI document to read and try, from files that are compiled in.

use crate::http::app::App;
use axum::Router;
use utoipa_swagger_ui::{Config, SwaggerUi};

pub(in crate::http) fn route() -> Router<App> {
    SwaggerUi::new("/docs").config(Config::new(["/openapi.json"]).try_it_out_enabled(true)).into()
}
