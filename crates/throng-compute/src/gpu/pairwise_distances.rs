//! Distances of all pairs.

use throng_shaders::{Metric, PairwiseDistancesParams};

use super::binding::Bind;
use super::context::{Context, Job};
use super::rows::Rows;
use super::rows_scale::scales;
use crate::error::ComputeError;
use crate::plan::Tile;

/// Distances [n, m] of the rows of `a` from the rows of `b`.
pub fn distances(
    context: &Context,
    a: &Rows,
    b: &Rows,
    metric: Metric,
) -> Result<Rows, ComputeError> {
    let out = Rows::new(context, a.rows, b.rows)?;
    fill(context, a, b, metric, out)
}

/// The same, into `out`.
pub fn fill(
    context: &Context,
    a: &Rows,
    b: &Rows,
    metric: Metric,
    out: Rows,
) -> Result<Rows, ComputeError> {
    let a_scales = scales(context, a, metric)?;
    let b_scales = scales(context, b, metric)?;
    let tile = Tile::SQUARE;
    for out_part in &out.parts {
        for (a_ix, a_part) in a.parts.iter().enumerate() {
            let first = out_part.first.max(a_part.first);
            let end = (out_part.first + out_part.rows).min(a_part.first + a_part.rows);
            if first >= end {
                continue;
            }
            for (b_ix, b_part) in b.parts.iter().enumerate() {
                let mut buffers: Vec<(u32, &dyn Bind)> = vec![
                    (2, &a_part.buffer),
                    (3, &b_part.buffer),
                    (4, &out_part.buffer),
                ];
                if metric == Metric::Cosine {
                    buffers.push((8, &a_scales[a_ix]));
                    buffers.push((9, &b_scales[b_ix]));
                }
                context.run(&Job {
                    metric: Some(metric),
                    constants: &tile.constants(),
                    params: PairwiseDistancesParams {
                        a_first: (first - a_part.first) as u32,
                        a_end: (end - a_part.first) as u32,
                        b_rows: b_part.rows as u32,
                        features: a.cols as u32,
                        out_row: (first - out_part.first) as u32,
                        out_column: b_part.first as u32,
                        out_columns: b.rows as u32,
                    },
                    buffers: &buffers,
                    groups: (end - first).div_ceil(tile.rows())
                        * b_part.rows.div_ceil(tile.columns()),
                    work: tile.rows() * tile.columns() * a.cols,
                    rounds: tile.rounds(1, a.cols),
                })?;
            }
        }
    }
    Ok(out)
}
