//! Hashes that are the same on every machine and in every version.

/// The FNV-1a hash of `text`.
pub(crate) fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// A hash of `text` that is another for each `seed`, all bits of which are as good as drawn: FNV-1a mixed as in
/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
pub(crate) fn mixed(seed: u64, text: &str) -> u64 {
    mix(fnv1a(text) ^ mix(seed))
}

fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::{fnv1a, mix};

    #[test]
    fn published_values() {
        // From the FNV reference code's test vectors.
        for (text, hash) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ] {
            assert_eq!(fnv1a(text), hash);
        }
        // The first draws of SplitMix64 seeded with 0, as in Java's SplittableRandom(0).
        let golden = 0x9e37_79b9_7f4a_7c15_u64;
        let draws = [0, 1, 2].map(|i| mix(golden.wrapping_mul(i)));
        assert_eq!(
            draws,
            [
                0xe220_a839_7b1d_cdaf,
                0x6e78_9e6a_a1b9_65f4,
                0x06c4_5d18_8009_454f
            ]
        );
    }
}
