//! Who is calling, and on which storage cluster: every endpoint but the operators' begins with a [`Call`].
//!
//! The cluster is the one that the header `x-mongo-cluster-name` names, else that of the organization in the path (a
//! parameter of the route that is called `organization`), else that of the token's organization, else `default`.

use super::app::App;
use super::kind::Kind;
use super::problem::Problem;
use super::request::RequestInfo;
use crate::service::{Caller, Cluster, Wish, WriteContext};
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::HeaderName;
use axum::http::request::Parts;
use std::sync::Arc;

/// The header that names a storage cluster.
pub(super) const X_MONGO_CLUSTER_NAME: HeaderName = HeaderName::from_static("x-mongo-cluster-name");
/// The parameter of a route that names an organization.
const ORGANIZATION: &str = "organization";

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
        let are_several = app.clusters().are_several();
        let organization = if are_several { path_organization(parts, app).await } else { None };
        let named = cluster_name(parts)?.map(|name| app.named_cluster(name)).transpose()?;
        let wish = Wish { named, organization: organization.as_deref() };
        let (cluster, caller) = app.clusters().call(wish, claims).await?;
        if are_several {
            request.goes_to(&cluster.name);
        }
        Ok(Self { cluster, caller, request })
    }
}

/// The request, which [`super::outer`] has put beside it.
fn request_info(parts: &Parts) -> Arc<RequestInfo> {
    let known = parts.extensions.get::<Arc<RequestInfo>>();
    known.map_or_else(|| Arc::new(RequestInfo::new(&parts.headers)), Arc::clone)
}

/// The organization in the path, where the route has one.
async fn path_organization(parts: &mut Parts, app: &App) -> Option<String> {
    let parameters = RawPathParams::from_request_parts(parts, app).await.ok()?;
    parameters.iter().find(|(name, _)| *name == ORGANIZATION).map(|(_, value)| value.to_owned())
}

fn cluster_name(parts: &Parts) -> Result<Option<&str>, Problem> {
    let mut given = parts.headers.get_all(X_MONGO_CLUSTER_NAME).iter();
    let (first, second) = (given.next(), given.next());
    let bad =
        || Problem::new(Kind::BadRequest, "the header `x-mongo-cluster-name` is not one name: send it once, in ASCII");
    if second.is_some() {
        return Err(bad());
    }
    first.map(|name| name.to_str().map_err(|_| bad())).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::app::{TestApp, service};
    use axum::Router;
    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::get;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    /// Where a service's call to this path goes, and with this header.
    async fn goes(path: &str, header: Option<&str>) -> String {
        let app = TestApp::two_clusters().app;
        let name = async |call: Call| call.cluster.name.to_string();
        let routes = Router::new().route("/v1/{organization}/role", get(name)).route("/v2/thing/{id}", get(name));
        let mut request = Request::get(path).header("authorization", format!("Bearer {}", service()));
        if let Some(header) = header {
            request = request.header(X_MONGO_CLUSTER_NAME, header);
        }
        let answer = routes.with_state(app).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        if status.is_success() { String::from_utf8(body.to_vec()).unwrap() } else { status.as_str().to_owned() }
    }

    #[tokio::test]
    async fn a_path_with_an_organization_goes_where_that_is() {
        for (path, header, cluster) in [
            ("/v1/initech/role", None, "eu"),
            ("/v1/acme/role", None, "default"),
            ("/v1/init%65ch/role", None, "eu"),
            ("/v1/initech/role", Some("default"), "default"),
            ("/v1/acme/role", Some("eu"), "eu"),
            // Nobody can say yet whose it is.
            ("/v1/nowhere/role", None, "503"),
            // What can't be an organization is nobody's: the endpoint says so.
            ("/v1/No%00ne/role", None, "default"),
            ("/v2/thing/initech", None, "default"),
            ("/v2/thing/1", Some("eu"), "eu"),
        ] {
            assert_eq!(goes(path, header).await, cluster, "{path} {header:?}");
        }
    }
}
