//! What stands for `quantized/` on processors that have no such instructions: there are never codes.

use super::kmeans_candidates::{Candidates, Rows};

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
    pub fn screen(&self) -> Screen {
        match *self.0 {}
    }
}

/// What finds candidates, of which there is none.
pub enum Screen {}

impl Screen {
    /// Is never asked.
    pub fn find(&mut self, _: &mut Candidates, _: &Rows) {
        match *self {}
    }
}
