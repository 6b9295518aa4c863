//! Choices that a seed decides: the same seed makes the same ones on every machine.

use std::time::Duration;

/// A stream of choices.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The stream `which` of `seed`; streams of different `which` have nothing in common.
    pub fn new(seed: u64, which: u64) -> Self {
        let mut random = Self(seed ^ which.wrapping_mul(0xd6e8_feb8_6659_fd93));
        random.next();
        random
    }

    /// `SplitMix64`.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of `0 .. bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Whether it happens, `percent` of the times.
    pub fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of `all`, which has some.
    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let count = u64::try_from(all.len()).expect("few");
        all[usize::try_from(self.below(count)).expect("few")]
    }

    /// A time of `from ..= to` milliseconds.
    pub fn time(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from + 1))
    }

    /// `all` in another order.
    pub fn shuffled<T: Copy>(&mut self, all: &[T]) -> Vec<T> {
        let mut all = all.to_vec();
        for last in (1..all.len()).rev() {
            let bound = u64::try_from(last + 1).expect("few");
            all.swap(last, usize::try_from(self.below(bound)).expect("few"));
        }
        all
    }
}
