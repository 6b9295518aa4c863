//! The two kinds of name.

use std::fmt;
use std::hash::Hash;

/// What a name names: an action or a resource. The grammar differs in this only.
pub trait Kind: Copy + Eq + Ord + Hash + fmt::Debug + Send + Sync + 'static {
    /// The word that errors use.
    const WORD: &'static str;
    /// At most so many segments.
    const MAX_SEGMENTS: usize;
    /// The first segment that every name of the kind has, if there is one.
    const FIRST: Option<&'static str>;
}

/// Actions: `doc:read`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {}

/// Resources: `acrn:app:1:doc/7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {}

impl Kind for Action {
    const WORD: &'static str = "action";
    const MAX_SEGMENTS: usize = 4;
    const FIRST: Option<&'static str> = None;
}

impl Kind for Resource {
    const WORD: &'static str = "resource";
    const MAX_SEGMENTS: usize = 10;
    const FIRST: Option<&'static str> = Some("acrn");
}
