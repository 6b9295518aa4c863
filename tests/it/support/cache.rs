//! Where `make test` keeps what it has fetched for the tests.

use std::path::{Path, PathBuf};

/// `PERMDEX_CACHE_DIR`, else `.cache`; it need not be there.
pub fn cache() -> PathBuf {
    let here = || Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache");
    std::env::var_os("PERMDEX_CACHE_DIR").map_or_else(here, PathBuf::from)
}
