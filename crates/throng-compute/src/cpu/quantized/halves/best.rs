//! The lowest scores of many rows, a lane for each.

use pulp::f32x16;
use pulp::x86::V4;

use super::GROUP;

/// The three lowest scores of `V` vectors of rows. The low bits of each are its centroid: so nothing but numbers is
/// compared.
pub struct Best<const V: usize> {
    pub least: [f32x16; V],
    pub second: [f32x16; V],
    pub third: [f32x16; V],
    /// The bits of the centroids.
    pub mask: u32,
}

#[expect(clippy::needless_range_loop)]
impl<const V: usize> Best<V> {
    /// Of none of so many centroids.
    #[inline(always)]
    pub fn new(simd: V4, centroids: usize) -> Self {
        let most = [simd.splat_f32x16(f32::MAX); V];
        Self {
            least: most,
            second: most,
            third: most,
            mask: (centroids as u32).next_power_of_two() - 1,
        }
    }

    /// What a score is at most changed by, as a part of it.
    pub fn share(&self) -> f32 {
        (self.mask + 1) as f32 * f32::EPSILON
    }

    /// Adds the scores of a group of centroids.
    #[inline(always)]
    pub fn add(&mut self, simd: V4, scores: &[[f32x16; V]; GROUP], first: usize) {
        let others = simd.splat_u32x16(!self.mask);
        for c in 0..GROUP {
            let centroid = simd.splat_u32x16((first + c) as u32);
            for v in 0..V {
                let score = simd.and_u32x16(bytemuck::cast(scores[c][v]), others);
                let score: f32x16 = bytemuck::cast(simd.or_u32x16(score, centroid));
                let worse = simd.max_f32x16(score, self.second[v]);
                self.third[v] = simd.min_f32x16(self.third[v], worse);
                let worse = simd.max_f32x16(score, self.least[v]);
                self.second[v] = simd.min_f32x16(self.second[v], worse);
                self.least[v] = simd.min_f32x16(score, self.least[v]);
            }
        }
    }
}
