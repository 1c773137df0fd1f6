//! Numbers that follow from a seed.

/// A stream of numbers (SplitMix64), the same for the same seed on every machine.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed of a test: `OCI_MOODLE_TEST_SEED`, or 1. It is printed.
    pub(crate) fn seed() -> u64 {
        let seed = std::env::var("OCI_MOODLE_TEST_SEED").map_or(1, |text| text.parse().unwrap());
        println!("OCI_MOODLE_TEST_SEED={seed}");
        seed
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
