//! The norm of a residual and a linear map, its bias added first.

use burn::nn::LayerNorm;
use burn::tensor::{Tensor, TensorData};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::{BLOCK, in_place, values};

/// [`LayerNorm`] of `x` + `y` + `bias`, `x` and `y` `[rows, columns]`, `bias` `[columns]`.
pub fn forward(
    x: Tensor<2>,
    y: Tensor<2>,
    bias: &TensorData,
    norm: &LayerNorm,
    epsilon: f32,
) -> Tensor<2> {
    let gamma = norm.gamma.val().into_data();
    let beta = match &norm.beta {
        Some(beta) => beta.val().into_data(),
        None => TensorData::zeros::<f32, _>(gamma.shape().clone()),
    };
    let y = y.into_data();
    let scale = Scale {
        bias: values(bias),
        gamma: values(&gamma),
        beta: values(&beta),
        epsilon,
    };
    in_place(x, |x| add_norm(x, values(&y), scale))
}

/// What is the same for every row.
#[derive(Clone, Copy)]
struct Scale<'a> {
    bias: &'a [f32],
    gamma: &'a [f32],
    beta: &'a [f32],
    epsilon: f32,
}

fn add_norm(x: &mut [f32], y: &[f32], scale: Scale) {
    let columns = scale.bias.len();
    let block = (BLOCK / columns).max(1) * columns;
    x.par_chunks_mut(block)
        .zip(y.par_chunks(block))
        .for_each(|(x, y)| Arch::new().dispatch(Rows { x, y, scale }));
}

struct Rows<'a> {
    x: &'a mut [f32],
    y: &'a [f32],
    scale: Scale<'a>,
}

impl WithSimd for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let columns = self.scale.bias.len();
        let rows = self.x.chunks_exact_mut(columns);
        for (x, y) in rows.zip(self.y.chunks_exact(columns)) {
            row(simd, x, y, self.scale);
        }
    }
}

// No closures: they would be calls, for they do not take over the vectors' instructions.
#[inline(always)]
fn row<S: Simd>(simd: S, x: &mut [f32], y: &[f32], scale: Scale) {
    let count = x.len() as f32;
    let (x, x_rest) = S::as_mut_simd_f32s(x);
    let (y, y_rest) = S::as_simd_f32s(y);
    let (bias, bias_rest) = S::as_simd_f32s(scale.bias);
    let (gamma, gamma_rest) = S::as_simd_f32s(scale.gamma);
    let (beta, beta_rest) = S::as_simd_f32s(scale.beta);

    let mut sum = simd.splat_f32s(0.0);
    for i in 0..x.len() {
        x[i] = simd.add_f32s(x[i], simd.add_f32s(y[i], bias[i]));
        sum = simd.add_f32s(sum, x[i]);
    }
    let y = simd.add_f32s(
        simd.partial_load_f32s(y_rest),
        simd.partial_load_f32s(bias_rest),
    );
    // Zeros where there is no value.
    let rest = simd.add_f32s(simd.partial_load_f32s(x_rest), y);
    let mean = simd.reduce_sum_f32s(simd.add_f32s(sum, rest)) / count;
    let mean = simd.splat_f32s(mean);

    let rest = simd.sub_f32s(rest, mean);
    // Back and forth through the slice, so that nothing counts where there is no value.
    simd.partial_store_f32s(x_rest, rest);
    let rest = simd.partial_load_f32s(x_rest);
    let mut squares = simd.mul_f32s(rest, rest);
    for x in x.iter_mut() {
        *x = simd.sub_f32s(*x, mean);
        squares = simd.mul_add_e_f32s(*x, *x, squares);
    }
    let variance = simd.reduce_sum_f32s(squares) / count;
    let factor = simd.splat_f32s(1.0 / (variance + scale.epsilon).sqrt());

    for i in 0..x.len() {
        x[i] = simd.mul_add_f32s(simd.mul_f32s(x[i], factor), gamma[i], beta[i]);
    }
    let gamma = simd.mul_f32s(factor, simd.partial_load_f32s(gamma_rest));
    let rest = simd.mul_add_f32s(rest, gamma, simd.partial_load_f32s(beta_rest));
    simd.partial_store_f32s(x_rest, rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_64_bits() {
        let of = |count: usize, by: usize| -> Vec<f32> {
            (0..count)
                .map(|i| (i * by % 1_009) as f32 / 100.0 - 3.0)
                .collect()
        };
        for (rows, columns) in [(0, 3), (1, 1), (2, 15), (3, 16), (5, 17), (300, 97)] {
            let (x, y) = (of(rows * columns, 31), of(rows * columns, 37));
            let (bias, gamma, beta) = (of(columns, 41), of(columns, 43), of(columns, 47));
            let epsilon = 1e-12;
            let scale = Scale {
                bias: &bias,
                gamma: &gamma,
                beta: &beta,
                epsilon,
            };
            let mut found = x.clone();
            add_norm(&mut found, &y, scale);
            for row in 0..rows {
                let at = row * columns..(row + 1) * columns;
                let sums: Vec<f64> = (0..columns)
                    .map(|i| {
                        f64::from(x[at.start + i]) + f64::from(y[at.start + i]) + f64::from(bias[i])
                    })
                    .collect();
                let n = columns as f64;
                let mean = sums.iter().sum::<f64>() / n;
                let variance = sums.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
                for (i, found) in found[at].iter().enumerate() {
                    let value = (sums[i] - mean) / (variance + f64::from(epsilon)).sqrt();
                    let want = value * f64::from(gamma[i]) + f64::from(beta[i]);
                    // A sum of n roundings in the mean, beside values that are about as large as their spread.
                    let most = 1e-6 * n.sqrt() * (1.0 + want.abs());
                    let off = (f64::from(*found) - want).abs();
                    assert!(off <= most, "{rows} x {columns}: {found}, not {want}");
                }
            }
        }
    }
}
