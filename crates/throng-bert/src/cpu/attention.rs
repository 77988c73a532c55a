//! Softmax attention (Vaswani et al. 2017, <https://arxiv.org/abs/1706.03762>), a lane for each query.
//!
//! Keys and values are read where the linear maps left them, `[length, heads, width]`, and a vector of queries takes one
//! key after another: no tensor is moved and no scores but those of a vector are held.

use std::array;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::{BLOCK, exp};

/// Keys, or features of values, that are taken at once: enough sums to keep the multipliers busy.
const GROUP: usize = 8;

/// What queries, keys and values are.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Tokens of a sequence, padding counted.
    pub length: usize,
    pub heads: usize,
    /// Features of a head.
    pub width: usize,
}

/// Puts each query's attention in its place.
///
/// A bias of the keys would add the same to all scores of a query, which softmax takes out again; that of the values adds
/// itself, for weights sum to one.
///
/// # Shapes
/// - `query`, `key`, `value`: `[sequences, length, heads, width]`, without their biases
/// - `query_bias`, `value_bias`: `[heads, width]`
/// - `is_padding`: `[sequences, length]`; such keys are left out, unless there are no others
pub fn attention(
    query: &mut [f32],
    key: &[f32],
    value: &[f32],
    [query_bias, value_bias]: [&[f32]; 2],
    is_padding: &[bool],
    shape: Shape,
) {
    let columns = shape.heads * shape.width;
    let sequence = shape.length * columns;
    let rows = (BLOCK / columns).max(1);
    query
        .par_chunks_mut(sequence)
        .zip(key.par_chunks(sequence))
        .zip(value.par_chunks(sequence))
        .zip(is_padding.par_chunks(shape.length))
        .for_each(|(((query, key), value), is_padding)| {
            let keys = keys(is_padding);
            query.par_chunks_mut(rows * columns).for_each(|query| {
                Arch::new().dispatch(Queries {
                    query,
                    key,
                    value,
                    query_bias,
                    value_bias,
                    keys: &keys,
                    shape,
                });
            });
        });
}

/// The places of the real tokens.
fn keys(is_padding: &[bool]) -> Vec<usize> {
    let real: Vec<usize> = (0..is_padding.len()).filter(|&i| !is_padding[i]).collect();
    match real.is_empty() {
        true => (0..is_padding.len()).collect(),
        false => real,
    }
}

/// Some queries of a sequence.
struct Queries<'a> {
    query: &'a mut [f32],
    key: &'a [f32],
    value: &'a [f32],
    query_bias: &'a [f32],
    value_bias: &'a [f32],
    keys: &'a [usize],
    shape: Shape,
}

impl WithSimd for Queries<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Shape { heads, width, .. } = self.shape;
        let columns = heads * width;
        let zero = simd.splat_f32s(0.0);
        // The queries of a head side by side, [width, lanes]; later what comes of them.
        let mut tile = vec![zero; width];
        let mut weights = vec![zero; self.keys.len().next_multiple_of(GROUP)];
        let scale = 1.0 / (width as f32).sqrt();
        for rows in self.query.chunks_mut(S::F32_LANES * columns) {
            for head in 0..heads {
                let first = head * width;
                let values: &mut [f32] = bytemuck::cast_slice_mut(&mut tile);
                for (lane, row) in rows.chunks_exact(columns).enumerate() {
                    for feature in 0..width {
                        let place = first + feature;
                        values[feature * S::F32_LANES + lane] =
                            (row[place] + self.query_bias[place]) * scale;
                    }
                }
                let at = Head {
                    keys: self.keys,
                    columns,
                    first,
                };
                at.scores(simd, self.key, &tile, &mut weights);
                let weights = &mut weights[..self.keys.len()];
                let factor = exponentials(simd, weights);
                let whole = width / GROUP * GROUP;
                let (groups, rest) = tile.as_chunks_mut::<GROUP>();
                for (group, out) in groups.iter_mut().enumerate() {
                    *out = at.means(simd, self.value, group * GROUP, weights, factor);
                }
                for (feature, out) in rest.iter_mut().enumerate() {
                    [*out] = at.means(simd, self.value, whole + feature, weights, factor);
                }
                let values: &[f32] = bytemuck::cast_slice(&tile);
                for (lane, row) in rows.chunks_exact_mut(columns).enumerate() {
                    for feature in 0..width {
                        let place = first + feature;
                        row[place] = values[feature * S::F32_LANES + lane] + self.value_bias[place];
                    }
                }
            }
        }
    }
}

/// One head's columns of the keys and values.
struct Head<'a> {
    keys: &'a [usize],
    columns: usize,
    first: usize,
}

impl Head<'_> {
    /// Each key's scores with the queries of a tile. Those after the last key are of no use.
    #[inline(always)]
    fn scores<S: Simd>(&self, simd: S, key: &[f32], tile: &[S::f32s], out: &mut [S::f32s]) {
        let last = self.keys.len() - 1;
        let (groups, _) = out.as_chunks_mut::<GROUP>();
        for (group, out) in groups.iter_mut().enumerate() {
            let rows: [&[f32]; GROUP] = array::from_fn(|i| {
                let key_at = self.keys[(group * GROUP + i).min(last)];
                &key[key_at * self.columns + self.first..][..tile.len()]
            });
            let mut sums = [simd.splat_f32s(0.0); GROUP];
            for feature in 0..tile.len() {
                for i in 0..GROUP {
                    let value = simd.splat_f32s(rows[i][feature]);
                    sums[i] = simd.mul_add_e_f32s(tile[feature], value, sums[i]);
                }
            }
            *out = sums;
        }
    }

    /// Weighted sums of features of the values, times `factor`.
    #[inline(always)]
    fn means<S: Simd, const N: usize>(
        &self,
        simd: S,
        value: &[f32],
        feature: usize,
        weights: &[S::f32s],
        factor: S::f32s,
    ) -> [S::f32s; N] {
        let mut sums = [simd.splat_f32s(0.0); N];
        for (&key, &weight) in self.keys.iter().zip(weights) {
            let values = &value[key * self.columns + self.first + feature..][..N];
            for i in 0..N {
                sums[i] = simd.mul_add_e_f32s(weight, simd.splat_f32s(values[i]), sums[i]);
            }
        }
        for sum in &mut sums {
            *sum = simd.mul_f32s(*sum, factor);
        }
        sums
    }
}

/// Makes scores exp(score - the greatest), and returns one over their sum.
#[inline(always)]
fn exponentials<S: Simd>(simd: S, scores: &mut [S::f32s]) -> S::f32s {
    let mut most = simd.splat_f32s(f32::MIN);
    for &score in scores.iter() {
        most = simd.max_f32s(most, score);
    }
    let mut sum = simd.splat_f32s(0.0);
    for score in scores {
        *score = exp::of_negative(simd, simd.sub_f32s(*score, most));
        sum = simd.add_f32s(sum, *score);
    }
    simd.div_f32s(simd.splat_f32s(1.0), sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: usize, by: usize) -> Vec<f32> {
        (0..count)
            .map(|i| (i * by % 1_009) as f32 / 200.0 - 2.5)
            .collect()
    }

    /// softmax((q + bq) k / sqrt(width)) (v + bv), in 64 bits.
    #[test]
    fn values_are_those_of_64_bits() {
        let shapes = [
            (1, 1, 1, 1),
            (2, 7, 3, 5),
            (3, 16, 2, 8),
            (2, 17, 1, 32),
            (2, 33, 2, 20),
            (1, 700, 2, 16),
        ];
        for (sequences, length, heads, width) in shapes {
            let columns = heads * width;
            let count = sequences * length * columns;
            let (query, key, value) = (of(count, 31), of(count, 37), of(count, 41));
            let (query_bias, value_bias) = (of(columns, 43), of(columns, 47));
            // The first sequence is all padding, the others have some, not only at the end.
            let is_padding: Vec<bool> = (0..sequences * length)
                .map(|i| i < length || (i % length > 4 && i % 5 == 0))
                .collect();
            let mut found = query.clone();
            attention(
                &mut found,
                &key,
                &value,
                [&query_bias, &value_bias],
                &is_padding,
                Shape {
                    length,
                    heads,
                    width,
                },
            );
            for row in 0..sequences * length {
                let sequence = row / length * length;
                let mut keys: Vec<usize> = (sequence..sequence + length)
                    .filter(|&i| !is_padding[i])
                    .collect();
                if keys.is_empty() {
                    keys = (sequence..sequence + length).collect();
                }
                for head in 0..heads {
                    let at = |values: &[f32], row: usize, f: usize| {
                        f64::from(values[row * columns + head * width + f])
                    };
                    let scores: Vec<f64> = keys
                        .iter()
                        .map(|&key_at| {
                            let terms = (0..width).map(|f| {
                                let q = at(&query, row, f) + at(&query_bias, 0, f);
                                q * at(&key, key_at, f)
                            });
                            terms.sum::<f64>() / (width as f64).sqrt()
                        })
                        .collect();
                    let most = scores.iter().copied().fold(f64::MIN, f64::max);
                    let weights: Vec<f64> = scores.iter().map(|s| (s - most).exp()).collect();
                    let sum: f64 = weights.iter().sum();
                    for f in 0..width {
                        let terms = keys.iter().zip(&weights);
                        let mean: f64 = terms.map(|(&k, w)| w * at(&value, k, f)).sum();
                        let want = mean / sum + at(&value_bias, 0, f);
                        let found = at(&found, row, f);
                        // Scores to 200 are off by as many roundings, and weights by that factor.
                        assert!((found - want).abs() <= 2e-4, "{found}, not {want}");
                    }
                }
            }
        }
    }
}
