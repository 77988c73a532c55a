//! The exact gelu of a linear map, its bias added first.

use burn::tensor::{Tensor, TensorData};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::{BLOCK, in_place, values};

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

/// y Phi(y) of each value y of `x` with `bias` `[columns]` added to every row.
pub fn forward(x: Tensor<2>, bias: &TensorData) -> Tensor<2> {
    in_place(x, |x| gelu(x, values(bias)))
}

fn gelu(x: &mut [f32], bias: &[f32]) {
    let rows = (BLOCK / bias.len()).max(1);
    x.par_chunks_mut(rows * bias.len())
        .for_each(|x| Arch::new().dispatch(Rows { x, bias }));
}

struct Rows<'a> {
    x: &'a mut [f32],
    bias: &'a [f32],
}

impl WithSimd for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (bias, bias_rest) = S::as_simd_f32s(self.bias);
        for row in self.x.chunks_exact_mut(self.bias.len()) {
            let (row, rest) = S::as_mut_simd_f32s(row);
            for (x, bias) in row.iter_mut().zip(bias) {
                *x = of_vector(simd, simd.add_f32s(*x, *bias));
            }
            if !rest.is_empty() {
                let x = simd.partial_load_f32s(rest);
                let x = simd.add_f32s(x, simd.partial_load_f32s(bias_rest));
                simd.partial_store_f32s(rest, of_vector(simd, x));
            }
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
        for (rows, columns) in [(0, 1), (1, 1), (1, 15), (3, 16), (5, 17), (1_000, 97)] {
            let bias: Vec<f32> = (0..columns).map(|i| (i % 3) as f32).collect();
            let x: Vec<f32> = (0..rows * columns)
                .map(|i| (i % 10_007) as f32 / 1_000.0 - 5.0)
                .collect();
            let mut found = x.clone();
            gelu(&mut found, &bias);
            for (i, (x, found)) in x.into_iter().zip(found).enumerate() {
                let y = f64::from(x + bias[i % columns]);
                let want = 0.5 * y * (1.0 + erf(y / std::f64::consts::SQRT_2));
                // Three roundings of the error function, times y / 2.
                let most = 4.0 * f64::from(f32::EPSILON) * y.abs().max(0.1);
                assert!(
                    (f64::from(found) - want).abs() <= most,
                    "{y}: {found}, not {want}"
                );
            }
        }
        let mut far = [-1e30, -100.0, 0.0, 100.0, 1e30];
        gelu(&mut far, &[0.0; 5]);
        assert_eq!(far, [0.0, 0.0, 0.0, 100.0, 1e30]);
    }
}
