//! What stands for `quantized/` on processors that have no such instruction: there are never codes.

use super::kmeans_candidates::Candidates;

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
    pub fn screen(&self, _: &mut Desk, _: &mut Candidates, _: &[usize], _: usize) {
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
