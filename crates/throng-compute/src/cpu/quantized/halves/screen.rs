//! Which centroids may be a row's nearest, by products of 16 bits.

use pulp::{f32x16, i32x16};

use super::best::Best;
use super::centroids::Halves;
use super::rows::Facts;
use super::{CUT, GROUP, LANES, PAIR};
use crate::cpu::kmeans_candidates::{Candidates, Rows};
use crate::cpu::nearest::{MOST_ROWS, Room, VECTORS};
use crate::cpu::simd::prefetch_all;

/// Finds candidates.
pub struct Screen<'a> {
    centroids: &'a Halves<'a>,
    desk: Desk,
}

/// Room for [`Screen::find`].
struct Desk {
    /// Rows in 16 bits, [rows, features / 2] filled up with zeros, and side by side.
    cut: Vec<[i32; LANES]>,
    room: Room,
}

impl Screen<'_> {
    /// Finds the candidates of `rows`. Fetches the next ones meanwhile.
    pub fn find(&mut self, found: &mut Candidates, rows: &Rows) {
        let Self { centroids, desk } = self;
        let bf16 = centroids.rows.bf16;
        match rows.places.len().div_ceil(LANES) {
            1 => bf16.vectorize(
                #[inline(always)]
                || centroids.compare::<1>(desk, found, rows),
            ),
            2 => bf16.vectorize(
                #[inline(always)]
                || centroids.compare::<2>(desk, found, rows),
            ),
            _ => bf16.vectorize(
                #[inline(always)]
                || centroids.compare::<VECTORS>(desk, found, rows),
            ),
        }
    }
}

impl Halves<'_> {
    /// What finds candidates.
    pub fn screen(&self) -> Screen<'_> {
        Screen {
            centroids: self,
            desk: Desk {
                cut: vec![[0; LANES]; MOST_ROWS * self.rows.mean.len() / CUT],
                room: Room::new(self.depth),
            },
        }
    }

    #[inline(always)]
    fn compare<const V: usize>(&self, desk: &mut Desk, found: &mut Candidates, rows: &Rows) {
        let (simd, features) = (self.rows.simd, self.rows.features);
        let last = rows.places.len() - 1;
        let cuts = self.rows.mean.len() / CUT;
        for (&place, cut) in rows.places.iter().zip(desk.cut.chunks_exact_mut(cuts)) {
            self.cut(&rows.x[place * features..][..features], cut);
        }
        let cut: &[f32] = bytemuck::cast_slice(desk.cut.as_flattened());
        let pairs = features.div_ceil(PAIR);
        // The last row is repeated where there are no more.
        let lanes: [&[f32]; MOST_ROWS] =
            std::array::from_fn(|i| &cut[i.min(last) * cuts * LANES..][..pairs]);
        desk.room.fill::<_, V>(simd, &lanes);
        let values: &[i32x16] = desk.room.vectors();
        let (values, _) = values[..self.depth * V].as_chunks::<V>();
        let after = &rows.x[(rows.next * features).min(rows.x.len())..];
        let after = &after[..(MOST_ROWS * features).min(after.len())];
        let groups = self.half_norms.len();
        let mut ahead = after.chunks(after.len().div_ceil(groups).max(1));
        let mut best = Best::<V>::new(simd, groups * GROUP);
        for (group, half_norms) in self.half_norms.iter().enumerate() {
            prefetch_all(ahead.next().unwrap_or_default());
            let centroids = &self.values[group * self.depth..][..self.depth];
            let scores = self.scores(values, centroids, half_norms);
            best.add(simd, &scores, group * GROUP);
        }
        self.tell(&best, found, rows);
    }

    /// Cuts a row less the mean to 16 bits.
    #[expect(clippy::needless_range_loop)]
    #[inline(always)]
    fn cut(&self, row: &[f32], cut: &mut [[i32; LANES]]) {
        let simd = self.rows.simd;
        let (whole, rest) = row.as_chunks::<LANES>();
        let (mean, _) = self.rows.mean.as_chunks::<LANES>();
        let mut last = [0.0; LANES];
        last[..rest.len()].copy_from_slice(rest);
        for i in 0..cut.len() {
            let both = [PAIR * i, PAIR * i + 1].map(|i| {
                // Beyond the last there are zeros alone, in the mean too.
                let x = whole
                    .get(i)
                    .unwrap_or(if i == whole.len() { &last } else { &mean[i] });
                simd.sub_f32x16(bytemuck::cast(*x), bytemuck::cast(mean[i]))
            });
            cut[i] = bytemuck::cast(self.rows.bf16.cut(both));
        }
    }

    /// The scores of a group's centroids for the rows of a tile.
    #[inline(always)]
    fn scores<const V: usize>(
        &self,
        rows: &[[i32x16; V]],
        centroids: &[[i32; GROUP]],
        starts: &[f32; GROUP],
    ) -> [[f32x16; V]; GROUP] {
        let simd = self.rows.simd;
        let centroids = &centroids[..rows.len()];
        let mut sums = [[simd.splat_f32x16(0.0); V]; GROUP];
        for c in 0..GROUP {
            sums[c] = [simd.splat_f32x16(starts[c]); V];
        }
        for pair in 0..rows.len() {
            for c in 0..GROUP {
                let value = simd.splat_i32x16(centroids[pair][c]);
                for v in 0..V {
                    sums[c][v] = self.rows.bf16.dot(sums[c][v], rows[pair][v], value);
                }
            }
        }
        sums
    }

    /// Lists the candidates of rows that have one or two, and what is known of them.
    #[inline(always)]
    fn tell<const V: usize>(&self, best: &Best<V>, found: &mut Candidates, rows: &Rows) {
        let lanes = V * LANES;
        let [mut least, mut second, mut third] = [[0.0; MOST_ROWS]; 3];
        least[..lanes].copy_from_slice(bytemuck::cast_slice(&best.least));
        second[..lanes].copy_from_slice(bytemuck::cast_slice(&best.second));
        third[..lanes].copy_from_slice(bytemuck::cast_slice(&best.third));
        let [mut norms, mut residuals] = [[0.0; MOST_ROWS]; 2];
        for (i, &place) in rows.places.iter().enumerate() {
            let Facts { norm, residual } = self.rows.facts[rows.first + place];
            (norms[i], residuals[i]) = (norm, residual);
        }
        // See [`Columns::margin`](crate::cpu::nearest::Columns::margin). Twice that, for the sums of products here may be
        // rounded otherwise than to the nearest, and what is too small for 32 bits is taken for 0.
        let terms = 2.0 * (self.rows.features + 4) as f32;
        let share = best.share();
        let mut counts = [0u32; MOST_ROWS];
        // By itself, so that it is done by vectors.
        for i in 0..MOST_ROWS {
            let residual = residuals[i];
            let length = norms[i].sqrt() * (1.0 + terms * f32::EPSILON) + residual;
            let reach = length + self.longest;
            let margin = terms * f32::EPSILON * (reach * reach + f32::MIN_POSITIVE);
            let product = length * self.residual + residual * self.longest;
            // No score is greater than that.
            let greatest = reach * (self.longest + self.residual);
            let off = product + share * greatest + terms * f32::MIN_POSITIVE;
            let above = least[i] + off;
            let (others, rest) = (second[i] - off, third[i] - off);
            let is_one = others > above + margin;
            let is_two = rest > above + margin;
            counts[i] = if is_one { 1 } else { 2 * u32::from(is_two) };
            found.least[i] = above;
            found.floor[i] = if is_one { others } else { rest };
            found.norm[i] = norms[i];
            found.margin[i] = margin;
        }
        found.rows.clear();
        found.columns.clear();
        for i in 0..rows.places.len() {
            for score in [least[i], second[i]].into_iter().take(counts[i] as usize) {
                found.rows.push(i as u32);
                found.columns.push(score.to_bits() & best.mask);
            }
        }
    }
}
