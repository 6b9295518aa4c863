//! A private PostgreSQL cluster in permdex's data directory, for running with no database set up.
//!
//! Here: finding the installed server programs, initdb, starting or adopting the server, stopping it.
//! Not here: pools, migrations, SQL of ours. Called by `cli` when no database URL is set, and by the tests.
//!
//! ```text
//! <data dir>/postgres.lock    held while somebody starts or stops the server
//! <data dir>/postgres.users   shared lock of every permdex that uses the server; the last one stops it
//! <data dir>/postgres.log     what the server says
//! <data dir>/postgres/        0700, of the server's user: data/ (the cluster) and the socket
//! ```
//! What permdex opens itself lies outside `postgres/`: as root it must not follow names that the server's
//! user can plant.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use permdex::store::{pool, private::PrivateCluster};
//!
//! let cluster = PrivateCluster::start(std::path::Path::new("permdex-data")).await?;
//! let pool = pool::connect(cluster.options(), &pool::PoolSettings::default());
//! // ...
//! pool.close().await;
//! cluster.stop().await?;
//! # Ok(())
//! # }
//! ```

mod account;
mod cluster;
mod error;
mod home;
mod initdb;
mod launch;
mod postmaster;
mod probe;
mod programs;
mod server;
mod socket;

pub use cluster::{Durability, PrivateCluster};
pub use error::PrivateClusterError;
