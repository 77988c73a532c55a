//! Rows in codes.

use pulp::Simd;
use pulp::x86::V4;
use rayon::prelude::*;

use super::super::{mean, root_at_least};
use super::{LANES, LEAST, MOST, QUAD, Vnni, WHOLE};
use crate::plan;

/// Rows in codes.
#[derive(Debug)]
pub struct RowBytes {
    pub(super) vnni: Vnni,
    pub(super) simd: V4,
    pub(super) features: usize,
    /// Features, filled up to whole vectors with zeros.
    pub(super) depth: usize,
    pub mean: Vec<f32>,
    /// [n, depth / 4]: four codes each, unsigned.
    pub(super) codes: Vec<u32>,
    pub(super) facts: Vec<Facts>,
}

/// What else is known of a row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts {
    /// s
    pub scale: f32,
    /// At least |e|.
    pub residual: f32,
    /// At least |X|.
    pub length: f32,
    /// |X|^2
    pub norm: f32,
}

impl Facts {
    pub(super) fn into_array(self) -> [f32; 4] {
        [self.scale, self.residual, self.length, self.norm]
    }
}

impl RowBytes {
    /// Values of 32 bits that the codes of rows take.
    pub fn count(rows: usize, features: usize) -> usize {
        rows.saturating_mul(features.next_multiple_of(LANES) / QUAD + 5)
    }

    /// Codes of `x` [n, d] around the mean of `centroids` [k, d]; none where there is no such instruction.
    pub fn new(x: &[f32], features: usize, centroids: &[f32]) -> Option<Self> {
        let rows = x.len() / features;
        let depth = features.next_multiple_of(LANES);
        let mut codes = Self {
            vnni: Vnni::try_new()?,
            simd: V4::try_new()?,
            features,
            depth,
            mean: mean(centroids, features, depth),
            codes: vec![0; rows * depth / QUAD],
            facts: vec![Facts::default(); rows],
        };
        let Self {
            vnni,
            simd,
            mean,
            codes: out,
            facts,
            ..
        } = &mut codes;
        let block = plan::cpu_assign_rows(features);
        x.par_chunks(block * features)
            .zip(out.par_chunks_mut(block * depth / QUAD))
            .zip(facts.par_chunks_mut(block))
            .for_each(|((x, codes), facts)| {
                vnni.vectorize(
                    #[inline(always)]
                    || {
                        let rows = x
                            .chunks_exact(features)
                            .zip(codes.chunks_exact_mut(depth / QUAD));
                        for ((x, codes), facts) in rows.zip(facts) {
                            *facts = encode(*simd, x, mean, codes);
                        }
                    },
                );
            });
        Some(codes)
    }
}

/// Writes the codes of a row.
#[expect(clippy::needless_range_loop)]
#[inline(always)]
fn encode(simd: V4, x: &[f32], mean: &[f32], codes: &mut [u32]) -> Facts {
    let (whole, rest) = x.as_chunks::<LANES>();
    let (mean, _) = mean.as_chunks::<LANES>();
    let (codes, _) = bytemuck::cast_slice_mut::<u32, u8>(codes).as_chunks_mut::<LANES>();
    let mut last = [0.0; LANES];
    last[..rest.len()].copy_from_slice(rest);
    let vectors = codes.len();
    let load = |i: usize| {
        let x = whole.get(i).unwrap_or(&last);
        simd.sub_f32x16(bytemuck::cast(*x), bytemuck::cast(mean[i]))
    };
    let zero = simd.splat_f32x16(0.0);
    let mut greatest = zero;
    for i in 0..vectors {
        greatest = simd.max_f32x16(simd.abs_f32x16(load(i)), greatest);
    }
    let greatest = simd.reduce_max_f32s(greatest);
    let is_coded = f64::from(greatest) > LEAST;
    let scale = if is_coded { greatest / MOST } else { 1.0 };
    let inverse = simd.splat_f32x16(if is_coded { MOST / greatest } else { 0.0 });
    let scales = simd.splat_f32x16(scale);
    let round = simd.splat_f32x16(WHOLE);
    let (mut norm, mut residual) = (zero, zero);
    for i in 0..vectors {
        let x = load(i);
        let rounded = simd.mul_add_f32x16(x, inverse, round);
        let code = simd.sub_f32x16(rounded, round);
        let rest = simd.negate_mul_add_f32x16(code, scales, x);
        residual = simd.mul_add_f32x16(rest, rest, residual);
        norm = simd.mul_add_f32x16(x, x, norm);
        codes[i] = bytemuck::cast(simd.convert_u32x16_to_u8x16(bytemuck::cast(rounded)));
    }
    let norm = simd.reduce_sum_f32s(norm);
    let depth = mean.len() as f32 * LANES as f32;
    Facts {
        scale,
        residual: root_at_least(simd.reduce_sum_f32s(residual), depth),
        length: root_at_least(norm, depth),
        norm,
    }
}
