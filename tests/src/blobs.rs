//! Blobs by an integer recipe, the same bits here and in `golden/kmeans.py`.

/// Rows around centres.
pub struct Blobs {
    /// Rows, [n, d]: integers below 2^24 over 2^16, so exact in `f32`.
    pub x: Vec<f32>,
    /// The planted blob of each row, \[n\] in `0..k`.
    pub truth: Vec<u32>,
}

/// `n` rows of `d` features around `k` centres that lie `spread` / 64 as far apart as rows lie from their centre.
pub fn blobs(n: usize, d: usize, k: usize, spread: i64) -> Blobs {
    let stream = |which: u64, counter: usize| (which << 56) + counter as u64;
    let truth: Vec<u32> = (0..n)
        .map(|i| (hash64(stream(3, i)) % k as u64) as u32)
        .collect();
    let centres: Vec<i64> = (0..k * d)
        .map(|at| (bell(stream(2, at)) * spread) >> 6)
        .collect();
    let mut x = Vec::with_capacity(n * d);
    for (i, &blob) in truth.iter().enumerate() {
        let centre = &centres[blob as usize * d..][..d];
        let row = (0..d).map(|j| centre[j] + bell(stream(1, i * d + j)));
        x.extend(row.map(|value| value as f32 / 65536.0));
    }
    Blobs { x, truth }
}

/// splitmix64 (Steele, Lea and Flood, 2014) of a counter.
pub(crate) fn hash64(counter: u64) -> u64 {
    let mut x = counter.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// A bell-shaped integer of mean 0 and standard deviation 37,837: the sum of a hash's four 16-bit parts.
fn bell(counter: u64) -> i64 {
    let hash = hash64(counter);
    let parts = (0..4).map(|part| ((hash >> (16 * part)) & 0xFFFF) as i64);
    parts.sum::<i64>() - 131_070
}

#[cfg(test)]
mod tests {
    use super::{bell, hash64};

    /// The first outputs of splitmix64 from the state 0, as published with its reference implementation.
    #[test]
    fn the_hash_is_splitmix64() {
        assert_eq!(hash64(0), 0xE220_A839_7B1D_CDAF);
        assert_eq!(hash64(1), 0x6E78_9E6A_A1B9_65F4);
    }

    #[test]
    fn the_bell_is_centred() {
        let n = 100_000;
        let mean = (0..n).map(bell).sum::<i64>() as f64 / n as f64;
        // Five standard errors of the mean.
        assert!(mean.abs() < 5.0 * 37_837.0 / (n as f64).sqrt(), "{mean}");
    }
}
