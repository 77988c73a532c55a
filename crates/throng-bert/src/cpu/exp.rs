//! exp of many values at once.

use pulp::Simd;

/// exp(r) = 1 + r + r^2 P(r) for |r| <= ln(2) / 2; fitted by weighted least squares (Lawson's method) to 5e-9.
const P: [f32; 5] = [
    0.5,
    0.166_665_2,
    0.041_668_393,
    0.008_368_781,
    0.001_381_446_7,
];

/// Added and taken away again, this leaves the nearest whole number, in the lowest bits too.
const ROUND: f32 = (3 << 22) as f32;

/// ln(2), of few bits, so that whole numbers times it are exact; and what is left of it.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = (std::f64::consts::LN_2 - 0.693_359_375) as f32;

/// Below this exp is less than any number of full precision.
const LEAST: f32 = -87.0;

/// exp(x) of numbers x <= 0; at least exp(-87).
#[inline(always)]
pub fn of_negative<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let x = simd.max_f32s(x, simd.splat_f32s(LEAST));
    let log_2_e = simd.splat_f32s(std::f32::consts::LOG2_E);
    let rounded = simd.mul_add_f32s(x, log_2_e, simd.splat_f32s(ROUND));
    let n = simd.sub_f32s(rounded, simd.splat_f32s(ROUND));
    // x = n ln(2) + r
    let r = simd.mul_add_f32s(n, simd.splat_f32s(-LN_2_HIGH), x);
    let r = simd.mul_add_f32s(n, simd.splat_f32s(-LN_2_LOW), r);
    let mut p = simd.splat_f32s(P[4]);
    for place in (0..4).rev() {
        p = simd.mul_add_f32s(p, r, simd.splat_f32s(P[place]));
    }
    let p = simd.mul_add_f32s(simd.mul_f32s(r, r), p, r);
    let p = simd.add_f32s(p, simd.splat_f32s(1.0));
    // Times 2^n: n is added to the exponent.
    let n = simd.transmute_u32s_f32s(rounded);
    let n = simd.wrapping_dyn_shl_u32s(n, simd.splat_u32s(23));
    simd.transmute_f32s_u32s(simd.add_u32s(simd.transmute_u32s_f32s(p), n))
}

#[cfg(test)]
mod tests {
    use pulp::{Arch, WithSimd};

    use super::*;

    struct All<'a>(&'a mut [f32]);

    impl WithSimd for All<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let (vectors, rest) = S::as_mut_simd_f32s(self.0);
            assert!(rest.is_empty());
            for x in vectors {
                *x = of_negative(simd, *x);
            }
        }
    }

    #[test]
    fn values_are_those_of_64_bits() {
        let x: Vec<f32> = (0..160_000).map(|i| -(i as f32) / 1_600.0).collect();
        let mut found = x.clone();
        Arch::new().dispatch(All(&mut found));
        for (x, found) in x.into_iter().zip(found) {
            let want = f64::from(x.max(LEAST)).exp();
            // The last addition rounds, and what it adds to is off by less.
            let off = (f64::from(found) / want - 1.0).abs();
            assert!(off <= f64::from(f32::EPSILON), "{x}: {found}, not {want}");
        }
    }
}
