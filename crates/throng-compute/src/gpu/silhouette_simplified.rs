//! The nearest centroid but a row's own.

use throng_shaders::{Metric, SilhouetteSimplifiedParams};

use super::binding::{Bind, BufferPiece};
use super::context::{Context, Job};
use super::rows::Rows;
use super::rows_scale::{self, scales};
use crate::error::ComputeError;
use crate::memory::{MemoryPlan, Sizes, words};
use crate::plan::Tile;
use crate::silhouette_simplified::{NearestOther, WHAT};

/// Rows whose labels and distances are held at once, at most.
const MOST_ROWS: u64 = 1 << 22;

/// Pieces begin at multiples of so many rows in their part, so that they may be bound whatever the features.
const STEP: usize = 256;

/// What is held on the device.
#[derive(Debug)]
pub struct NearestOtherSizes {
    parts: usize,
    /// Rows that are looked at together.
    piece_rows: usize,
    /// Those of the rows and of the centroids.
    scales: usize,
    /// Bytes.
    transfer: u64,
}

impl NearestOtherSizes {
    /// For `rows` of `features` and `k` centroids, as large as the cap allows.
    pub fn new(
        context: &Context,
        rows: usize,
        features: usize,
        k: usize,
        metric: Metric,
    ) -> Result<Self, ComputeError> {
        let parts = Rows::part_lengths(context, rows, features)?;
        let longest = parts.clone().next().unwrap_or(1);
        let sizes = |most: u64| {
            let most = (most as usize).next_multiple_of(STEP).max(STEP);
            let piece_rows = most.min(longest);
            Self {
                parts: parts.clone().map(|rows| rows.div_ceil(piece_rows)).sum(),
                piece_rows,
                scales: rows_scale::count(rows + k, metric),
                transfer: context.transfer(words(piece_rows)),
            }
        };
        context
            .ledger()
            .fit(WHAT, MOST_ROWS.min(rows as u64), sizes)
    }
}

impl Sizes for NearestOtherSizes {
    fn plan(&self) -> MemoryPlan {
        MemoryPlan {
            output: 0,
            scratch: words(4 * self.piece_rows + self.scales) + self.transfer,
            parts: self.parts,
        }
    }
}

/// Distances to the own centroid, and the nearest other one.
pub fn nearest_other(
    context: &Context,
    x: &Rows,
    centroids: &Rows,
    labels: &[u32],
    metric: Metric,
) -> Result<NearestOther, ComputeError> {
    let sizes = NearestOtherSizes::new(context, x.rows, x.cols, centroids.rows, metric)?;
    let most = sizes.piece_rows;
    let x_scales = scales(context, x, metric)?;
    let centroid_scales = scales(context, centroids, metric)?;
    let own = context.storage("distances", most)?;
    let distance = context.storage("distances", most)?;
    let cluster = context.storage("clusters", most)?;
    let far = vec![f32::MAX; most];
    let mut found = NearestOther {
        own: Vec::with_capacity(x.rows),
        cluster: Vec::with_capacity(x.rows),
        distance: Vec::with_capacity(x.rows),
    };
    for piece in x.pieces(most) {
        context.meter().stage(piece.rows * centroids.rows * x.cols);
        let rows = x.slice(piece);
        let labels = &labels[piece.offset..][..piece.rows];
        let labels = context.storage_of("labels", labels)?;
        context.write("distances", &distance, &far[..piece.rows])?;
        for (centroid_ix, centroid_part) in centroids.parts.iter().enumerate() {
            let k = centroid_part.rows;
            let tile = Tile::for_columns(k);
            let mut buffers: Vec<(u32, &dyn Bind)> = vec![
                (2, &rows),
                (3, &centroid_part.buffer),
                (4, &labels),
                (5, &own),
                (6, &distance),
                (7, &cluster),
            ];
            let row_scales = x_scales.get(piece.part).map(|scales| BufferPiece {
                buffer: scales.clone(),
                offset: words(piece.first),
                size: words(piece.rows),
                is_half: false,
            });
            if let Some(row_scales) = &row_scales {
                buffers.push((8, row_scales));
                buffers.push((9, &centroid_scales[centroid_ix]));
            }
            context.run(&Job {
                metric: Some(metric),
                constants: &tile.constants(),
                params: SilhouetteSimplifiedParams {
                    rows: piece.rows as u32,
                    features: x.cols as u32,
                    k: k as u32,
                    row_offset: 0,
                    centroid_offset: centroid_part.first as u32,
                },
                buffers: &buffers,
                groups: piece.rows.div_ceil(tile.rows()),
                work: tile.rows() * k * x.cols,
                rounds: tile.rounds(k, x.cols),
            })?;
        }
        found
            .own
            .extend(context.read::<f32>("distances", &own, piece.rows)?);
        found
            .cluster
            .extend(context.read::<u32>("clusters", &cluster, piece.rows)?);
        found
            .distance
            .extend(context.read::<f32>("distances", &distance, piece.rows)?);
    }
    Ok(found)
}
