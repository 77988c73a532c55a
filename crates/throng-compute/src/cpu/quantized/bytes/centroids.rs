//! Centroids in codes.

use bytemuck::Zeroable;

use super::rows::RowBytes;
use super::{GROUP, LANES, LEAST, MOST, QUAD, ZERO};

/// Centroids in codes.
pub struct Bytes<'a> {
    pub(super) rows: &'a RowBytes,
    /// [groups, depth / 4, group]: four codes each, signed.
    pub(super) codes: Vec<[i32; GROUP]>,
    pub(super) groups: Vec<Group>,
    /// The greatest |C|.
    pub(super) longest: f32,
}

/// What else is known of a group's centroids.
#[derive(Clone, Copy, Zeroable)]
pub struct Group {
    /// What takes the rows' [`ZERO`] out of their sums.
    pub starts: [i32; GROUP],
    /// |C|^2 / 2
    pub half_norms: [f32; GROUP],
    /// t
    pub scales: [f32; GROUP],
    /// At least |C|.
    pub lengths: [f32; GROUP],
    /// At least |f|.
    pub residuals: [f32; GROUP],
}

impl Group {
    fn none() -> Self {
        Self {
            half_norms: [f32::MAX; GROUP],
            ..Self::zeroed()
        }
    }

    /// Sets a centroid's codes. Returns at least its length.
    fn set(&mut self, slot: usize, centroid: &[f64], codes: &mut [[i32; GROUP]]) -> f32 {
        let at_least = |square: f64| (square.sqrt() as f32).next_up();
        let greatest = centroid.iter().fold(0.0f64, |most, v| most.max(v.abs()));
        let scale = if greatest > LEAST {
            greatest as f32 / MOST
        } else {
            1.0
        };
        let (mut norm, mut residual, mut sum) = (0.0, 0.0, 0);
        for (values, code) in centroid.chunks(QUAD).zip(codes) {
            let mut bytes = [0; QUAD];
            for (byte, &value) in bytes.iter_mut().zip(values) {
                let whole = (value / f64::from(scale)).round().clamp(-127.0, 127.0);
                norm += value * value;
                residual += (value - whole * f64::from(scale)).powi(2);
                sum += whole as i32;
                *byte = whole as i8 as u8;
            }
            code[slot] = i32::from_le_bytes(bytes);
        }
        self.starts[slot] = -ZERO * sum;
        self.half_norms[slot] = (norm / 2.0) as f32;
        self.scales[slot] = scale;
        self.lengths[slot] = at_least(norm);
        self.residuals[slot] = at_least(residual);
        self.lengths[slot]
    }
}

impl<'a> Bytes<'a> {
    /// Values of 32 bits that the codes of `k` centroids take.
    pub fn count(features: usize, k: usize) -> usize {
        k.next_multiple_of(GROUP) * (features.next_multiple_of(LANES) / QUAD + 5)
    }

    /// Codes of `centroids` [k, d]; none for numbers whose squares leave the range of 32 bits.
    pub fn pack(rows: &'a RowBytes, centroids: &[f32]) -> Option<Self> {
        let RowBytes {
            features, depth, ..
        } = *rows;
        let count = (centroids.len() / features).div_ceil(GROUP);
        let mut packed = Self {
            rows,
            codes: vec![[0; GROUP]; count * depth / QUAD],
            groups: vec![Group::none(); count],
            longest: 0.0,
        };
        let mut less_mean = vec![0.0f64; features];
        for (index, row) in centroids.chunks_exact(features).enumerate() {
            for ((out, &c), &mean) in less_mean.iter_mut().zip(row).zip(&rows.mean) {
                *out = f64::from(c) - f64::from(mean);
            }
            let codes = &mut packed.codes[index / GROUP * depth / QUAD..][..depth / QUAD];
            let group = &mut packed.groups[index / GROUP];
            let length = group.set(index % GROUP, &less_mean, codes);
            packed.longest = packed.longest.max(length);
        }
        (packed.longest < 1e18).then_some(packed)
    }
}
