//! Who is calling, and on which storage cluster: every endpoint but the operators' begins with a [`Call`].

use super::app::App;
use super::kind::Kind;
use super::problem::Problem;
use super::request::RequestInfo;
use crate::service::{Caller, Cluster, WriteContext};
use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::request::Parts;
use std::sync::Arc;

const X_MONGO_CLUSTER_NAME: HeaderName = HeaderName::from_static("x-mongo-cluster-name");

/// A caller with a verified token, who exists.
#[derive(Debug)]
pub(super) struct Call {
    /// Where his question goes.
    pub cluster: Cluster,
    /// Who he is.
    pub caller: Caller,
    /// The request.
    pub request: Arc<RequestInfo>,
}

impl Call {
    /// What a write of this call leaves in the audit log.
    pub(super) fn write_context(&self, wait: bool) -> WriteContext {
        WriteContext { request_id: Some(self.request.id().to_owned()), wait, ..WriteContext::default() }
    }
}

impl FromRequestParts<App> for Call {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let request = request_info(parts);
        let claims = app.verifier().verify(&parts.headers)?;
        request.learn(&claims);
        let cluster = app.cluster(cluster_name(parts)?)?.clone();
        let caller = cluster.caller(claims).await?;
        Ok(Self { cluster, caller, request })
    }
}

/// The request, which [`super::outer`] has put beside it.
pub(super) fn request_info(parts: &Parts) -> Arc<RequestInfo> {
    let known = parts.extensions.get::<Arc<RequestInfo>>();
    known.map_or_else(|| Arc::new(RequestInfo::new(&parts.headers)), Arc::clone)
}

/// The storage cluster that a request names.
pub(super) fn cluster_name(parts: &Parts) -> Result<Option<&str>, Problem> {
    let mut given = parts.headers.get_all(X_MONGO_CLUSTER_NAME).iter();
    let (first, second) = (given.next(), given.next());
    let bad =
        || Problem::new(Kind::BadRequest, "the header `x-mongo-cluster-name` is not one name: send it once, in ASCII");
    if second.is_some() {
        return Err(bad());
    }
    first.map(|name| name.to_str().map_err(|_| bad())).transpose()
}
