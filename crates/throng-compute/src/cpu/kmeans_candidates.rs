//! The centroids that may be nearest.

use super::nearest::MOST_ROWS;

/// Which centroids may be the nearest of a tile's rows, and what is known of their scores: see `quantized`.
pub struct Candidates {
    /// The centroids that may be a row's nearest.
    pub all: Vec<Candidate>,
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
            all: Vec::new(),
            least: [0.0; MOST_ROWS],
            floor: [0.0; MOST_ROWS],
            norm: [0.0; MOST_ROWS],
            margin: [0.0; MOST_ROWS],
        }
    }
}

/// A centroid that may be a row's nearest.
#[derive(Clone, Copy)]
pub struct Candidate {
    /// The row in its tile.
    pub row: u32,
    /// The centroid.
    pub column: u32,
    /// The least that its score may be.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(dead_code, reason = "without codes there are no candidates")
    )]
    pub lower: f32,
}
