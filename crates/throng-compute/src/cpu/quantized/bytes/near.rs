//! Candidates as they are found.

use pulp::f32x16;
use pulp::x86::V4;

use super::LANES;
use crate::cpu::kmeans_candidates::Candidates;
use crate::cpu::nearest::MOST_ROWS;

/// Candidates as they are found, of which what follows may rule out some.
#[derive(Default)]
pub struct Near {
    /// Of each its row, its centroid and the least that its score may be, and what more a vector left behind them.
    rows: Vec<u32>,
    columns: Vec<u32>,
    lower: Vec<f32>,
    count: usize,
}

impl Near {
    /// Forgets them all.
    pub fn clear(&mut self) {
        self.count = 0;
    }

    /// Makes room for those of so many vectors.
    pub fn make_room(&mut self, vectors: usize) {
        let most = self.count + vectors * LANES;
        if self.rows.len() < most {
            self.rows.resize(most, 0);
            self.columns.resize(most, 0);
            self.lower.resize(most, 0.0);
        }
    }

    /// Adds the rows of vector `v` that are set in `is_near`. A branch for each would be foreseen wrongly too often.
    #[inline(always)]
    pub fn add(&mut self, simd: V4, is_near: u16, v: usize, column: usize, lower: f32x16) {
        let row = |lane: usize| (v * LANES + lane) as u32;
        let rows: [u32; LANES] = std::array::from_fn(row);
        let avx512 = simd.avx512f;
        let rows = avx512._mm512_maskz_compress_epi32(is_near, bytemuck::cast(rows));
        let lower = avx512._mm512_maskz_compress_ps(is_near, bytemuck::cast(lower));
        let at = self.count..self.count + LANES;
        self.rows[at.clone()].copy_from_slice(&bytemuck::cast::<_, [u32; LANES]>(rows));
        self.columns[at.clone()].fill(column as u32);
        self.lower[at].copy_from_slice(&bytemuck::cast::<_, [f32; LANES]>(lower));
        self.count += is_near.count_ones() as usize;
    }

    /// Hands over those whose scores may be at most `most` of their rows, and the least of the others'.
    pub fn tell(&self, screen: &mut Candidates, most: &[f32; MOST_ROWS]) {
        screen.rows.resize(self.count, 0);
        screen.columns.resize(self.count, 0);
        let mut count = 0;
        for i in 0..self.count {
            let (row, lower) = (self.rows[i] as usize, self.lower[i]);
            (screen.rows[count], screen.columns[count]) = (self.rows[i], self.columns[i]);
            let is_near = lower <= most[row] || lower.is_nan();
            count += usize::from(is_near);
            let others = if is_near { f32::MAX } else { lower };
            screen.floor[row] = screen.floor[row].min(others);
        }
        screen.rows.truncate(count);
        screen.columns.truncate(count);
    }
}
