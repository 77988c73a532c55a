//! Codes of 8 bits: products of bytes (AVX-512 VNNI), four in the time of one product of 32 bits.
//!
//! Rows are X = s q + e and centroids C = t p + f, where q and p are whole numbers to +-127 and s and t scales of their own.
//! st qp is found exactly, and |e| and |f| are known of each row and centroid. For 64 to 384 normal features that leaves 1 to 3
//! of 100 centroids.

mod centroids;
mod near;
mod rows;
mod screen;

pub use centroids::Bytes;
pub use rows::RowBytes;
pub use screen::Screen;

use std::ops::RangeInclusive;

use pulp::i32x16;

use super::{GROUP, LANES};
use crate::cpu::simd::is_allowed;

/// Features in a lane.
const QUAD: usize = 4;

/// Groups whose scores are held: those of 64 centroids and 48 rows are 12 KiB.
const GROUPS: usize = 8;

/// The greatest code.
const MOST: f32 = 127.0;

/// What is added to a row's codes, so that they are unsigned.
const ZERO: i32 = 128;

/// What rounds a number to a whole one, half to even, when it is added and taken away again, and leaves it with
/// [`ZERO`] added in the low byte.
const WHOLE: f32 = 1.5 * (1 << 23) as f32 + ZERO as f32;

/// Values that are all smaller are not told apart by codes.
const LEAST: f64 = 1e-30;

pulp::simd_type!({
    struct Vnni {
        avx512f: f!("avx512f"),
        avx512bw: f!("avx512bw"),
        avx512cd: f!("avx512cd"),
        avx512dq: f!("avx512dq"),
        avx512vl: f!("avx512vl"),
        avx512vnni: f!("avx512vnni"),
        avx2: f!("avx2"),
        fma: f!("fma"),
        bmi1: f!("bmi1"),
        bmi2: f!("bmi2"),
        lzcnt: f!("lzcnt"),
        popcnt: f!("popcnt"),
    }
});

impl Vnni {
    /// Adds to each lane of `sum` the products of its four bytes in `x`, unsigned, and in `c`, signed.
    #[inline(always)]
    fn dot(self, sum: i32x16, x: i32x16, c: i32x16) -> i32x16 {
        use std::arch::x86_64::{__m512i, _mm512_dpbusd_epi32};
        use std::mem::transmute;
        #[expect(unsafe_code, reason = "pulp has no name for this instruction")]
        // SAFETY: `self` proves that there is AVX-512 VNNI. Both types are 64 bytes, valid whatever their bits.
        unsafe {
            let [sum, x, c] = [sum, x, c].map(|v| transmute::<i32x16, __m512i>(v));
            transmute::<__m512i, i32x16>(_mm512_dpbusd_epi32(sum, x, c))
        }
    }
}

/// Fewer features are compared as soon by products of 32 bits.
pub const FEATURES: RangeInclusive<usize> = 96..=usize::MAX;

/// Whether this processor has what it takes.
pub fn is_available() -> bool {
    Vnni::is_available() && is_allowed(LANES)
}
