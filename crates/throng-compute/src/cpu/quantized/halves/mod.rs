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

    /// The numbers of two vectors in order, as [`half::bf16::from_f32`] cuts them, but the least are taken for 0.
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

#[cfg(test)]
mod tests {
    use bytemuck::Zeroable;
    use half::bf16;

    use super::*;
    use crate::cpu::simd::tests::own_width;

    #[test]
    fn instructions_do_what_the_crate_of_these_numbers_does() {
        let _width = own_width();
        let Some(instructions) = Bf16::try_new() else {
            return;
        };
        let values: [[f32; LANES]; 2] = std::array::from_fn(|v| {
            std::array::from_fn(|i| (i as f32 - 7.3).powi(5) * 1.7f32.powi(i as i32 * v as i32))
        });
        let cut: [u16; CUT] = bytemuck::cast(instructions.cut(values.map(bytemuck::cast)));
        let want = values.as_flattened().iter().map(|&v| bf16::from_f32(v));
        let want: Vec<bf16> = want.collect();
        assert_eq!(cut.map(bf16::from_bits).to_vec(), want);
        // Halfway, to the even one.
        let between = [0x3f80_8000, 0x3f81_8000].map(f32::from_bits);
        let between: [f32; LANES] = std::array::from_fn(|i| between[i % 2]);
        let even: [u16; CUT] = bytemuck::cast(instructions.cut([bytemuck::cast(between); 2]));
        assert_eq!(even[..2], [0x3f80, 0x3f82]);
        // Two products a lane.
        let cut = bytemuck::cast(cut);
        let sums: [f32; LANES] = bytemuck::cast(instructions.dot(f32x16::zeroed(), cut, cut));
        for (sum, pair) in sums.iter().zip(want.as_chunks::<PAIR>().0) {
            let squares = pair.map(|half| f64::from(half).powi(2));
            let want: f64 = squares.iter().sum();
            // Two roundings, of an eps at most each.
            assert!((f64::from(*sum) - want).abs() <= 2.0 * f64::from(f32::EPSILON) * want);
        }
    }
}
