//! The exact gelu of a linear map, its bias added first.

use burn::tensor::{Tensor, TensorData};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::{BLOCK, exp, in_place, values};

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

/// The exact gelu of values that are tracked for gradients: x d + (gelu(x) - x d), where d is its slope, and what is in
/// brackets counts as constant.
pub fn tracked<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let data = x.clone().inner().into_data();
    let [slopes, rests] = slopes(values(&data));
    let of = |values| Tensor::from_data(TensorData::new(values, x.shape()), &x.device());
    let (slopes, rests) = (of(slopes), of(rests));
    x * slopes + rests
}

/// The slope of each value, Phi(x) + x phi(x), and gelu(x) less x times that, as it is rounded.
fn slopes(x: &[f32]) -> [Vec<f32>; 2] {
    let [mut slopes, mut rests] = [vec![0.0; x.len()], vec![0.0; x.len()]];
    x.par_chunks(BLOCK)
        .zip(slopes.par_chunks_mut(BLOCK))
        .zip(rests.par_chunks_mut(BLOCK))
        .for_each(|((x, slopes), rests)| Arch::new().dispatch(Slopes { x, slopes, rests }));
    [slopes, rests]
}

struct Slopes<'a> {
    x: &'a [f32],
    slopes: &'a mut [f32],
    rests: &'a mut [f32],
}

impl WithSimd for Slopes<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (x, x_end) = S::as_simd_f32s(self.x);
        let (slopes, slopes_end) = S::as_mut_simd_f32s(self.slopes);
        let (rests, rests_end) = S::as_mut_simd_f32s(self.rests);
        for i in 0..x.len() {
            (slopes[i], rests[i]) = slope(simd, x[i]);
        }
        if !x_end.is_empty() {
            let (slope, rest) = slope(simd, simd.partial_load_f32s(x_end));
            simd.partial_store_f32s(slopes_end, slope);
            simd.partial_store_f32s(rests_end, rest);
        }
    }
}

/// Beyond this phi(x) is nothing beside 1.
const FAR: f32 = 13.0;

#[inline(always)]
fn slope<S: Simd>(simd: S, x: S::f32s) -> (S::f32s, S::f32s) {
    let gelu = of_vector(simd, x);
    let near = clamped(simd, x, FAR);
    let half = simd.mul_f32s(near, simd.splat_f32s(-0.5));
    let density = exp::of_negative(simd, simd.mul_f32s(half, near));
    let factor =
        simd.splat_f32s(0.5 * std::f32::consts::FRAC_2_SQRT_PI * std::f32::consts::FRAC_1_SQRT_2);
    let density = simd.mul_f32s(density, factor);
    let slope = simd.mul_add_f32s(near, density, share(simd, x));
    (slope, simd.sub_f32s(gelu, simd.mul_f32s(x, slope)))
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
    let half = simd.mul_f32s(x, simd.splat_f32s(0.5));
    simd.mul_add_f32s(half, erf(simd, x), half)
}

/// Phi(x)
#[inline(always)]
fn share<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let half = simd.splat_f32s(0.5);
    simd.mul_add_f32s(erf(simd, x), half, half)
}

/// erf(x / sqrt(2))
#[inline(always)]
fn erf<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let scaled = simd.mul_f32s(x, simd.splat_f32s(std::f32::consts::FRAC_1_SQRT_2));
    let z = clamped(simd, scaled, END);
    let square = simd.mul_f32s(z, z);
    let above = simd.mul_f32s(z, polynomial(simd, square, &P));
    let erf = simd.div_f32s(above, polynomial(simd, square, &Q));
    // A large x would make much of a little less than 1.
    let is_far = simd.greater_than_f32s(simd.abs_f32s(scaled), simd.splat_f32s(END));
    simd.select_f32s(is_far, clamped(simd, scaled, 1.0), erf)
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
    fn slopes_are_those_of_the_series() {
        for count in [0, 1, 15, 16, 17, 20_011] {
            let mut x: Vec<f32> = (0..count)
                .map(|i| (i % 10_007) as f32 / 1_000.0 - 5.0)
                .collect();
            x.extend([-1e30, -100.0, -20.0, 0.0, 20.0, 100.0, 1e30]);
            let [slopes, rests] = slopes(&x);
            for ((&x, slope), rest) in x.iter().zip(slopes).zip(rests) {
                // The series is lost beyond, where the share is 0 or 1 to 1e-19.
                let y = f64::from(x).clamp(-9.0, 9.0);
                let share = match y.abs() < 9.0 {
                    true => 0.5 * (1.0 + erf(y / std::f64::consts::SQRT_2)),
                    false => f64::from(y > 0.0),
                };
                let density = (-0.5 * y * y).exp() / (2.0 * std::f64::consts::PI).sqrt();
                let want = share + y * density;
                let off = (f64::from(slope) - want).abs();
                assert!(
                    off <= 4.0 * f64::from(f32::EPSILON),
                    "{x}: {slope}, not {want}"
                );
                let value = f64::from(x * slope + rest);
                let want = f64::from(x) * share;
                let most = 4.0 * f64::from(f32::EPSILON) * f64::from(x.abs().max(0.1));
                assert!((value - want).abs() <= most, "{x}: {value}, not {want}");
            }
        }
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
