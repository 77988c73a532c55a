//! The nearest centroid but a row's own.

use throng_shaders::{Metric, SilhouetteSimplifiedParams};

use super::binding::Bind;
use super::context::{Context, Job};
use super::rows::Rows;
use super::rows_scale::scales;
use crate::error::ComputeError;
use crate::plan::Tile;
use crate::silhouette_simplified::NearestOther;

/// Distances to the own centroid, and the nearest other one.
pub fn nearest_other(
    context: &Context,
    x: &Rows,
    centroids: &Rows,
    labels: &[u32],
    metric: Metric,
) -> Result<NearestOther, ComputeError> {
    let x_scales = scales(context, x, metric)?;
    let centroid_scales = scales(context, centroids, metric)?;
    let labels = context.storage_of("labels", labels)?;
    let own = context.storage("distances", x.rows)?;
    let distance = context.storage_of("distances", &vec![f32::MAX; x.rows])?;
    let cluster = context.storage("clusters", x.rows)?;
    for (x_ix, part) in x.parts.iter().enumerate() {
        for (centroid_ix, centroid_part) in centroids.parts.iter().enumerate() {
            let k = centroid_part.rows;
            let tile = Tile::for_columns(k);
            let mut buffers: Vec<(u32, &dyn Bind)> = vec![
                (2, &part.buffer),
                (3, &centroid_part.buffer),
                (4, &labels),
                (5, &own),
                (6, &distance),
                (7, &cluster),
            ];
            if metric == Metric::Cosine {
                buffers.push((8, &x_scales[x_ix]));
                buffers.push((9, &centroid_scales[centroid_ix]));
            }
            context.run(&Job {
                metric: Some(metric),
                constants: &tile.constants(),
                params: SilhouetteSimplifiedParams {
                    rows: part.rows as u32,
                    features: x.cols as u32,
                    k: k as u32,
                    row_offset: part.first as u32,
                    centroid_offset: centroid_part.first as u32,
                },
                buffers: &buffers,
                groups: part.rows.div_ceil(tile.rows()),
                work: tile.rows() * k * x.cols,
                rounds: tile.rounds(k, x.cols),
            })?;
        }
    }
    Ok(NearestOther {
        own: context.read("distances", &own, x.rows)?,
        cluster: context.read("clusters", &cluster, x.rows)?,
        distance: context.read("distances", &distance, x.rows)?,
    })
}
