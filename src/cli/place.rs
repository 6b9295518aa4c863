//! Which storage cluster a command is about.

use super::args::AtCluster;
use super::exit::Failure;
use crate::config::{Config, Place};
use anyhow::anyhow;

impl AtCluster {
    /// The storage cluster that was named, else `default`.
    ///
    /// # Errors
    /// It is not configured.
    pub(super) fn place(&self, config: &Config) -> Result<Place, Failure> {
        let mut all = vec![config.default_place()];
        all.extend(config.other_places());
        let Some(name) = &self.cluster else { return Ok(all.swap_remove(0)) };
        if let Some(at) = all.iter().position(|place| place.name == *name) {
            return Ok(all.swap_remove(at));
        }
        let known = all.iter().map(|place| format!("`{}`", place.name)).collect::<Vec<_>>().join(", ");
        Err(anyhow!("storage cluster `{name}` is not configured: there is {known}").into())
    }
}
