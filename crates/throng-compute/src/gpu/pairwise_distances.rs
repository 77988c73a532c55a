//! Distances of all pairs of rows, of many problems at once.

use std::collections::BTreeMap;
use std::ops::Range;

use throng_shaders::{Metric, PairwiseDistancesParams, PairwiseProblem};

use super::binding::Bind;
use super::buffers::Buffer;
use super::context::{Context, Job};
use super::rows::Rows;
use super::rows_scale::{self, scales};
use crate::error::ComputeError;
use crate::memory::{MemoryPlan, words};
use crate::pairwise_batch::Problem;
use crate::plan::{self, Tile};

/// A matrix with what the metric knows of each row: one buffer a part of the matrix, or none.
#[derive(Debug)]
pub struct Side<'a> {
    rows: &'a Rows,
    known: Vec<Buffer>,
}

impl<'a> Side<'a> {
    /// Rows of floats.
    pub fn floats(context: &Context, rows: &'a Rows, metric: Metric) -> Result<Self, ComputeError> {
        let known = scales(context, rows, metric)?;
        Ok(Self { rows, known })
    }

    /// Rows of bits.
    pub fn bits(bits: &'a BitRows) -> Self {
        Self {
            rows: &bits.words,
            known: bits.counts.clone(),
        }
    }
}

/// Rows of bits on the device.
#[derive(Debug)]
pub struct BitRows {
    words: Rows,
    /// The bits set in each row of each part.
    counts: Vec<Buffer>,
}

impl BitRows {
    /// Rows with `words` in them, of which `counts` bits a row are set.
    pub fn upload(
        context: &Context,
        words: &[u32],
        words_per_row: usize,
        counts: &[u32],
    ) -> Result<Self, ComputeError> {
        let words = Rows::upload(context, words, words_per_row)?;
        let mut buffers = Vec::new();
        for part in &words.parts {
            let counts = &counts[part.first..][..part.rows];
            buffers.push(context.storage_of("counts of bits", counts)?);
        }
        Ok(Self {
            words,
            counts: buffers,
        })
    }
}

/// How two rows are compared: `bits` is the bits of a row, where the metric compares bits.
#[derive(Debug, Clone, Copy)]
pub struct Comparison {
    pub metric: Metric,
    pub bits: usize,
}

/// What the distances of problems of these shapes take, among `a_rows` and `b_rows` rows.
pub fn plan(
    context: &Context,
    (a_rows, b_rows): (usize, usize),
    shapes: impl Iterator<Item = (usize, usize)> + Clone,
    metric: Metric,
) -> MemoryPlan {
    let values = shapes.clone().map(|(n, m)| n.saturating_mul(m));
    let scales = rows_scale::count(a_rows, metric) + rows_scale::count(b_rows, metric);
    let table = (size_of::<PairwiseProblem>() * shapes.clone().count()) as u64;
    let most = (context.most_bytes() / 4) as usize;
    MemoryPlan {
        output: words(values.fold(0, usize::saturating_add)),
        scratch: words(scales) + table + context.transfer(table),
        parts: plan::batch_parts(shapes, most).len(),
    }
}

/// Distances [n, m] of the rows of `a` from the rows of `b`.
pub fn distances(
    context: &Context,
    a: &Side,
    b: &Side,
    comparison: Comparison,
) -> Result<Rows, ComputeError> {
    let out = Rows::new(context, a.rows.rows, b.rows.rows)?;
    distances_into(context, a, b, comparison, out)
}

/// The same, into `out`.
pub fn distances_into(
    context: &Context,
    a: &Side,
    b: &Side,
    comparison: Comparison,
    out: Rows,
) -> Result<Rows, ComputeError> {
    let whole = Problem {
        a: 0..a.rows.rows,
        b: 0..b.rows.rows,
    };
    fill(context, a, b, &[whole], comparison, out)
}

/// The distances of each problem, one matrix after another.
pub fn batch(
    context: &Context,
    a: &Side,
    b: &Side,
    problems: &[Problem],
    comparison: Comparison,
) -> Result<Rows, ComputeError> {
    let most = (context.most_bytes() / 4) as usize;
    let shapes = problems.iter().map(Problem::shape);
    let out = Rows::flat(context, &plan::batch_parts(shapes, most))?;
    fill(context, a, b, problems, comparison, out)
}

/// One dispatch for all problems in the same parts of a, b and the output.
fn fill(
    context: &Context,
    a: &Side,
    b: &Side,
    problems: &[Problem],
    comparison: Comparison,
    out: Rows,
) -> Result<Rows, ComputeError> {
    let Comparison { metric, bits } = comparison;
    for ((out_ix, a_ix, b_ix), mut pieces) in pieces(a.rows, b.rows, &out, problems) {
        let shape = |piece: &PairwiseProblem| {
            let rows = (piece.a_end - piece.a_first) as usize;
            (rows, (piece.b_end - piece.b_first) as usize)
        };
        let tile = context.tuned(Tile::for_pairs(pieces.iter().map(shape)));
        let mut groups = 0;
        for piece in &mut pieces {
            piece.tile_first = groups as u32;
            let (rows, columns) = shape(piece);
            groups += tile.count(rows, columns);
        }
        let table = context.storage_of("the problems of a batch", &pieces)?;
        let mut buffers: Vec<(u32, &dyn Bind)> = vec![
            (2, &a.rows.parts[a_ix].buffer),
            (3, &b.rows.parts[b_ix].buffer),
            (4, &out.parts[out_ix].buffer),
            (5, &table),
        ];
        if matches!(metric, Metric::Cosine | Metric::Jaccard) {
            buffers.push((8, &a.known[a_ix]));
            buffers.push((9, &b.known[b_ix]));
        }
        context.run(&Job {
            metric: Some(metric),
            constants: &tile.constants(),
            params: PairwiseDistancesParams {
                problems: pieces.len() as u32,
                features: a.rows.cols as u32,
                bits: bits as u32,
            },
            buffers: &buffers,
            groups,
            work: tile.rows() * tile.columns() * a.rows.cols,
            // With the search for the problem.
            rounds: tile.rounds(1, a.rows.cols) + 32,
        })?;
    }
    Ok(out)
}

/// Which part of the output, of a and of b.
type Parts = (usize, usize, usize);

/// The problems cut at the ends of parts, by part; their tiles are not counted yet.
fn pieces(
    a: &Rows,
    b: &Rows,
    out: &Rows,
    problems: &[Problem],
) -> BTreeMap<Parts, Vec<PairwiseProblem>> {
    let mut pieces: BTreeMap<Parts, Vec<PairwiseProblem>> = BTreeMap::new();
    // Where the problem's values begin in the whole output.
    let mut begin = 0;
    for problem in problems {
        let (n, m) = problem.shape();
        if n * m == 0 {
            continue;
        }
        for (out_ix, out_part) in out.parts.iter().enumerate() {
            let values = out_part.first * out.cols..(out_part.first + out_part.rows) * out.cols;
            // The first row that begins at a value or after it; parts end where rows do.
            let row_at = |value: usize| value.saturating_sub(begin).div_ceil(m).min(n);
            let rows = row_at(values.start)..row_at(values.end);
            let a_rows = problem.a.start + rows.start..problem.a.start + rows.end;
            for (a_ix, a_part) in a.parts.iter().enumerate() {
                let Some(a_rows) = common(&a_rows, a_part.first, a_part.rows) else {
                    continue;
                };
                for (b_ix, b_part) in b.parts.iter().enumerate() {
                    let Some(b_rows) = common(&problem.b, b_part.first, b_part.rows) else {
                        continue;
                    };
                    let (row, column) = (
                        a_rows.start - problem.a.start,
                        b_rows.start - problem.b.start,
                    );
                    let piece = PairwiseProblem {
                        a_first: (a_rows.start - a_part.first) as u32,
                        a_end: (a_rows.end - a_part.first) as u32,
                        b_first: (b_rows.start - b_part.first) as u32,
                        b_end: (b_rows.end - b_part.first) as u32,
                        out_first: (begin + row * m + column - values.start) as u32,
                        out_columns: m as u32,
                        tile_first: 0,
                    };
                    pieces.entry((out_ix, a_ix, b_ix)).or_default().push(piece);
                }
            }
        }
        begin += n * m;
    }
    pieces
}

/// The rows that lie in the part from `first`; none where there are none.
fn common(rows: &Range<usize>, first: usize, count: usize) -> Option<Range<usize>> {
    let common = rows.start.max(first)..rows.end.min(first + count);
    (!common.is_empty()).then_some(common)
}
