//! Which centroids may be a row's nearest, by their codes.

use bytemuck::Zeroable;
use pulp::x86::V4;
use pulp::{Simd, f32x16, i32x16};

use super::centroids::{Bytes, Group};
use super::near::Near;
use super::rows::Facts;
use super::{GROUP, GROUPS, LANES, QUAD};
use crate::cpu::kmeans_candidates::{Candidates, Rows};
use crate::cpu::nearest::{MOST_ROWS, Room, VECTORS};
use crate::cpu::simd::prefetch_all;

/// Finds candidates.
pub struct Screen<'a> {
    centroids: &'a Bytes<'a>,
    desk: Desk,
}

/// Room for [`Screen::find`].
struct Desk {
    room: Room,
    /// The least that the scores of the last centroids may be, [centroids, vectors].
    lower: Vec<f32x16>,
    found: Near,
}

impl Desk {
    fn new(depth: usize) -> Self {
        Self {
            room: Room::new(depth / QUAD),
            lower: vec![f32x16::zeroed(); GROUPS * GROUP * VECTORS],
            found: Near::default(),
        }
    }
}

/// What is known of a tile's rows, by lane.
struct Facing<const V: usize> {
    /// s
    scale: [f32x16; V],
    /// At least |e|.
    residual: [f32x16; V],
    /// At least |X| + |e|.
    reach: [f32x16; V],
    /// |X|^2
    norm: [f32x16; V],
    margin: [f32x16; V],
}

impl Screen<'_> {
    /// Finds the candidates of `rows`. Fetches the codes of the next ones meanwhile.
    pub fn find(&mut self, found: &mut Candidates, rows: &Rows) {
        let Self { centroids, desk } = self;
        let vnni = centroids.rows.vnni;
        match rows.places.len().div_ceil(LANES) {
            1 => vnni.vectorize(
                #[inline(always)]
                || centroids.compare::<1>(desk, found, rows),
            ),
            2 => vnni.vectorize(
                #[inline(always)]
                || centroids.compare::<2>(desk, found, rows),
            ),
            _ => vnni.vectorize(
                #[inline(always)]
                || centroids.compare::<VECTORS>(desk, found, rows),
            ),
        }
    }
}

impl Bytes<'_> {
    /// What finds candidates.
    pub fn screen(&self) -> Screen<'_> {
        Screen {
            centroids: self,
            desk: Desk::new(self.rows.depth),
        }
    }

    #[inline(always)]
    fn compare<const V: usize>(&self, desk: &mut Desk, screen: &mut Candidates, asked: &Rows) {
        let simd = self.rows.simd;
        let quads = self.rows.depth / QUAD;
        // The last row is repeated where there are no more.
        let places = asked.places;
        let index = |i: usize| asked.first + places[i.min(places.len() - 1)];
        let lanes: [&[f32]; MOST_ROWS] = std::array::from_fn(|i| {
            bytemuck::cast_slice(&self.rows.codes[index(i) * quads..][..quads])
        });
        desk.room.fill::<V4, V>(simd, &lanes);
        let codes: &[i32x16] = desk.room.vectors();
        let (codes, _) = codes[..quads * V].as_chunks::<V>();
        let rows = self.rows::<V>(index);
        let count = places.len();
        let is_row: [u16; V] = std::array::from_fn(|v| {
            let most = count.saturating_sub(16 * v).min(16);
            ((1u32 << most) - 1) as u16
        });
        let after =
            &self.rows.codes[((asked.first + asked.next) * quads).min(self.rows.codes.len())..];
        let after = &after[..(MOST_ROWS * quads).min(after.len())];
        let mut ahead = after.chunks(after.len().div_ceil(self.groups.len()).max(1));
        let mut least = [simd.splat_f32x16(f32::MAX); V];
        let mut floor = [simd.splat_f32x16(f32::MAX); V];
        let mut most = least;
        let found = &mut desk.found;
        found.clear();
        for (chunk, groups) in self.groups.chunks(GROUPS).enumerate() {
            let first = chunk * GROUPS;
            let (lower, _) = desk.lower[..groups.len() * GROUP * V].as_chunks_mut::<V>();
            for (index, group) in groups.iter().enumerate() {
                let at = first + index;
                prefetch_all(bytemuck::cast_slice(ahead.next().unwrap_or_default()));
                let c = &self.codes[at * codes.len()..][..codes.len()];
                let sums = self.sums(codes, c, &group.starts);
                let lower = &mut lower[index * GROUP..][..GROUP];
                self.bound(group, &rows, &sums, lower, &mut least);
            }
            found.make_room(groups.len() * GROUP * V);
            for v in 0..V {
                most[v] = simd.add_f32x16(least[v], rows.margin[v]);
                for (c, lower) in lower.iter().enumerate() {
                    let is_near = simd.cmp_not_gt_f32x16(lower[v], most[v]);
                    let others = simd.min_f32x16(lower[v], floor[v]);
                    floor[v] = simd.select_f32x16(is_near, floor[v], others);
                    let is_near = is_near.0 & is_row[v];
                    found.add(simd, is_near, v, first * GROUP + c, lower[v]);
                }
            }
        }
        screen.least[..16 * V].copy_from_slice(bytemuck::cast_slice(&least));
        screen.norm[..16 * V].copy_from_slice(bytemuck::cast_slice(&rows.norm));
        screen.margin[..16 * V].copy_from_slice(bytemuck::cast_slice(&rows.margin));
        screen.floor[..16 * V].copy_from_slice(bytemuck::cast_slice(&floor));
        let mut most_of = [0.0; MOST_ROWS];
        most_of[..16 * V].copy_from_slice(bytemuck::cast_slice(&most));
        found.tell(screen, &most_of);
    }

    /// What is known of the rows of a tile.
    #[inline(always)]
    fn rows<const V: usize>(&self, index: impl Fn(usize) -> usize) -> Facing<V> {
        let simd = self.rows.simd;
        let none = simd.splat_f32x16(0.0);
        let [mut scale, mut residual, mut length, mut norm] = [[none; V]; 4];
        for v in 0..V {
            let mut facts = [[Facts::default(); 4]; 4];
            for lane in 0..LANES {
                facts[lane % 4][lane / 4] = self.rows.facts[index(v * LANES + lane)];
            }
            let facts =
                facts.map(|facts| bytemuck::cast::<_, f32x16>(facts.map(Facts::into_array)));
            [scale[v], residual[v], length[v], norm[v]] = simd.deinterleave_shfl_f32s(facts);
        }
        // See [`Columns::margin`](super::nearest::Columns::margin).
        let share = simd.splat_f32x16((self.rows.features + 4) as f32 * f32::EPSILON);
        let least = simd.splat_f32x16(f32::MIN_POSITIVE);
        let longest = simd.splat_f32x16(self.longest);
        let (mut reach, mut margin) = (length, length);
        for v in 0..V {
            reach[v] = simd.add_f32x16(length[v], residual[v]);
            let farthest = simd.add_f32x16(length[v], longest);
            let square = simd.mul_add_f32x16(farthest, farthest, least);
            margin[v] = simd.mul_f32x16(share, square);
        }
        Facing {
            scale,
            residual,
            reach,
            norm,
            margin,
        }
    }

    /// The sums of the products of the codes of rows and of a group's centroids.
    #[inline(always)]
    fn sums<const V: usize>(
        &self,
        rows: &[[i32x16; V]],
        centroids: &[[i32; GROUP]],
        starts: &[i32; GROUP],
    ) -> [[i32x16; V]; GROUP] {
        let mut sums = [[self.rows.simd.splat_i32x16(0); V]; GROUP];
        let centroids = &centroids[..rows.len()];
        for quad in 0..rows.len() {
            for c in 0..GROUP {
                let code = self.rows.simd.splat_i32x16(centroids[quad][c]);
                for v in 0..V {
                    sums[c][v] = self.rows.vnni.dot(sums[c][v], rows[quad][v], code);
                }
            }
        }
        // Added at the end: they would be stored and loaded again at the start.
        for c in 0..GROUP {
            let start = self.rows.simd.splat_i32x16(starts[c]);
            for sum in &mut sums[c] {
                *sum = self.rows.simd.wrapping_add_i32x16(*sum, start);
            }
        }
        sums
    }

    /// The least that a group's scores may be, and the least that any may be at most.
    #[inline(always)]
    fn bound<const V: usize>(
        &self,
        group: &Group,
        rows: &Facing<V>,
        sums: &[[i32x16; V]; GROUP],
        lower: &mut [[f32x16; V]],
        least: &mut [f32x16; V],
    ) {
        let simd = self.rows.simd;
        for c in 0..GROUP {
            let half_norm = simd.splat_f32x16(group.half_norms[c]);
            let scale = simd.splat_f32x16(group.scales[c]);
            let length = simd.splat_f32x16(group.lengths[c]);
            let residual = simd.splat_f32x16(group.residuals[c]);
            for v in 0..V {
                let sum = simd.convert_i32x16_to_f32x16(sums[c][v]);
                let sum = simd.mul_f32x16(sum, rows.scale[v]);
                let score = simd.negate_mul_add_f32x16(sum, scale, half_norm);
                let off = simd.mul_f32x16(rows.residual[v], length);
                let off = simd.mul_add_f32x16(rows.reach[v], residual, off);
                lower[c][v] = simd.sub_f32x16(score, off);
                least[v] = simd.min_f32x16(simd.add_f32x16(score, off), least[v]);
            }
        }
    }
}
