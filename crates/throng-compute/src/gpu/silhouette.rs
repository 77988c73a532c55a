//! Exact silhouettes.

use throng_shaders::{Metric, SilhouetteFinishParams, SilhouetteSumsParams};

use super::binding::Bind;
use super::buffers::Buffer;
use super::context::{Context, Job};
use super::rows::Rows;
use super::rows_scale::{self, scales};
use crate::error::ComputeError;
use crate::memory::{MemoryPlan, Sizes, words};
use crate::plan::{self, Tile};
use crate::silhouette::WHAT;

const THREADS: u32 = 64;

/// What is held on the device, in values.
#[derive(Debug)]
pub struct SilhouetteSizes {
    rows: usize,
    k: usize,
    parts: usize,
    scales: usize,
    /// Rows whose sums [rows, k] are held at once.
    sums_rows: usize,
    /// Bytes.
    transfer: u64,
}

impl SilhouetteSizes {
    /// For `rows` of `features` in `k` clusters, as large as the cap allows.
    pub fn new(
        context: &Context,
        rows: usize,
        features: usize,
        k: usize,
        metric: Metric,
    ) -> Result<Self, ComputeError> {
        let parts = Rows::part_lengths(context, rows, features)?.count();
        let sizes = |most| Self {
            rows,
            k,
            parts,
            scales: rows_scale::count(rows, metric),
            sums_rows: plan::gpu_silhouette_rows(rows, k, most),
            transfer: context.transfer(words(rows)),
        };
        context.ledger().fit(WHAT, context.most_bytes(), sizes)
    }
}

impl Sizes for SilhouetteSizes {
    fn plan(&self) -> MemoryPlan {
        // The order of rows, their labels and silhouettes; counts and the clusters' places.
        let held = 3 * self.rows + self.scales + self.k + self.parts * (self.k + 1);
        MemoryPlan {
            output: 0,
            scratch: words(held) + words(self.sums_rows * self.k) + self.transfer,
            parts: self.rows.div_ceil(self.sums_rows),
        }
    }
}

/// The rows of a part by cluster.
struct Order {
    order: Buffer,
    offsets: Buffer,
}

impl Order {
    fn new(context: &Context, labels: &[u32], k: usize) -> Result<Self, ComputeError> {
        let mut offsets = vec![0_u32; k + 1];
        labels
            .iter()
            .for_each(|&label| offsets[label as usize + 1] += 1);
        for c in 0..k {
            offsets[c + 1] += offsets[c];
        }
        let mut order: Vec<u32> = (0..labels.len() as u32).collect();
        order.sort_by_key(|&row| labels[row as usize]);
        Ok(Self {
            order: context.storage_of("the order of rows", &order)?,
            offsets: context.storage_of("the clusters' places", &offsets)?,
        })
    }
}

/// The silhouette of each row.
pub fn silhouettes(
    context: &Context,
    x: &Rows,
    labels: &[u32],
    k: usize,
    metric: Metric,
) -> Result<Vec<f32>, ComputeError> {
    let sizes = SilhouetteSizes::new(context, x.rows, x.cols, k, metric)?;
    let tile = Tile::SQUARE;
    let scales = scales(context, x, metric)?;
    let mut orders = Vec::new();
    for part in &x.parts {
        orders.push(Order::new(context, &labels[part.first..][..part.rows], k)?);
    }
    let mut counts = vec![0_u32; k];
    labels.iter().for_each(|&label| counts[label as usize] += 1);
    let counts = context.storage_of("counts", &counts)?;
    let labels = context.storage_of("labels", labels)?;
    let silhouettes = context.storage("silhouettes", x.rows)?;

    let most_rows = sizes.sums_rows;
    let sums = context.storage("sums by cluster", most_rows * k)?;
    let places = plan::gpu_silhouette_places(x.cols, k, context.most_rounds());
    for (a_ix, a) in x.parts.iter().enumerate() {
        for first in (0..a.rows).step_by(most_rows) {
            let rows = most_rows.min(a.rows - first);
            for (b_ix, b) in x.parts.iter().enumerate() {
                let mut buffers: Vec<(u32, &dyn Bind)> = vec![
                    (2, &a.buffer),
                    (3, &b.buffer),
                    (4, &orders[b_ix].order),
                    (5, &orders[b_ix].offsets),
                    (6, &sums),
                ];
                if metric == Metric::Cosine {
                    buffers.push((8, &scales[a_ix]));
                    buffers.push((9, &scales[b_ix]));
                }
                for place_first in (0..b.rows).step_by(places) {
                    let place_end = b.rows.min(place_first + places);
                    context.run(&Job {
                        metric: Some(metric),
                        constants: &tile.constants(),
                        params: SilhouetteSumsParams {
                            a_first: first as u32,
                            a_end: (first + rows) as u32,
                            features: x.cols as u32,
                            k: k as u32,
                            place_first: place_first as u32,
                            place_end: place_end as u32,
                            is_same: u32::from(a_ix == b_ix),
                            is_first: u32::from(b_ix == 0 && place_first == 0),
                        },
                        buffers: &buffers,
                        groups: rows.div_ceil(tile.rows()),
                        work: tile.rows() * (place_end - place_first) * x.cols,
                        rounds: plan::gpu_silhouette_rounds(place_end - place_first, x.cols, k),
                    })?;
                }
            }
            context.run(&Job {
                metric: None,
                constants: &[("threads", THREADS)],
                params: SilhouetteFinishParams {
                    rows: rows as u32,
                    k: k as u32,
                    row_offset: (a.first + first) as u32,
                },
                buffers: &[(2, &sums), (3, &labels), (4, &counts), (5, &silhouettes)],
                groups: rows.div_ceil(THREADS as usize),
                work: THREADS as usize * k,
                rounds: k + 2,
            })?;
        }
    }
    context.read("silhouettes", &silhouettes, x.rows)
}
