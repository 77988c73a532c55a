//! The lowest of the centroids' scores for many rows, a lane for each row.
//!
//! Rows are laid side by side by feature, so that a vector holds one feature of many rows and nothing is
//! added across lanes. A score is summed over the features in order: its bits depend on its row and
//! centroid alone.

use bytemuck::{Pod, Zeroable};
use pulp::{Simd, WithSimd};

use super::simd::{dispatch, prefetch};
use super::tile::{Product, SquaredSum, Sum, broadcast_tile};

/// Features are filled up to a multiple of this with zeros, which change no sum.
pub const QUAD: usize = 4;

/// Vectors of rows in a tile: times the centroids of a group they fill the registers.
pub const VECTORS: usize = 3;

/// Rows of a tile of the widest vectors.
pub const MOST_ROWS: usize = 16 * VECTORS;

/// Rows of a tile.
pub const fn tile_rows<S: Simd>() -> usize {
    VECTORS * S::F32_LANES
}

/// Centroids that are compared at once: 24 sums, 3 vectors of rows and one value of a centroid take 28 of
/// 32 registers, or 12, 3 and 1 take 16 of 16.
pub const fn group<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 8 } else { 4 }
}

/// Asks for [`group`] of the widest vectors there are.
struct Group;

impl WithSimd for Group {
    type Output = usize;

    fn with_simd<S: Simd>(self, _: S) -> usize {
        group::<S>()
    }
}

/// Centroids laid out for [`nearest`].
pub struct Columns<'a> {
    centroids: &'a [f32],
    features: usize,
    /// -c, [groups, d, group]: both scores are then sums of multiply-adds.
    values: Vec<f32>,
    /// |c|^2 / 2.
    half_norms: Vec<f32>,
    zeros: Vec<f32>,
    /// The greatest |c|.
    longest: f32,
}

/// The sum over the features by which centroids are compared.
pub trait Score {
    /// Its terms, of x and -c.
    type Terms: Sum;

    /// What each centroid's sum begins with; [`f32::MAX`] where there is none, so that it never wins.
    fn starts<'a>(columns: &'a Columns) -> &'a [f32];
}

/// |c|^2 / 2 - xc, which is (|x - c|^2 - |x|^2) / 2.
pub struct ByProduct;

impl Score for ByProduct {
    type Terms = Product;

    #[inline(always)]
    fn starts<'a>(columns: &'a Columns) -> &'a [f32] {
        &columns.half_norms
    }
}

/// |x - c|^2.
pub struct ByDifference;

impl Score for ByDifference {
    type Terms = SquaredSum;

    #[inline(always)]
    fn starts<'a>(columns: &'a Columns) -> &'a [f32] {
        &columns.zeros
    }
}

impl<'a> Columns<'a> {
    /// Values that are held for `k` centroids.
    pub fn count(k: usize, features: usize) -> usize {
        let slots = k.next_multiple_of(dispatch(Group));
        slots.saturating_mul(features.next_multiple_of(QUAD) + 2)
    }

    /// Packs `centroids` [k, d] for the registers of this processor.
    pub fn pack(centroids: &'a [f32], features: usize) -> Self {
        let group = dispatch(Group);
        let depth = features.next_multiple_of(QUAD);
        let slots = (centroids.len() / features).next_multiple_of(group);
        let mut columns = Self {
            centroids,
            features,
            values: vec![0.0; slots * depth],
            half_norms: vec![f32::MAX; slots],
            zeros: vec![f32::MAX; slots],
            longest: 0.0,
        };
        for (index, row) in centroids.chunks_exact(features).enumerate() {
            let norm: f64 = row.iter().map(|&v| f64::from(v).powi(2)).sum();
            columns.half_norms[index] = (norm / 2.0) as f32;
            columns.zeros[index] = 0.0;
            columns.longest = columns.longest.max(norm.sqrt() as f32);
            let values = &mut columns.values[index / group * group * depth..];
            let slots = values.iter_mut().skip(index % group).step_by(group);
            slots.zip(row).for_each(|(slot, value)| *slot = -value);
        }
        columns
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

/// A line of the cache. A vector that begins at one is loaded at once.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// Room for the rows of a tile, side by side: [d, vectors, lanes].
pub struct Room {
    lines: Vec<Line>,
    depth: usize,
}

impl Room {
    /// For rows of so many features.
    pub fn new(features: usize) -> Self {
        let depth = features.next_multiple_of(QUAD);
        Self {
            lines: vec![Line([0.0; 16]); depth * VECTORS],
            depth,
        }
    }

    /// Vectors of features, [d, vectors, lanes].
    #[inline(always)]
    pub fn vectors<T: Pod>(&self) -> &[T] {
        bytemuck::cast_slice(&self.lines)
    }

    /// Lays `rows` side by side. A vector takes four features of every fourth row, so that transposing four such vectors,
    /// quad by quad, leaves the rows of each feature in order.
    #[expect(clippy::needless_range_loop)]
    #[inline(always)]
    pub fn fill<S: Simd, const V: usize>(&mut self, simd: S, rows: &[&[f32]; MOST_ROWS]) {
        let whole = rows[0].len() / QUAD;
        let out: &mut [S::f32s] = bytemuck::cast_slice_mut(&mut self.lines);
        let (out, _) = out[..self.depth * V].as_chunks_mut::<V>();
        let (out, _) = out.as_chunks_mut::<QUAD>();
        let (out, rest) = out.split_at_mut(whole);
        for v in 0..V {
            let (rows, _) = rows[v * S::F32_LANES..][..S::F32_LANES].as_chunks::<QUAD>();
            for quad in 0..whole {
                let values = |row: &[f32]| row.as_chunks::<QUAD>().0[quad];
                let features = transposed(simd, rows, values);
                for i in 0..QUAD {
                    out[quad][i][v] = features[i];
                }
            }
            for out in &mut *rest {
                let value = |row: &[f32], i| row.get(whole * QUAD + i).copied().unwrap_or(0.0);
                let values = |row: &[f32]| std::array::from_fn(|i| value(row, i));
                let features = transposed(simd, rows, values);
                for i in 0..QUAD {
                    out[i][v] = features[i];
                }
            }
        }
    }
}

/// Four features of as many rows as a vector has lanes, a vector each.
#[inline(always)]
fn transposed<S: Simd>(
    simd: S,
    rows: &[[&[f32]; QUAD]],
    values: impl Fn(&[f32]) -> [f32; QUAD],
) -> [S::f32s; QUAD] {
    let mut four = [simd.splat_f32s(0.0); QUAD];
    for i in 0..QUAD {
        let quads: &mut [[f32; QUAD]] = bytemuck::cast_slice_mut(&mut four[i..=i]);
        for j in 0..quads.len() {
            quads[j] = values(rows[j][i]);
        }
    }
    simd.deinterleave_shfl_f32s(four)
}

/// What [`nearest`] found, by row.
pub struct Nearest {
    /// The centroid with the lowest score; the first of equals.
    pub column: [u32; MOST_ROWS],
    /// Its score.
    pub least: [f32; MOST_ROWS],
    /// The lowest score but that.
    pub second: [f32; MOST_ROWS],
    /// |x|^2.
    pub norm: [f32; MOST_ROWS],
}

/// Compares all centroids for each of `count` rows, 1 to [`tile_rows`] of them. Fetches `ahead`, the rows
/// that are wanted next, meanwhile.
#[inline(always)]
pub fn nearest<'a, S: Simd, C: Score>(
    simd: S,
    room: &mut Room,
    columns: &Columns,
    count: usize,
    row: impl Fn(usize) -> &'a [f32],
    ahead: &[f32],
) -> Nearest {
    // The last row is repeated where there are no more.
    let rows: [&[f32]; MOST_ROWS] = std::array::from_fn(|i| row(i.min(count - 1)));
    let (ahead, _) = ahead.as_chunks::<16>();
    match (count.div_ceil(S::F32_LANES), group::<S>()) {
        (1, 8) => compare::<S, C, 1, 8>(simd, room, columns, &rows, ahead),
        (2, 8) => compare::<S, C, 2, 8>(simd, room, columns, &rows, ahead),
        (_, 8) => compare::<S, C, VECTORS, 8>(simd, room, columns, &rows, ahead),
        (1, _) => compare::<S, C, 1, 4>(simd, room, columns, &rows, ahead),
        (2, _) => compare::<S, C, 2, 4>(simd, room, columns, &rows, ahead),
        (_, _) => compare::<S, C, VECTORS, 4>(simd, room, columns, &rows, ahead),
    }
}

#[inline(always)]
fn compare<S: Simd, C: Score, const V: usize, const G: usize>(
    simd: S,
    room: &mut Room,
    columns: &Columns,
    rows: &[&[f32]; MOST_ROWS],
    ahead: &[[f32; 16]],
) -> Nearest {
    room.fill::<S, V>(simd, rows);
    let depth = room.depth;
    let vectors: &[S::f32s] = room.vectors();
    let (rows, _) = vectors[..depth * V].as_chunks::<V>();
    let (starts, _) = C::starts(columns).as_chunks::<G>();
    let (values, _) = columns.values.as_chunks::<G>();
    let mut lanes = Lanes::<S, V>::new(simd, rows);
    let share = ahead.len().div_ceil(starts.len());
    for group in 0..starts.len() {
        let values = &values[group * depth..][..depth];
        let ahead = &ahead[(group * share).min(ahead.len())..];
        let ahead = &ahead[..share.min(ahead.len())];
        let scores = scores::<S, C::Terms, V, G>(simd, rows, values, &starts[group], ahead);
        lanes.add(simd, &scores, group * G);
    }
    lanes.found()
}

/// The scores of `G` centroids for `V` vectors of rows, in registers.
#[inline(always)]
fn scores<S: Simd, T: Sum, const V: usize, const G: usize>(
    simd: S,
    rows: &[[S::f32s; V]],
    values: &[[f32; G]],
    starts: &[f32; G],
    ahead: &[[f32; 16]],
) -> [[S::f32s; V]; G] {
    let mut sums = [[simd.splat_f32s(0.0); V]; G];
    for c in 0..G {
        sums[c] = [simd.splat_f32s(starts[c]); V];
    }
    let lines = ahead.len().div_ceil(rows.len() / QUAD);
    broadcast_tile::<S, T, V, G>(simd, rows, values, sums, |quad| {
        for line in quad * lines..(quad + 1) * lines {
            if let Some(line) = ahead.get(line) {
                prefetch(&line[0]);
            }
        }
    })
}

/// [`Nearest`] in lanes.
struct Lanes<S: Simd, const V: usize> {
    least: [S::f32s; V],
    second: [S::f32s; V],
    column: [S::u32s; V],
    norm: [S::f32s; V],
}

#[expect(clippy::needless_range_loop)]
impl<S: Simd, const V: usize> Lanes<S, V> {
    #[inline(always)]
    fn new(simd: S, rows: &[[S::f32s; V]]) -> Self {
        let mut norm = [simd.splat_f32s(0.0); V];
        for feature in 0..rows.len() {
            for v in 0..V {
                let x = rows[feature][v];
                norm[v] = simd.mul_add_e_f32s(x, x, norm[v]);
            }
        }
        Self {
            least: [simd.splat_f32s(f32::MAX); V],
            second: [simd.splat_f32s(f32::MAX); V],
            column: [simd.splat_u32s(0); V],
            norm,
        }
    }

    #[inline(always)]
    fn add<const G: usize>(&mut self, simd: S, scores: &[[S::f32s; V]; G], first: usize) {
        for c in 0..G {
            let column = simd.splat_u32s((first + c) as u32);
            for v in 0..V {
                let (score, least) = (scores[c][v], self.least[v]);
                let nearer = simd.less_than_f32s(score, least);
                let worse = simd.max_f32s(score, least);
                self.second[v] = simd.min_f32s(self.second[v], worse);
                self.column[v] = simd.select_u32s(nearer, column, self.column[v]);
                self.least[v] = simd.min_f32s(score, least);
            }
        }
    }

    #[inline(always)]
    fn found(&self) -> Nearest {
        let mut found = Nearest {
            column: [0; MOST_ROWS],
            least: [0.0; MOST_ROWS],
            second: [0.0; MOST_ROWS],
            norm: [0.0; MOST_ROWS],
        };
        let rows = V * S::F32_LANES;
        found.column[..rows].copy_from_slice(bytemuck::cast_slice(&self.column));
        found.least[..rows].copy_from_slice(bytemuck::cast_slice(&self.least));
        found.second[..rows].copy_from_slice(bytemuck::cast_slice(&self.second));
        found.norm[..rows].copy_from_slice(bytemuck::cast_slice(&self.norm));
        found
    }
}
