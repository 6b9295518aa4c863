//! The `refresh` room.
