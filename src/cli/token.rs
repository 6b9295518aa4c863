//! `permdex token`.

use super::args::{AtCluster, TokenArgs};
use super::database::Database;
use super::exit::{Exit, Failure};
use super::{keys, output};
use crate::auth::{MintRequest, Subject, mint};
use crate::clock::Clock;
use crate::config::{Config, Place, span};
use crate::domain::UserId;
use crate::store::{StoreError, users};
use anyhow::anyhow;

pub(super) async fn run(config: &Config, args: &TokenArgs) -> Result<Exit, Failure> {
    let ttl = span::parse(&args.ttl).map_err(|why| anyhow!("--ttl `{}`: {why}", args.ttl))?;
    let (subject, organization) = match (&args.service, args.user) {
        (Some(service), None) => (Subject::Service(service.as_str().into()), args.org.clone()),
        (None, Some(user)) => {
            let organization = match &args.org {
                Some(organization) => organization.clone(),
                None => organization_of(&at(args).place(config)?, UserId(user)).await?,
            };
            (Subject::User(UserId(user)), Some(organization))
        }
        _ => return Err(anyhow!("say whose token: --service NAME or --user ID").into()),
    };
    let request = MintRequest { subject, organization, scope: args.scope.clone(), ttl };
    output::text(&mint(&keys::load(config)?, &request, &Clock::System)?)
}

/// Whose database knows the user.
fn at(args: &TokenArgs) -> AtCluster {
    AtCluster { cluster: args.cluster.clone() }
}

/// A user's token carries his organization; only the database knows it.
async fn organization_of(place: &Place, user: UserId) -> Result<String, Failure> {
    let database = Database::open(place).await?;
    let found = organization(&database, user).await;
    database.close().await;
    found
        .map_err(Failure::unreachable)?
        .ok_or_else(|| anyhow!("user `{user}` does not exist: name the organization with --org").into())
}

async fn organization(database: &Database, user: UserId) -> Result<Option<String>, StoreError> {
    let mut connection = database.pool.acquire().await?;
    users::organization(&mut connection, user).await
}
