//! The organizations of the other storage clusters, for who is about to import some.

use super::database::Database;
use crate::config::{Config, Place};
use crate::service::import::Elsewhere;
use crate::store::directory;
use std::time::Duration;

/// So long each of them may take; an import into one cluster does not need the others.
const PATIENCE: Duration = Duration::from_secs(5);

/// The organizations of all clusters but `here`. Of one that can't be asked none, which is said on stderr.
pub(super) async fn organizations(config: &Config, here: &Place) -> Elsewhere {
    let mut all = Elsewhere::new();
    let places = std::iter::once(config.default_place()).chain(config.other_places());
    for place in places.filter(|place| place.name != here.name && is_made(place)) {
        match tokio::time::timeout(PATIENCE, read(&place)).await {
            Ok(Ok(organizations)) => {
                all.extend(organizations.into_iter().map(|organization| (organization, place.name.clone())));
            }
            Ok(Err(error)) => tell(&place, &format!("{error:#}")),
            Err(elapsed) => tell(&place, &elapsed.to_string()),
        }
    }
    all
}

/// A private database that was never started has no organizations.
fn is_made(place: &Place) -> bool {
    place.database.url.is_some() || place.data_dir.join("postgres").exists()
}

async fn read(place: &Place) -> anyhow::Result<Vec<String>> {
    let database = Database::connect(place).await.map_err(|failure| anyhow::anyhow!("{failure}"))?;
    let read = async {
        let mut connection = database.pool.acquire().await?;
        anyhow::Ok(directory::all(&mut connection).await?)
    };
    let all = read.await;
    database.close().await;
    Ok(all?.into_iter().map(|(_, organization)| organization).collect())
}

fn tell(place: &Place, why: &str) {
    let name = &place.name;
    eprintln!(
        "permdex: storage cluster `{name}` can't be asked for its organizations: see that none of the file is there ({why})"
    );
}
