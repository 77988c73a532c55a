//! Random numbers by counter.

/// Philox4x32-10 (Salmon et al., *Parallel random numbers: as easy as 1, 2, 3*, 2011): four random words for each
/// counter, without a state, so that a draw depends on its place alone and not on who draws it, or when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Philox {
    key: [u32; 2],
}

/// What numbers are drawn for: the last word of the counter.
pub(crate) mod stream {
    pub const PLUS_PLUS: u32 = 0;
    pub const RANDOM_ROWS: u32 = 1;
    pub const SEEDS: u32 = 2;
    pub const PARALLEL: u32 = 3;
}

impl Philox {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Self {
        Self {
            key: [seed as u32, (seed >> 32) as u32],
        }
    }

    /// The four words of a counter, each uniform over all 32-bit values.
    pub fn words(&self, counter: [u32; 4]) -> [u32; 4] {
        let [mut a, mut b, mut c, mut d] = counter;
        let [mut low, mut high] = self.key;
        for _ in 0..10 {
            let first = u64::from(a) * 0xd251_1f53;
            let second = u64::from(c) * 0xcd9e_8d57;
            (a, b, c, d) = (
                (second >> 32) as u32 ^ b ^ low,
                second as u32,
                (first >> 32) as u32 ^ d ^ high,
                first as u32,
            );
            low = low.wrapping_add(0x9e37_79b9);
            high = high.wrapping_add(0xbb67_ae85);
        }
        [a, b, c, d]
    }

    /// The seed of the `index`-th of several things that are drawn apart from each other.
    pub fn seed(&self, index: u32) -> u64 {
        self.wide([index, 0, 0, stream::SEEDS])
    }

    /// `k` different ones of `rows` rows, each set as likely (Floyd's algorithm); k <= rows.
    pub fn rows(&self, rows: usize, k: usize) -> Vec<usize> {
        let mut chosen = Vec::with_capacity(k);
        let mut seen = std::collections::HashSet::with_capacity(k);
        for last in rows - k..rows {
            let index = (last + k - rows) as u32;
            let wide = self.wide([index, 0, 0, stream::RANDOM_ROWS]);
            let drawn = ((u128::from(wide) * (last as u128 + 1)) >> 64) as usize;
            let row = if seen.insert(drawn) { drawn } else { last };
            seen.insert(row);
            chosen.push(row);
        }
        chosen
    }

    fn wide(&self, counter: [u32; 4]) -> u64 {
        let [low, high, ..] = self.words(counter);
        u64::from(high) << 32 | u64::from(low)
    }
}

#[cfg(test)]
mod tests {
    use super::Philox;

    /// The known answers of Random123 1.14, `kat_vectors`.
    #[test]
    fn words_are_those_of_random123() {
        let ones = u32::MAX;
        let answers = [
            (
                [0; 4],
                [0; 2],
                [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8],
            ),
            (
                [ones; 4],
                [ones; 2],
                [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd],
            ),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, words) in answers {
            let philox = Philox::new(u64::from(key[1]) << 32 | u64::from(key[0]));
            assert_eq!(philox.words(counter), words);
        }
    }

    #[test]
    fn rows_differ_and_each_is_as_likely() {
        let mut counts = [0; 7];
        for seed in 0..7_000 {
            let mut rows = Philox::new(seed).rows(7, 3);
            rows.sort_unstable();
            assert!(rows[0] < rows[1] && rows[1] < rows[2] && rows[2] < 7);
            rows.into_iter().for_each(|row| counts[row] += 1);
        }
        // 3,000 expected of each, with a standard deviation of 41.
        assert!(
            counts.iter().all(|c| (2_800..3_200).contains(c)),
            "{counts:?}"
        );
        let mut all = Philox::new(1).rows(50, 50);
        all.sort_unstable();
        assert_eq!(all, (0..50).collect::<Vec<_>>());
        assert!(Philox::new(1).rows(5, 0).is_empty());
    }

    #[test]
    fn seeds_differ() {
        let philox = Philox::new(7);
        assert_ne!(philox.seed(0), philox.seed(1));
        assert_ne!(philox.seed(0), Philox::new(8).seed(0));
    }
}
