//! The lowest of the centroids' scores for a few rows, in registers.

use pulp::{Simd, WithSimd};

use super::simd::dispatch;
use super::tile::{Product, SquaredSum, Sum, tile};

/// Rows of a tile: times the vectors of a panel they fill the registers.
pub const ROWS: usize = 6;

/// Centroids laid out for [`nearest`].
pub struct Columns<'a> {
    centroids: &'a [f32],
    features: usize,
    panels: Vec<Panel>,
    /// The greatest |c|.
    longest: f32,
}

/// A few vectors of centroids side by side.
pub struct Panel {
    /// -c, [d, vectors, lanes]: both scores are then sums of multiply-adds.
    values: Vec<f32>,
    /// |c|^2 / 2.
    half_norms: Vec<f32>,
    zeros: Vec<f32>,
    vectors: usize,
}

/// The sum over the features by which centroids are compared.
pub trait Score {
    /// Its terms, of x and -c.
    type Terms: Sum;

    /// What each centroid's sum begins with; [`f32::MAX`] where there is none, so that it never wins.
    fn start(panel: &Panel) -> &[f32];
}

/// |c|^2 / 2 - xc, which is (|x - c|^2 - |x|^2) / 2.
pub struct ByProduct;

impl Score for ByProduct {
    type Terms = Product;

    #[inline(always)]
    fn start(panel: &Panel) -> &[f32] {
        &panel.half_norms
    }
}

/// |x - c|^2.
pub struct ByDifference;

impl Score for ByDifference {
    type Terms = SquaredSum;

    #[inline(always)]
    fn start(panel: &Panel) -> &[f32] {
        &panel.zeros
    }
}

impl<'a> Columns<'a> {
    /// Packs `centroids` [k, d] for the vectors of this processor.
    pub fn pack(centroids: &'a [f32], features: usize) -> Self {
        let norms: Vec<f64> = centroids
            .chunks_exact(features)
            .map(|row| row.iter().map(|&v| f64::from(v).powi(2)).sum())
            .collect();
        let longest = norms.iter().copied().fold(0.0, f64::max).sqrt() as f32;
        let panels = dispatch(Pack {
            centroids,
            features,
            norms: &norms,
        });
        Self {
            centroids,
            features,
            panels,
            longest,
        }
    }

    /// Features of a centroid.
    pub fn features(&self) -> usize {
        self.features
    }

    /// One centroid.
    #[inline(always)]
    pub fn centroid(&self, index: usize) -> &[f32] {
        &self.centroids[index * self.features..][..self.features]
    }

    /// If the best score of a row with this |x|^2 is ahead by more than this, it is the best by
    /// difference too.
    ///
    /// With u = eps / 2 and C the greatest |c|, the score of c is off by at most (d + 2) u (|c|^2 / 2 +
    /// |x||c|), and half a sum of squared differences by (d + 2) u (|x| + |c|)^2 / 2 (Higham 2002, 3.1): for
    /// two centroids at most (d + 2) eps (|x| + C)^2 together. The rest covers the rounding of the bound.
    #[inline(always)]
    pub fn margin(&self, norm: f32) -> f32 {
        let reach = norm.sqrt() + self.longest;
        (self.features + 4) as f32 * f32::EPSILON * (reach * reach + f32::MIN_POSITIVE)
    }
}

struct Pack<'a> {
    centroids: &'a [f32],
    features: usize,
    norms: &'a [f64],
}

impl WithSimd for Pack<'_> {
    type Output = Vec<Panel>;

    fn with_simd<S: Simd>(self, _: S) -> Vec<Panel> {
        // Six rows of them, one of centroids and one for x: 29 of 32 registers, or 15 of 16.
        let most = if S::REGISTER_COUNT >= 32 { 4 } else { 2 };
        let vectors = self.norms.len().div_ceil(S::F32_LANES);
        let panels = vectors.div_ceil(most);
        // As even as they can be: a panel of one vector costs more than its share.
        let cut = |panel: usize| vectors * panel / panels;
        (0..panels)
            .map(|panel| self.panel(cut(panel) * S::F32_LANES, cut(panel + 1) * S::F32_LANES))
            .map(|(values, half_norms, zeros)| Panel {
                vectors: zeros.len() / S::F32_LANES,
                values,
                half_norms,
                zeros,
            })
            .collect()
    }
}

impl Pack<'_> {
    /// Values, half norms and zeros of the columns from `first` to `end`.
    fn panel(&self, first: usize, end: usize) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
        let width = end - first;
        let mut values = vec![0.0; self.features * width];
        let (mut half_norms, mut zeros) = (vec![f32::MAX; width], vec![f32::MAX; width]);
        let norms = self.norms.iter().skip(first);
        let rows = self.centroids.chunks_exact(self.features).skip(first);
        for (column, (row, norm)) in rows.zip(norms).take(width).enumerate() {
            half_norms[column] = (norm / 2.0) as f32;
            zeros[column] = 0.0;
            for (slot, value) in values.iter_mut().skip(column).step_by(width).zip(row) {
                *slot = -value;
            }
        }
        (values, half_norms, zeros)
    }
}

/// What [`nearest`] found for a row.
#[derive(Clone, Copy)]
pub struct Nearest {
    /// The centroid with the lowest score; the first of equals.
    pub column: usize,
    /// Its score.
    pub least: f32,
    /// The lowest score but that.
    pub second: f32,
}

/// By lane: the lowest score, the next, and the vector of the lowest.
struct Lanes<S: Simd, const R: usize> {
    least: [S::f32s; R],
    second: [S::f32s; R],
    vector: [S::u32s; R],
}

/// Compares all centroids for each row.
#[inline(always)]
pub fn nearest<S: Simd, C: Score, const R: usize>(
    simd: S,
    rows: [&[f32]; R],
    columns: &Columns,
) -> [Nearest; R] {
    let mut lanes = Lanes::<S, R> {
        least: [simd.splat_f32s(f32::MAX); R],
        second: [simd.splat_f32s(f32::MAX); R],
        vector: [simd.splat_u32s(0); R],
    };
    let mut first = 0;
    for panel in &columns.panels {
        match panel.vectors {
            1 => lanes.add::<C, 1>(simd, rows, panel, first),
            2 => lanes.add::<C, 2>(simd, rows, panel, first),
            3 => lanes.add::<C, 3>(simd, rows, panel, first),
            _ => lanes.add::<C, 4>(simd, rows, panel, first),
        }
        first += panel.vectors;
    }
    lanes.reduce(simd)
}

impl<S: Simd, const R: usize> Lanes<S, R> {
    #[inline(always)]
    #[expect(clippy::needless_range_loop)]
    fn add<C: Score, const V: usize>(
        &mut self,
        simd: S,
        rows: [&[f32]; R],
        panel: &Panel,
        first: usize,
    ) {
        let (start, _) = S::as_simd_f32s(C::start(panel));
        let (start, _) = start.as_chunks::<V>();
        let scores = tile::<S, C::Terms, R, V>(simd, rows, &panel.values, start[0]);
        for v in 0..V {
            let vector = simd.splat_u32s((first + v) as u32);
            for i in 0..R {
                let score = scores[i][v];
                let least = self.least[i];
                let nearer = simd.less_than_f32s(score, least);
                let worse = simd.max_f32s(score, least);
                self.second[i] = simd.min_f32s(self.second[i], worse);
                self.vector[i] = simd.select_u32s(nearer, vector, self.vector[i]);
                self.least[i] = simd.min_f32s(score, least);
            }
        }
    }

    #[inline(always)]
    #[expect(clippy::needless_range_loop)]
    fn reduce(&self, simd: S) -> [Nearest; R] {
        let mut found = [Nearest {
            column: 0,
            least: 0.0,
            second: 0.0,
        }; R];
        let lane_numbers: [u32; 16] = std::array::from_fn(|lane| lane as u32);
        let (lane_numbers, _) = S::as_simd_u32s(&lane_numbers);
        let lane_numbers = lane_numbers[0];
        let beyond = simd.splat_u32s(u32::MAX);
        for i in 0..R {
            let least = simd.reduce_min_f32s(self.least[i]);
            let has_it = simd.equal_f32s(self.least[i], simd.splat_f32s(least));
            // Vectors follow one another, so that the first of equals is the lowest of these.
            let column = simd.add_u32s(
                simd.mul_u32s(self.vector[i], simd.splat_u32s(S::F32_LANES as u32)),
                lane_numbers,
            );
            let columns = [simd.select_u32s(has_it, column, beyond)];
            let columns: &[u32] = bytemuck::cast_slice(&columns);
            let mut lowest = u32::MAX;
            for &column in columns {
                lowest = lowest.min(column);
            }
            let is_it = simd.equal_u32s(column, simd.splat_u32s(lowest));
            let rest = simd.select_f32s(is_it, self.second[i], self.least[i]);
            found[i] = Nearest {
                column: lowest as usize,
                least,
                second: simd.reduce_min_f32s(rest),
            };
        }
        found
    }
}
