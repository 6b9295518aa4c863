//! Who is calling the role API, about which organization, from which one, and whether he has not asked too often.

use super::limits::Standing;
use crate::auth::Claims;
use crate::http::app::App;
use crate::http::call::Call;
use crate::http::kind::Kind;
use crate::http::problem::Problem;
use crate::http::request::RequestInfo;
use crate::service::roles::Tenant;
use crate::service::{Caller, Cluster, ServiceError, WriteContext};
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::HeaderName;
use axum::http::request::Parts;
use std::sync::Arc;

const X_ORG_ID: HeaderName = HeaderName::from_static("x-org-id");

/// A caller of the endpoint `ENDPOINT` (one of [`super::limits::endpoint`]), who exists and is within its limit.
#[derive(Debug)]
pub(super) struct RoleCall<const ENDPOINT: usize> {
    /// Where the organization is.
    pub cluster: Cluster,
    /// Who he is.
    pub caller: Caller,
    /// What he asks about.
    pub tenant: Tenant,
    /// The role that the path names; empty where it names none.
    pub role_name: String,
    /// `X-ORG-ID`.
    issuer: Option<String>,
    request: Arc<RequestInfo>,
}

impl<const ENDPOINT: usize> RoleCall<ENDPOINT> {
    /// What a write of this call leaves in the audit log.
    pub fn write_context(&self, wait: bool) -> WriteContext {
        let request_id = Some(self.request.id().to_owned());
        WriteContext { request_id, organization: self.issuer.clone(), wait, ..WriteContext::default() }
    }
}

impl<const ENDPOINT: usize> FromRequestParts<App> for RoleCall<ENDPOINT> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let claims = app.verifier().verify(&parts.headers)?;
        let [organization, role_name] = path_parameters(parts, app, ["organization", "role_name"]).await?;
        let issuer = issuer(parts)?;
        may_speak_for(&claims, issuer.as_deref(), &organization)?;
        let Call { cluster, caller, request } = Call::from_request_parts(parts, app).await?;
        // Ids are per cluster.
        match app.limits().count(ENDPOINT, &format!("{} {}", cluster.name, caller.actor())) {
            Ok(standing) => request.stands(standing),
            Err((standing, wait)) => {
                request.stands(Some(standing));
                return Err(Standing::problem(standing, wait));
            }
        }
        let tenant = cluster.tenant(&organization).await?;
        Ok(Self { cluster, caller, tenant, role_name, issuer, request })
    }
}

async fn path_parameters<const N: usize>(
    parts: &mut Parts,
    app: &App,
    names: [&str; N],
) -> Result<[String; N], Problem> {
    let unreadable = |_| Problem::new(Kind::BadRequest, "the path is not UTF-8: percent-encode it as UTF-8");
    let parameters = RawPathParams::from_request_parts(parts, app).await.map_err(unreadable)?;
    let value = |name| parameters.iter().find(|(parameter, _)| *parameter == name).map(|(_, value)| value.to_owned());
    Ok(names.map(|name| value(name).unwrap_or_default()))
}

/// `X-ORG-ID`, if it is there.
fn issuer(parts: &Parts) -> Result<Option<String>, Problem> {
    let bad =
        || Problem::new(Kind::BadRequest, "the header `X-ORG-ID` is not one organization: send it once, in ASCII");
    let mut given = parts.headers.get_all(X_ORG_ID).iter();
    match (given.next(), given.next()) {
        (None, _) => Ok(None),
        (Some(one), None) => one.to_str().map(|text| Some(text.to_owned())).map_err(|_| bad()),
        (Some(_), Some(_)) => Err(bad()),
    }
}

/// Whether the token was issued by whom the request says: by `X-ORG-ID`, else by the path's organization.
fn may_speak_for(claims: &Claims, issuer: Option<&str>, organization: &str) -> Result<(), Problem> {
    let why = match (claims.organization.as_deref(), issuer) {
        (Some(own), Some(issuer)) if own == issuer => return Ok(()),
        (_, Some(issuer)) => {
            let issuer = crate::json::quoted(issuer);
            format!("`X-ORG-ID` says `{issuer}`, but another organization issued the token: send the one that did")
        }
        (Some(own), None) if own == organization => return Ok(()),
        // A service's token may be of no organization.
        (None, None) => return Ok(()),
        (Some(_), None) => "the token was issued by another organization than the path's: name the one that issued it \
            in `X-ORG-ID`"
            .to_owned(),
    };
    Err(ServiceError::Unauthorized(why.into()).into())
}
