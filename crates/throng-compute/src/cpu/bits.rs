//! Hamming and Jaccard distances of rows of bits; twin of `wgsl/pairwise/distances.wgsl` with the metrics of
//! these names.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::simd::dispatch;
use crate::bits::BitMetric;
use crate::memory::{MemoryPlan, words};
use crate::watch::Meter;

/// Rows of a task.
const TASK_ROWS: usize = 64;

/// Words of columns that stay in the first-level cache while the rows of a task pass: 16 KiB.
const BLOCK_WORDS: usize = 1 << 12;

/// What distances of problems of these shapes take: themselves alone.
pub fn plan(shapes: impl Iterator<Item = (usize, usize)>) -> MemoryPlan {
    let values = shapes.map(|(n, m)| n.saturating_mul(m));
    MemoryPlan {
        output: words(values.fold(0, usize::saturating_add)),
        scratch: 0,
        parts: 1,
    }
}

/// Rows of bits in words.
#[derive(Debug)]
pub struct BitRows {
    /// Row after row.
    pub words: Vec<u32>,
    /// The bits set in each row.
    pub counts: Vec<u32>,
}

/// Some of them.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    words: &'a [u32],
    counts: &'a [u32],
}

impl BitRows {
    /// All rows.
    pub fn all(&self) -> Part<'_> {
        self.rows(&(0..self.counts.len()))
    }

    /// Some rows.
    pub fn rows(&self, rows: &Range<usize>) -> Part<'_> {
        let words = self.words.len() / self.counts.len().max(1);
        Part {
            words: &self.words[rows.start * words..rows.end * words],
            counts: &self.counts[rows.clone()],
        }
    }
}

/// Writes the distances [n, m] of the rows of `a` from the rows of `b`, of `bits` bits each; not all where `meter`
/// stopped the work.
pub fn fill(out: &mut [f32], a: Part, b: Part, bits: usize, metric: BitMetric, meter: &Meter) {
    if out.is_empty() {
        return;
    }
    let words = bits.div_ceil(32);
    out.par_chunks_mut(TASK_ROWS * b.counts.len())
        .zip(a.words.par_chunks(TASK_ROWS * words))
        .zip(a.counts.par_chunks(TASK_ROWS))
        .for_each(|((out, words), counts)| {
            if meter.is_stopped() {
                return;
            }
            dispatch(Task {
                out,
                a: Part { words, counts },
                b,
                bits,
                metric,
            });
            meter.add(words.len() * b.counts.len());
        });
}

struct Task<'a> {
    out: &'a mut [f32],
    a: Part<'a>,
    b: Part<'a>,
    bits: usize,
    metric: BitMetric,
}

impl WithSimd for Task<'_> {
    type Output = ();

    /// Plain code: with the processor's instructions allowed, the compiler counts bits with them.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let words = self.bits.div_ceil(32);
        let m = self.b.counts.len();
        let block = (BLOCK_WORDS / words).max(1);
        for first in (0..m).step_by(block) {
            for i in 0..self.a.counts.len() {
                let row = &self.a.words[i * words..][..words];
                for j in first..m.min(first + block) {
                    let column = &self.b.words[j * words..][..words];
                    let mut differing = 0;
                    for word in 0..words {
                        differing += (row[word] ^ column[word]).count_ones();
                    }
                    let whole = match self.metric {
                        BitMetric::Hamming => self.bits as u32,
                        // |a or b|
                        BitMetric::Jaccard => (self.a.counts[i] + self.b.counts[j] + differing) / 2,
                    };
                    self.out[i * m + j] = differing as f32 / whole.max(1) as f32;
                }
            }
        }
    }
}
