//! Whose users a caller may search.
