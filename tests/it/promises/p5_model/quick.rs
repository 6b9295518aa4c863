//! A hash for millions of small states in an unoptimised build, where the standard one takes most of the time. States
//! are compared whole, so a poor hash costs time and never a state.

use std::hash::{BuildHasherDefault, Hasher};

/// A set's hasher: one multiplication a field.
pub type Quick = BuildHasherDefault<Fold>;

#[derive(Debug, Default)]
pub struct Fold(u64);

impl Fold {
    fn fold(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for Fold {
    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.fold(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.fold(u64::from(value));
    }

    fn write_usize(&mut self, value: usize) {
        self.fold(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.fold(value.cast_unsigned() as u64);
    }
}
