//! The exact gelu of many values at once on the CPU, where no gradient is asked for.
//!
//! Burn's own takes the error function of one value after another, on one thread: a quarter of the time of an encoder.

use burn::tensor::{DType, Device, Tensor};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Values that a thread takes at once.
const BLOCK: usize = 1 << 14;

/// erf(x) = x P(x^2) / Q(x^2) up to here, where it is 1 to the last bit but one; fitted by weighted least squares (Lawson's
/// method) to 2e-8.
const END: f32 = 3.92;
const P: [f32; 6] = [
    std::f32::consts::FRAC_2_SQRT_PI,
    0.1927642,
    0.05306019,
    0.0038682336,
    0.00028746054,
    2.0345258e-06,
];
const Q: [f32; 6] = [
    1.0,
    0.5041645,
    0.11508439,
    0.015172142,
    0.0011880599,
    3.806746e-05,
];

/// Whether a tensor is on the CPU, of 32-bit floats, and not tracked for gradients.
pub(crate) fn is_for<const D: usize>(x: &Tensor<D>) -> bool {
    x.dtype() == DType::F32 && !x.device().is_autodiff() && x.device() == Device::flex()
}

/// x Phi(x) of each value of such a tensor.
pub(crate) fn forward<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let device = x.device();
    // Neither takes a copy where nothing else holds the tensor.
    let mut data = x.into_data();
    if let Ok(values) = data.as_mut_slice::<f32>() {
        gelu(values);
    }
    Tensor::from_data(data, &device)
}

/// x Phi(x) in place of each x, on all threads.
fn gelu(values: &mut [f32]) {
    values
        .par_chunks_mut(BLOCK)
        .for_each(|block| Arch::new().dispatch(Gelu(block)));
}

struct Gelu<'a>(&'a mut [f32]);

impl WithSimd for Gelu<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (vectors, rest) = S::as_mut_simd_f32s(self.0);
        for x in vectors {
            *x = of_vector(simd, *x);
        }
        if !rest.is_empty() {
            let x = of_vector(simd, simd.partial_load_f32s(rest));
            simd.partial_store_f32s(rest, x);
        }
    }
}

// No closures: they would be calls, for they do not take over the vectors' instructions.
#[inline(always)]
fn of_vector<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let scaled = simd.mul_f32s(x, simd.splat_f32s(std::f32::consts::FRAC_1_SQRT_2));
    let z = clamped(simd, scaled, END);
    let square = simd.mul_f32s(z, z);
    let above = simd.mul_f32s(z, polynomial(simd, square, &P));
    let erf = simd.div_f32s(above, polynomial(simd, square, &Q));
    // A large x would make much of a little less than 1.
    let is_far = simd.greater_than_f32s(simd.abs_f32s(scaled), simd.splat_f32s(END));
    let erf = simd.select_f32s(is_far, clamped(simd, scaled, 1.0), erf);
    let half = simd.mul_f32s(x, simd.splat_f32s(0.5));
    simd.mul_add_f32s(half, erf, half)
}

#[inline(always)]
fn clamped<S: Simd>(simd: S, x: S::f32s, most: f32) -> S::f32s {
    let x = simd.max_f32s(x, simd.splat_f32s(-most));
    simd.min_f32s(x, simd.splat_f32s(most))
}

#[inline(always)]
fn polynomial<S: Simd>(simd: S, x: S::f32s, factors: &[f32; 6]) -> S::f32s {
    let mut sum = simd.splat_f32s(factors[5]);
    for place in (0..5).rev() {
        sum = simd.mul_add_f32s(sum, x, simd.splat_f32s(factors[place]));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// erf by its series (DLMF 7.6.1), which converges everywhere.
    fn erf(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    }

    #[test]
    fn values_are_those_of_the_series() {
        for n in [0, 1, 15, 16, 17, 3 * BLOCK + 5] {
            let x: Vec<f32> = (0..n)
                .map(|i| (i % 10_007) as f32 / 1_000.0 - 5.0)
                .collect();
            let mut found = x.clone();
            gelu(&mut found);
            for (x, found) in x.into_iter().zip(found) {
                let x = f64::from(x);
                let want = 0.5 * x * (1.0 + erf(x / std::f64::consts::SQRT_2));
                // Three roundings of the error function, times x / 2.
                let most = 4.0 * f64::from(f32::EPSILON) * x.abs().max(0.1);
                assert!(
                    (f64::from(found) - want).abs() <= most,
                    "{x}: {found}, not {want}"
                );
            }
        }
        let mut far = [-1e30, -100.0, 0.0, 100.0, 1e30];
        gelu(&mut far);
        assert_eq!(far, [0.0, 0.0, 0.0, 100.0, 1e30]);
    }
}
