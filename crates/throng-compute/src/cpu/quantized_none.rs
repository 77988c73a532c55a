//! What stands for `quantized.rs` on processors that have no such instruction: there are never codes.

use super::nearest::MOST_ROWS;

/// Rows in codes, of which there are none.
#[derive(Debug)]
pub enum RowCodes {}

impl RowCodes {
    /// None.
    pub fn count(_: usize, _: usize, _: usize) -> usize {
        0
    }

    /// None.
    pub fn new(_: &[f32], _: usize, _: &[f32]) -> Option<Self> {
        None
    }
}

/// Centroids in codes, of which there are none.
pub struct Quantized<'a>(&'a RowCodes);

impl<'a> Quantized<'a> {
    /// None.
    pub fn count(_: usize, _: usize) -> usize {
        0
    }

    /// None.
    pub fn pack(rows: &'a RowCodes, _: &[f32]) -> Option<Self> {
        match *rows {}
    }

    /// Is never asked.
    pub fn screen(&self, _: &mut Desk, _: &mut Screen, _: &[usize]) {
        match *self.0 {}
    }
}

/// What [`Quantized::screen`] would need.
pub struct Desk;

impl Desk {
    /// Nothing.
    pub fn new(_: usize) -> Self {
        Self
    }
}

/// What [`Quantized::screen`] would find.
pub struct Screen {
    pub candidates: Vec<Candidate>,
    pub least: [f32; MOST_ROWS],
    pub floor: [f32; MOST_ROWS],
    pub norm: [f32; MOST_ROWS],
    pub margin: [f32; MOST_ROWS],
}

impl Screen {
    /// Nothing.
    pub fn new() -> Self {
        Self {
            candidates: Vec::new(),
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
    pub row: u32,
    pub column: u32,
}
