//! `/v1`: the role API, in `snake_case`.

pub(super) mod role;
