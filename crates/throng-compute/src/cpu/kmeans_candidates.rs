//! The centroids that may be nearest.

use super::nearest::MOST_ROWS;

/// Some rows that are compared, 1 to [`MOST_ROWS`].
pub struct Rows<'a> {
    /// The values of the rows of a part.
    pub x: &'a [f32],
    /// The first row of the part.
    pub first: usize,
    /// The rows, by their places in the part.
    pub places: &'a [usize],
    /// The place of those that are wanted next.
    pub next: usize,
}

/// Which centroids may be the nearest of a tile's rows, and what is known of their scores: see `quantized`.
pub struct Candidates {
    /// Each candidate's row in its tile.
    pub rows: Vec<u32>,
    /// Its centroid.
    pub columns: Vec<u32>,
    /// What the least score is at most, by row.
    pub least: [f32; MOST_ROWS],
    /// The least score of the other centroids, by row.
    pub floor: [f32; MOST_ROWS],
    /// |X|^2, by row.
    pub norm: [f32; MOST_ROWS],
    /// What two scores may be off by together, and half of the sums of squared differences, by row.
    pub margin: [f32; MOST_ROWS],
}

impl Candidates {
    /// Of no rows.
    pub fn new() -> Self {
        Self {
            rows: Vec::new(),
            columns: Vec::new(),
            least: [0.0; MOST_ROWS],
            floor: [0.0; MOST_ROWS],
            norm: [0.0; MOST_ROWS],
            margin: [0.0; MOST_ROWS],
        }
    }

    /// The candidates, each as its row in the tile and its centroid.
    pub fn all(&self) -> impl Iterator<Item = (u32, u32)> {
        self.rows.iter().copied().zip(self.columns.iter().copied())
    }
}
