//! Refused attempts to change something, in the audit log: who, what, why not. Bounded, so that nobody fills the disk.

use crate::domain::CustomerId;
use crate::service::caller::Caller;
use crate::service::cluster::Cluster;
use crate::service::counts::LeftOut;
use crate::service::error::ServiceError;
use crate::service::right::Right;
use crate::service::written::WriteContext;
use crate::store::audit;

impl Cluster {
    /// Ends an attempt to do `right` to `target`: when it was refused for want of a right, the audit log tells of it, at most
    /// [`audit::REFUSED_BY_ONE`] times an hour a caller. The answer is the same whether or not that succeeds.
    pub(in crate::service) async fn attempted<T>(
        &self,
        caller: &Caller,
        context: &WriteContext,
        right: Right,
        target: &str,
        result: Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        let Err(error) = &result else { return result };
        let (why, customer) = match error {
            ServiceError::Forbidden { action, resource } | ServiceError::Hidden { action, resource, .. } => {
                (format!("`{action}` on `{resource}` is missing"), customer_in(resource))
            }
            ServiceError::NotCovered(pair) => (format!("gives `{pair}`, which the caller does not have"), None),
            ServiceError::Refused(why) => (why.to_string(), None),
            _ => return result,
        };
        let actor = caller.actor();
        let entry = audit::Entry {
            actor: &actor,
            organization: context.organization.as_deref(),
            action: right.0,
            target,
            customer: customer.or(caller.customer()).map(|customer| customer.0),
            request_id: context.request_id.as_deref(),
            ..audit::Entry::default()
        };
        let written = match self.pool.acquire().await {
            Ok(mut connection) => audit::insert_refused(&mut connection, &entry, &why).await,
            Err(error) => Err(error.into()),
        };
        match written {
            Ok(true) => {}
            Ok(false) => self.counts().left_out(LeftOut::Bound),
            Err(error) => {
                self.counts().left_out(LeftOut::Failed);
                let error = crate::telemetry::chain(&error);
                tracing::warn!(actor, target, error, "a refused attempt could not be written to the audit log");
            }
        }
        result
    }
}

/// The tenant of one of our resources.
fn customer_in(resource: &str) -> Option<CustomerId> {
    resource.strip_prefix("acrn:permdex:")?.split(':').next()?.parse().ok().map(CustomerId)
}
