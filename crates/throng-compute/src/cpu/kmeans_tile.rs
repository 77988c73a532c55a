//! A tile of rows that are compared by their codes, and which of their candidates are to be measured.

use super::kmeans_candidates::Candidates;
use super::nearest::MOST_ROWS;

/// No centroid.
pub const NONE: u32 = u32::MAX;

/// Candidates of a row that are measured one by one, each in the time of a few centroids of a tile.
pub const MOST_CANDIDATES: u32 = 16;

/// Whether a row is to be measured from so many candidates.
pub fn is_several(count: u32) -> bool {
    (2..=MOST_CANDIDATES).contains(&count)
}

/// Some rows that are compared by their codes.
pub struct Tile {
    /// Their places in the part.
    pub rows: Vec<usize>,
    pub screen: Candidates,
    /// Candidates of each row.
    pub counts: [u32; MOST_ROWS],
    /// One of them.
    pub column: [u32; MOST_ROWS],
    /// The rows that have several.
    pub open: Vec<usize>,
    /// Rows and candidates to measure, and their distances.
    pub pairs: Vec<(u32, u32)>,
    pub distances: Vec<f32>,
}

impl Tile {
    pub fn new() -> Self {
        Self {
            rows: Vec::with_capacity(MOST_ROWS),
            screen: Candidates::new(),
            counts: [0; MOST_ROWS],
            column: [NONE; MOST_ROWS],
            open: Vec::with_capacity(MOST_ROWS),
            pairs: Vec::new(),
            distances: Vec::new(),
        }
    }

    /// Counts the candidates, and lists what is to be measured. No branch depends on the values: half of them would be
    /// foreseen wrongly.
    pub fn count(&mut self) {
        self.counts = [0; MOST_ROWS];
        for (row, column) in self.screen.all() {
            self.counts[row as usize] += 1;
            self.column[row as usize] = column;
        }
        self.open.resize(MOST_ROWS, 0);
        let mut count = 0;
        for (i, &candidates) in self.counts.iter().enumerate() {
            self.open[count] = i;
            count += usize::from(is_several(candidates));
        }
        self.open.truncate(count);
        self.pairs.resize(self.screen.rows.len(), (0, 0));
        let mut count = 0;
        for (row, column) in self.screen.all() {
            self.pairs[count] = (row, column);
            count += usize::from(is_several(self.counts[row as usize]));
        }
        self.pairs.truncate(count);
        self.distances.resize(count, 0.0);
    }
}
