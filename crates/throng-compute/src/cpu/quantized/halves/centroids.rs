//! Centroids in 16 bits.

use half::bf16;

use super::rows::RowHalves;
use super::{GROUP, PAIR};
use crate::cpu::nearest::QUAD;

/// Centroids in 16 bits.
pub struct Halves<'a> {
    pub(super) rows: &'a RowHalves,
    /// Pairs of features, filled up with zeros as [`Room`](crate::cpu::nearest::Room) does.
    pub(super) depth: usize,
    /// -p, [groups, depth, group].
    pub(super) values: Vec<[i32; GROUP]>,
    /// |C|^2 / 2; [`f32::MAX`] where there is none.
    pub(super) half_norms: Vec<[f32; GROUP]>,
    /// At least L.
    pub(super) longest: f32,
    /// At least F.
    pub(super) residual: f32,
}

impl<'a> Halves<'a> {
    /// Values of 32 bits that `k` centroids take.
    pub fn count(features: usize, k: usize) -> usize {
        k.next_multiple_of(GROUP)
            .saturating_mul(depth(features) + 1)
    }

    /// Of `centroids` [k, d]; none for numbers whose squares leave the range of 32 bits.
    pub fn pack(rows: &'a RowHalves, centroids: &[f32]) -> Option<Self> {
        let features = rows.features;
        let groups = (centroids.len() / features).div_ceil(GROUP);
        let depth = depth(features);
        let mut packed = Self {
            rows,
            depth,
            values: vec![[0; GROUP]; groups * depth],
            half_norms: vec![[f32::MAX; GROUP]; groups],
            longest: 0.0,
            residual: 0.0,
        };
        let at_least = |square: f64| (square.sqrt() as f32).next_up();
        for (index, row) in centroids.chunks_exact(features).enumerate() {
            let (group, slot) = (index / GROUP, index % GROUP);
            let values = &mut packed.values[group * depth..][..depth];
            let (mut norm, mut residual) = (0.0f64, 0.0f64);
            let row = row.chunks(PAIR).zip(rows.mean.chunks(PAIR));
            for ((row, mean), value) in row.zip(values) {
                let mut pair = [bf16::ZERO; PAIR];
                for ((&c, &mean), pair) in row.iter().zip(mean).zip(&mut pair) {
                    let c = f64::from(c) - f64::from(mean);
                    let p = bf16::from_f64(c);
                    norm += c * c;
                    residual += (c - f64::from(p)).powi(2);
                    *pair = -p;
                }
                value[slot] = bytemuck::cast(pair.map(bf16::to_bits));
            }
            packed.half_norms[group][slot] = (norm / 2.0) as f32;
            packed.longest = packed.longest.max(at_least(norm));
            packed.residual = packed.residual.max(at_least(residual));
        }
        (packed.longest < 1e18).then_some(packed)
    }
}

fn depth(features: usize) -> usize {
    features.div_ceil(PAIR).next_multiple_of(QUAD)
}
