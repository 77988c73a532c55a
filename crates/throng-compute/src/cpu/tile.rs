//! The inner loops of the kernels: some rows against one panel of columns, in registers. Rows are read as they lie, or side by
//! side too, which takes their layout and one pointer where the other way takes one for each.
//!
//! A panel holds `width` rows of the other matrix side by side, feature by feature, so that a vector
//! covers that many distances at once. Each distance is summed over its features in order by one lane:
//! its bits depend on its two rows alone, not on the block, the panel or the thread.

use pulp::Simd;

/// Features between two checks of bounds.
const FEATURES: usize = 4;

/// What is summed over the features of a pair of rows.
pub trait Sum: Copy + Send + Sync {
    /// acc + term(x, y)
    fn step<S: Simd>(simd: S, acc: S::f32s, x: S::f32s, y: S::f32s) -> S::f32s;
}

/// (x - y)^2: right for near-equal rows too, unlike |x|^2 + |y|^2 - 2xy.
#[derive(Clone, Copy)]
pub struct SquaredDifference;

impl Sum for SquaredDifference {
    #[inline(always)]
    fn step<S: Simd>(simd: S, acc: S::f32s, x: S::f32s, y: S::f32s) -> S::f32s {
        let difference = simd.sub_f32s(x, y);
        simd.mul_add_e_f32s(difference, difference, acc)
    }
}

/// xy
#[derive(Clone, Copy)]
pub struct Product;

impl Sum for Product {
    #[inline(always)]
    fn step<S: Simd>(simd: S, acc: S::f32s, x: S::f32s, y: S::f32s) -> S::f32s {
        simd.mul_add_e_f32s(x, y, acc)
    }
}

/// (x + y)^2: the squared difference from -y.
#[derive(Clone, Copy)]
pub struct SquaredSum;

impl Sum for SquaredSum {
    #[inline(always)]
    fn step<S: Simd>(simd: S, acc: S::f32s, x: S::f32s, y: S::f32s) -> S::f32s {
        let sum = simd.add_f32s(x, y);
        simd.mul_add_e_f32s(sum, sum, acc)
    }
}

/// |x - y|
#[derive(Clone, Copy)]
pub struct AbsoluteDifference;

impl Sum for AbsoluteDifference {
    #[inline(always)]
    fn step<S: Simd>(simd: S, acc: S::f32s, x: S::f32s, y: S::f32s) -> S::f32s {
        simd.add_f32s(acc, simd.abs_f32s(simd.sub_f32s(x, y)))
    }
}

/// |x - y|, of which the largest is kept instead of the sum.
#[derive(Clone, Copy)]
pub struct LargestDifference;

impl Sum for LargestDifference {
    #[inline(always)]
    fn step<S: Simd>(simd: S, acc: S::f32s, x: S::f32s, y: S::f32s) -> S::f32s {
        simd.max_f32s(acc, simd.abs_f32s(simd.sub_f32s(x, y)))
    }
}

/// Rows of a matrix laid out for [`tile`]: [panels, d, width], short panels filled with zeros.
pub struct Panels {
    values: Vec<f32>,
    features: usize,
    width: usize,
    rows: usize,
}

impl Panels {
    /// Values of panels that hold so many rows.
    pub fn count(rows: usize, features: usize, width: usize) -> usize {
        rows.next_multiple_of(width).saturating_mul(features)
    }

    /// Packs `rows`, each of `features` values, into panels of `width`.
    pub fn pack<'a, I>(rows: I, features: usize, width: usize) -> Self
    where
        I: ExactSizeIterator<Item = &'a [f32]>,
    {
        let count = rows.len();
        let mut values = vec![0.0; Self::count(count, features, width)];
        for (index, row) in rows.enumerate() {
            let panel = &mut values[index / width * width * features..][..width * features];
            for (slot, &value) in panel.iter_mut().skip(index % width).step_by(width).zip(row) {
                *slot = value;
            }
        }
        Self {
            values,
            features,
            width,
            rows: count,
        }
    }

    /// The panels in order, each with the number of its columns that hold a row.
    pub fn iter(&self) -> impl Iterator<Item = (&[f32], usize)> {
        self.values
            .chunks_exact(self.width * self.features)
            .enumerate()
            .map(|(index, panel)| (panel, self.width.min(self.rows - index * self.width)))
    }
}

/// Sums over the features for `R` rows and the `V` vectors of a panel, starting from `start`.
#[inline(always)]
pub fn tile<S: Simd, T: Sum, const R: usize, const V: usize>(
    simd: S,
    rows: [&[f32]; R],
    panel: &[f32],
    start: [S::f32s; V],
) -> [[S::f32s; V]; R] {
    // Plain indices: iterator adapters are not inlined into the vector code, and cost 20x here.
    let (vectors, _) = S::as_simd_f32s(panel);
    let (columns, _) = vectors.as_chunks::<V>();
    let (blocks, rest) = columns.as_chunks::<FEATURES>();
    let row_blocks = rows.map(|row| &row.as_chunks::<FEATURES>().0[..blocks.len()]);
    let row_rests = rows.map(|row| &row[blocks.len() * FEATURES..][..rest.len()]);
    let mut sums = [start; R];
    for block in 0..blocks.len() {
        let values = row_blocks.map(|row| &row[block]);
        for feature in 0..FEATURES {
            let column = blocks[block][feature];
            for i in 0..R {
                let x = simd.splat_f32s(values[i][feature]);
                for v in 0..V {
                    sums[i][v] = T::step(simd, sums[i][v], x, column[v]);
                }
            }
        }
    }
    for feature in 0..rest.len() {
        for i in 0..R {
            let x = simd.splat_f32s(row_rests[i][feature]);
            for v in 0..V {
                sums[i][v] = T::step(simd, sums[i][v], x, rest[feature][v]);
            }
        }
    }
    sums
}

/// Sums over the features for `G` rows, broadcast, and `V` vectors of others, one to a lane: both lie side by side, feature by
/// feature. Begins with `sums`, and does `beside` before every fourth feature.
#[inline(always)]
pub fn broadcast_tile<S: Simd, T: Sum, const V: usize, const G: usize>(
    simd: S,
    lanes: &[[S::f32s; V]],
    rows: &[[f32; G]],
    mut sums: [[S::f32s; V]; G],
    mut beside: impl FnMut(usize),
) -> [[S::f32s; V]; G] {
    // Plain indices: iterator adapters are not inlined into the vector code.
    let (lanes, last_lanes) = lanes.as_chunks::<FEATURES>();
    let (rows, last_rows) = rows.as_chunks::<FEATURES>();
    let (rows, last_rows) = (&rows[..lanes.len()], &last_rows[..last_lanes.len()]);
    for block in 0..lanes.len() {
        beside(block);
        for feature in 0..FEATURES {
            let x = lanes[block][feature];
            for i in 0..G {
                let value = simd.splat_f32s(rows[block][feature][i]);
                for v in 0..V {
                    sums[i][v] = T::step(simd, sums[i][v], x[v], value);
                }
            }
        }
    }
    for feature in 0..last_lanes.len() {
        let x = last_lanes[feature];
        for i in 0..G {
            let value = simd.splat_f32s(last_rows[feature][i]);
            for v in 0..V {
                sums[i][v] = T::step(simd, sums[i][v], x[v], value);
            }
        }
    }
    sums
}

/// `R` rows of `values` from `first`, the last one repeated where there are no more.
#[inline(always)]
pub fn rows_at<const R: usize>(values: &[f32], features: usize, first: usize) -> [&[f32]; R] {
    let last = values.len() / features - 1;
    std::array::from_fn(|i| &values[(first + i).min(last) * features..][..features])
}
