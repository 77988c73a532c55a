//! Some rows of an assignment, and how each finds its nearest centroid.
//!
//! Rows that a bound proves to keep their centroids are passed over. Of the others most centroids are ruled out by
//! products of bytes, where the processor has them, or else compared by products. What these cannot tell apart is
//! compared by differences, whose order the labels are.

use pulp::Simd;

use super::kmeans_assign::distance;
use super::kmeans_bounds::{Drift, above_product, by_difference, by_product, keeps};
use super::kmeans_candidates::Rows;
use super::kmeans_tile::{MOST_CANDIDATES, NONE, Tile, is_several};
use super::nearest::{ByDifference, ByProduct, Columns, MOST_ROWS, Room, nearest, tile_rows};
use super::quantized::Quantized;
use super::simd::prefetch_all;

/// Some rows of [`Assigned`](super::kmeans_assign::Assigned).
pub struct Part<'a> {
    /// The first of them.
    pub first: usize,
    pub x: &'a [f32],
    pub labels: &'a mut [u32],
    pub distances: &'a mut [f32],
    pub bounds: &'a mut [f32],
}

/// What the rows are compared with.
pub struct Centroids<'a> {
    pub columns: Columns<'a>,
    pub quantized: Option<Quantized<'a>>,
    /// Since the bounds were set; none where there are no bounds.
    pub drift: Option<Drift>,
}

/// What [`Part::nearest`] found.
pub struct Found {
    /// Each row's nearest centroid by difference.
    pub nearest: Vec<u32>,
    /// The centroid that a row's distance is of, where it was measured.
    pub measured: Vec<u32>,
    /// Rows that were not compared.
    pub kept: usize,
}

/// Rows that are fetched before their distances are measured.
const AHEAD: usize = 12;

/// Candidates whose sums are added up side by side.
const TOGETHER: usize = 4;

impl Part<'_> {
    /// Compares the rows that may leave their centroids, and sets their bounds.
    #[inline(always)]
    pub fn nearest<S: Simd>(&mut self, simd: S, centroids: &Centroids) -> Found {
        let rows = self.labels.len();
        let mut search = Search {
            simd,
            features: centroids.columns.features(),
            columns: &centroids.columns,
            found: Found {
                nearest: self.labels.to_vec(),
                measured: vec![NONE; rows],
                kept: 0,
            },
            room: Room::new(centroids.columns.features()),
            close: Vec::new(),
            part: self,
        };
        search.run(centroids);
        search.found
    }
}

/// [`Part::nearest`] under way.
struct Search<'a, 'b, S> {
    simd: S,
    features: usize,
    columns: &'a Columns<'a>,
    part: &'a mut Part<'b>,
    found: Found,
    room: Room,
    /// Rows to compare by differences.
    close: Vec<usize>,
}

impl<S: Simd> Search<'_, '_, S> {
    #[inline(always)]
    fn run(&mut self, centroids: &Centroids) {
        let tile = tile_rows::<S>();
        let open = match &centroids.drift {
            Some(drift) => self.open(drift),
            None => (0..self.part.labels.len()).collect(),
        };
        self.found.kept = self.part.labels.len() - open.len();
        let mut wide = Vec::new();
        let mut rest = match &centroids.quantized {
            Some(codes) => self.by_codes(codes, &open, &mut wide),
            None => &open,
        };
        while !rest.is_empty() {
            let rows;
            (rows, rest) = rest.split_at(tile.min(rest.len()));
            let ahead = rest.first().map_or(&[][..], |row| {
                let ahead = &self.part.x[row * self.features..];
                &ahead[..(tile * self.features).min(ahead.len())]
            });
            self.by_product(rows, ahead);
        }
        for rows in wide.chunks(tile) {
            self.by_product(rows, &[]);
        }
        let close = std::mem::take(&mut self.close);
        for close in close.chunks(tile) {
            self.by_difference(close);
        }
    }

    /// The rows that may leave their centroids. Sets all bounds for the centroids as they are now, and measures the
    /// distances of rows that the bounds above them do not keep.
    #[inline(always)]
    fn open(&mut self, drift: &Drift) -> Vec<usize> {
        let Part {
            labels,
            distances,
            bounds,
            ..
        } = &mut *self.part;
        let mut above = vec![0.0; labels.len()];
        drift.carry(labels, distances, bounds, &mut above);
        let mut open = Vec::with_capacity(labels.len());
        let mut unsure = Vec::new();
        for (i, above) in above.into_iter().enumerate() {
            if keeps(above, bounds[i], self.features) {
                distances[i] = above;
            } else if keeps(distances[i], bounds[i], self.features) {
                unsure.push(i);
            } else {
                open.push(i);
            }
        }
        for (index, &i) in unsure.iter().enumerate() {
            if let Some(&ahead) = unsure.get(index + AHEAD) {
                prefetch_all(self.row(ahead));
            }
            let label = self.part.labels[i];
            let distance = self.distance(i, label);
            self.set_distance(i, distance, label);
            if !keeps(distance, self.part.bounds[i], self.features) {
                open.push(i);
            }
        }
        open
    }

    /// Compares rows of `open` by their codes until none are left, or so many have too many candidates that codes are not
    /// worth their time here. Adds those to `wide`, and returns the rows that are left.
    #[inline(always)]
    fn by_codes<'c>(
        &mut self,
        codes: &Quantized,
        open: &'c [usize],
        wide: &mut Vec<usize>,
    ) -> &'c [usize] {
        let mut tiles = [Tile::new(), Tile::new()];
        let mut screen = codes.screen();
        let [now, last] = &mut tiles;
        let (mut now, mut last) = (now, last);
        let mut rest = open;
        while 2 * wide.len() <= open.len() - rest.len() && !rest.is_empty() {
            let rows;
            (rows, rest) = rest.split_at(tile_rows::<S>().min(rest.len()));
            now.rows.extend(rows);
            let next = rest.first().map_or(self.part.labels.len(), |&row| row);
            let rows = Rows {
                x: self.part.x,
                first: self.part.first,
                places: rows,
                next,
            };
            screen.find(&mut now.screen, &rows);
            now.count();
            self.among(last, now, wide);
            last.rows.clear();
            std::mem::swap(&mut now, &mut last);
        }
        now.open.clear();
        self.among(last, now, wide);
        rest
    }

    #[inline(always)]
    fn row(&self, i: usize) -> &[f32] {
        &self.part.x[i * self.features..][..self.features]
    }

    #[inline(always)]
    fn distance(&self, row: usize, centroid: u32) -> f32 {
        distance(
            self.simd,
            self.row(row),
            self.columns.centroid(centroid as usize),
        )
    }

    /// Sets a row's distance: from centroid `of`, or [`NONE`] for a bound above it.
    #[inline(always)]
    fn set_distance(&mut self, row: usize, distance: f32, of: u32) {
        self.part.distances[row] = distance;
        self.found.measured[row] = of;
    }

    /// Compares a tile's rows by their distances from their candidates; those with too many are added to `wide`.
    /// Fetches the rows of `next` meanwhile.
    #[inline(always)]
    fn among(&mut self, tile: &mut Tile, next: &Tile, wide: &mut Vec<usize>) {
        let mut ahead = next.open.iter();
        // A row has at least two candidates.
        for (distances, pairs) in tile.distances.chunks_mut(2).zip(tile.pairs.chunks(2)) {
            if let Some(&i) = ahead.next() {
                prefetch_all(self.row(next.rows[i]));
            }
            for (distance, &(row, column)) in distances.iter_mut().zip(pairs) {
                *distance = self.distance(tile.rows[row as usize], column);
            }
        }
        for &i in ahead {
            prefetch_all(self.row(next.rows[i]));
        }
        let mut best = tile.column;
        let mut least = [f32::MAX; MOST_ROWS];
        let mut second = [f32::MAX; MOST_ROWS];
        for (&distance, &(row, column)) in tile.distances.iter().zip(&tile.pairs) {
            let i = row as usize;
            let is_less = distance < least[i];
            let other = if is_less { least[i] } else { distance };
            second[i] = if other < second[i] { other } else { second[i] };
            best[i] = if is_less { column } else { best[i] };
            least[i] = if is_less { distance } else { least[i] };
        }
        let Tile {
            rows,
            screen,
            counts,
            ..
        } = &*tile;
        // By themselves, so that they are done by vectors.
        let (mut of_others, mut of_candidates, mut above) = (least, second, least);
        for i in 0..MOST_ROWS {
            of_others[i] = by_product(screen.norm[i], screen.floor[i], screen.margin[i]);
            of_candidates[i] = by_difference(second[i], self.features);
            above[i] = above_product(screen.norm[i], screen.least[i], screen.margin[i]);
        }
        for (i, &row) in rows.iter().enumerate() {
            if !(1..=MOST_CANDIDATES).contains(&counts[i]) {
                wide.push(row);
                continue;
            }
            let is_several = is_several(counts[i]);
            let mut measured = if is_several { best[i] } else { NONE };
            let mut distance = if is_several { least[i] } else { above[i] };
            if is_several && !keeps(least[i], of_candidates[i], self.features) {
                let second;
                (best[i], distance, second) = self.settle(tile, i);
                of_candidates[i] = by_difference(second, self.features);
                measured = NONE;
            }
            // Those of candidates are far above any where there is one alone.
            self.part.bounds[row] = of_others[i].min(of_candidates[i]);
            self.found.nearest[row] = best[i];
            self.set_distance(row, distance, measured);
        }
    }

    /// Compares a row of a tile with its candidates by sums of squared differences, feature by feature as in
    /// [`ByDifference`]. Returns the nearest, its sum, and the next one's.
    #[inline(always)]
    fn settle(&self, tile: &Tile, i: usize) -> (u32, f32, f32) {
        let row = self.row(tile.rows[i]);
        let mut columns = [NONE; MOST_CANDIDATES as usize];
        let mut count = 0;
        for (row, column) in tile.screen.all() {
            if row as usize == i {
                columns[count] = column;
                count += 1;
            }
        }
        let (mut column, mut least, mut second) = (NONE, f32::MAX, f32::MAX);
        // Several at a time: each addition waits for the one before. The last is repeated where there are no more.
        for first in (0..count).step_by(TOGETHER) {
            let columns: [u32; TOGETHER] =
                std::array::from_fn(|j| columns[(first + j).min(count - 1)]);
            let centroids =
                columns.map(|column| &self.columns.centroid(column as usize)[..row.len()]);
            let mut sums = [0.0f32; TOGETHER];
            for (feature, &x) in row.iter().enumerate() {
                for j in 0..TOGETHER {
                    let difference = x - centroids[j][feature];
                    sums[j] = difference.mul_add(difference, sums[j]);
                }
            }
            for j in 0..TOGETHER.min(count - first) {
                if (sums[j], columns[j]) < (least, column) {
                    second = least;
                    (least, column) = (sums[j], columns[j]);
                } else {
                    second = second.min(sums[j]);
                }
            }
        }
        (column, least, second)
    }

    /// Compares `rows` with all centroids by products.
    #[inline(always)]
    fn by_product(&mut self, rows: &[usize], ahead: &[f32]) {
        let (x, features) = (self.part.x, self.features);
        let row = |i: usize| &x[rows[i] * features..][..features];
        let room = &mut self.room;
        let best = nearest::<S, ByProduct>(self.simd, room, self.columns, rows.len(), row, ahead);
        let mut margins = best.norm;
        let mut bounds = best.second;
        let mut above = best.least;
        // By itself, so that it is done by vectors.
        for i in 0..bounds.len() {
            margins[i] = self.columns.margin(best.norm[i]);
            bounds[i] = by_product(best.norm[i], best.second[i], margins[i]);
            above[i] = above_product(best.norm[i], best.least[i], margins[i]);
        }
        for (i, &row) in rows.iter().enumerate() {
            self.found.nearest[row] = best.column[i];
            self.set_distance(row, above[i], NONE);
            self.part.bounds[row] = bounds[i];
            // Nothing is clear where a score is NaN.
            let clear = best.second[i] - best.least[i] > margins[i];
            if !clear {
                self.close.push(row);
            }
        }
    }

    /// Compares `rows` with all centroids by differences.
    #[inline(always)]
    fn by_difference(&mut self, rows: &[usize]) {
        let (x, features) = (self.part.x, self.features);
        let row = |i: usize| &x[rows[i] * features..][..features];
        let room = &mut self.room;
        let best = nearest::<S, ByDifference>(self.simd, room, self.columns, rows.len(), row, &[]);
        for (i, &row) in rows.iter().enumerate() {
            self.found.nearest[row] = best.column[i];
            self.part.bounds[row] = by_difference(best.second[i], features);
            self.set_distance(row, best.least[i], NONE);
        }
    }
}
