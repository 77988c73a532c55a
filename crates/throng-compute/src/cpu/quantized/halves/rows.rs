//! What is known of rows.

use half::bf16;
use pulp::x86::V4;
use rayon::prelude::*;

use super::super::{mean, root_at_least};
use super::{Bf16, CUT, LANES};
use crate::plan;

/// What is known of rows. They are cut to 16 bits whenever they are compared.
#[derive(Debug)]
pub struct RowHalves {
    pub(super) simd: V4,
    pub(super) bf16: Bf16,
    pub(super) features: usize,
    /// Filled up to whole cuts with zeros.
    pub mean: Vec<f32>,
    pub(super) facts: Vec<Facts>,
}

/// What is known of a row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts {
    /// |X|^2
    pub norm: f32,
    /// At least |e|.
    pub residual: f32,
}

impl RowHalves {
    /// Values of 32 bits that are held of rows.
    pub fn count(rows: usize, features: usize) -> usize {
        rows.saturating_mul(2)
            .saturating_add(features.next_multiple_of(CUT))
    }

    /// Of `x` [n, d] around the mean of `centroids` [k, d]; none where there is no such instruction.
    pub fn new(x: &[f32], features: usize, centroids: &[f32]) -> Option<Self> {
        let mut rows = Self {
            simd: V4::try_new()?,
            bf16: Bf16::try_new()?,
            features,
            mean: mean(centroids, features, features.next_multiple_of(CUT)),
            facts: vec![Facts::default(); x.len() / features],
        };
        let (bf16, mean) = (rows.bf16, &rows.mean);
        let block = plan::cpu_assign_rows(features);
        x.par_chunks(block * features)
            .zip(rows.facts.par_chunks_mut(block))
            .for_each(|(x, facts)| {
                bf16.vectorize(
                    #[inline(always)]
                    || {
                        for (x, facts) in x.chunks_exact(features).zip(facts) {
                            *facts = Facts::of(x, mean);
                        }
                    },
                );
            });
        Some(rows)
    }
}

impl Facts {
    #[inline(always)]
    fn of(x: &[f32], mean: &[f32]) -> Self {
        let [mut norm, mut residual] = [[0.0f32; LANES]; 2];
        let mut add = |x: &[f32; LANES], mean: &[f32; LANES]| {
            for i in 0..LANES {
                let value = x[i] - mean[i];
                let rest = value - f32::from(bf16::from_f32(value));
                norm[i] = value.mul_add(value, norm[i]);
                residual[i] = rest.mul_add(rest, residual[i]);
            }
        };
        let (x, rest) = x.as_chunks::<LANES>();
        let (mean, _) = mean.as_chunks::<LANES>();
        for (x, mean) in x.iter().zip(mean) {
            add(x, mean);
        }
        if !rest.is_empty() {
            let mut last = [0.0; LANES];
            last[..rest.len()].copy_from_slice(rest);
            add(&last, &mean[x.len()]);
        }
        let residual = residual.iter().sum();
        Self {
            norm: norm.iter().sum(),
            residual: root_at_least(residual, (mean.len() * LANES) as f32),
        }
    }
}
