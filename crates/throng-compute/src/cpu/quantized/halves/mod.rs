//! bfloat16, numbers of 32 bits cut to 16: their products (AVX-512 BF16) are two in the time of one of 32 bits.
//!
//! With F and L the greatest |f| and |C| of all centroids, every product is off by at most (|X| + |e|) F + |e| L, which is of the row
//! alone. So a row has one candidate where its best score is ahead of the second by twice that, and two where it is ahead of the third.
//! Of 64 normal features and 100 centroids nine rows in ten have one, and one in a hundred is left.

mod best;
mod centroids;
mod pace;
mod rows;
mod screen;

pub use centroids::Halves;
pub use rows::RowHalves;
pub use screen::Screen;

use std::ops::RangeInclusive;

use pulp::{f32x16, i32x16};

use super::{GROUP, LANES};
use crate::cpu::simd::is_allowed;

/// Features in a lane.
const PAIR: usize = 2;

/// Features that are cut to 16 bits at once.
const CUT: usize = PAIR * LANES;

/// Fewer features are compared as soon by products of 32 bits, more by products of bytes.
pub const FEATURES: RangeInclusive<usize> = 32..=95;

/// Whether this processor has what it takes, and is fast at it.
pub fn is_available() -> bool {
    Bf16::try_new().is_some_and(|bf16| is_allowed(LANES) && pace::is_fast(bf16))
}

pulp::simd_type!({
    struct Bf16 {
        avx512f: f!("avx512f"),
        avx512bw: f!("avx512bw"),
        avx512cd: f!("avx512cd"),
        avx512dq: f!("avx512dq"),
        avx512vl: f!("avx512vl"),
        avx512bf16: f!("avx512bf16"),
        avx2: f!("avx2"),
        fma: f!("fma"),
        bmi1: f!("bmi1"),
        bmi2: f!("bmi2"),
        lzcnt: f!("lzcnt"),
        popcnt: f!("popcnt"),
    }
});

impl Bf16 {
    /// Adds to each lane of `sum` the products of its two numbers in `x` and in `c`.
    #[inline(always)]
    fn dot(self, sum: f32x16, x: i32x16, c: i32x16) -> f32x16 {
        use std::arch::x86_64::{__m512, __m512bh, _mm512_dpbf16_ps};
        use std::mem::transmute;
        #[expect(unsafe_code, reason = "pulp has no name for this instruction")]
        // SAFETY: `self` proves that there is AVX-512 BF16. All types are 64 bytes, valid whatever their bits.
        unsafe {
            let [x, c] = [x, c].map(|v| transmute::<i32x16, __m512bh>(v));
            transmute::<__m512, f32x16>(_mm512_dpbf16_ps(transmute::<f32x16, __m512>(sum), x, c))
        }
    }

    /// The numbers of two vectors in order, in 16 bits: each the nearest, or the even one of two.
    #[inline(always)]
    fn cut(self, [first, second]: [f32x16; 2]) -> i32x16 {
        use std::arch::x86_64::{__m512, __m512bh, _mm512_cvtne2ps_pbh};
        use std::mem::transmute;
        #[expect(unsafe_code, reason = "pulp has no name for this instruction")]
        // SAFETY: as above.
        unsafe {
            let [first, second] = [first, second].map(|v| transmute::<f32x16, __m512>(v));
            transmute::<__m512bh, i32x16>(_mm512_cvtne2ps_pbh(second, first))
        }
    }
}

/// The 16 bits that [`Bf16::cut`] leaves of a number, but of the least, which it takes for 0.
#[inline(always)]
fn half(value: f32) -> u16 {
    let bits = value.to_bits();
    let up = 0x7fff + (bits >> 16 & 1);
    (bits.wrapping_add(up) >> 16) as u16
}

/// The number of these 16 bits.
#[inline(always)]
fn whole(half: u16) -> f32 {
    f32::from_bits(u32::from(half) << 16)
}

#[cfg(test)]
mod tests {
    use bytemuck::Zeroable;

    use super::*;
    use crate::cpu::simd::tests::own_width;

    #[test]
    fn numbers_are_cut_to_the_nearest() {
        let _width = own_width();
        let scales = [1.0, 1e-30, 1e30, 3e-38];
        for (i, scale) in (0..4000).zip(scales.iter().cycle()) {
            let value = scale * (((i * i * 31 + 7) % 10_007) as f32 / 5_000.0 - 1.0);
            let off = |half: u16| (f64::from(whole(half)) - f64::from(value)).abs();
            let cut = half(value);
            assert!(off(cut) <= off(cut + 1).min(off(cut - 1)), "{value}");
            // Eight bits of it are kept.
            assert!(off(cut) <= f64::from(value.abs()) / 256.0 || value.abs() < f32::MIN_POSITIVE);
        }
        // Halfway, to the even one.
        let between = |half| (whole(half) + whole(half + 1)) / 2.0;
        assert_eq!(
            [between(0x3f80), between(0x3f81)].map(half),
            [0x3f80, 0x3f82]
        );
        let Some(bf16) = Bf16::try_new() else { return };
        let values: [[f32; LANES]; 2] = std::array::from_fn(|v| {
            std::array::from_fn(|i| (i as f32 - 7.3).powi(5) * 1.7f32.powi(i as i32 * v as i32))
        });
        let cut: [u16; CUT] = bytemuck::cast(bf16.cut(values.map(bytemuck::cast)));
        let want: Vec<u16> = values.as_flattened().iter().map(|&v| half(v)).collect();
        assert_eq!(cut.to_vec(), want);
        // Two products a lane.
        let cut = bytemuck::cast(cut);
        let sums: [f32; LANES] = bytemuck::cast(bf16.dot(f32x16::zeroed(), cut, cut));
        for (sum, pair) in sums.iter().zip(want.as_chunks::<PAIR>().0) {
            let squares = pair.map(|half| f64::from(whole(half)).powi(2));
            let want: f64 = squares.iter().sum();
            assert!((f64::from(*sum) - want).abs() <= 2.0 * f64::from(f32::EPSILON) * want);
        }
    }
}
