//! The choice of k.
//!
//! Each k is fitted to all rows, then refitted to bootstrap samples. A number of groups is accepted when two things
//! hold of every group:
//!
//! - it is **found again**: over the refits, the best match of the group overlaps it by a mean Jaccard index of at least
//!   [`RECOVERY_NEEDED`] (Hennig, *Cluster-wise assessment of cluster stability*, 2007: a stable cluster has 0.75 or
//!   more, and one of 0.5 or less is dissolved; halves of an evenly filled square come to about 0.6);
//! - it is **apart**: on the line through the centroids of any two groups, the density of rows that the refit had not
//!   seen dips between them to at most [`VALLEY_ALLOWED`] of the lower of the two peaks. Halves of one cloud show no
//!   dip, however often they are found again; rows not seen are used because a fit always separates its own.
//!
//! The largest accepted k is taken. The silhouette alone prefers a few coarse groups, and stability alone also likes
//! coarse groups and stable halves of long clouds; both are reported. If no k is accepted, the rows are a continuum
//! and the [reasons](Selection::reasons) say so; the finest division that refits still agree on is then taken.

mod candidate;
mod choose;
mod overlap;
mod params;
mod reasons;
mod refit;
mod sample;
mod valley;

use std::ops::ControlFlow;

use serde::Serialize;
use throng_compute::{Compute, Matrix};
use throng_metrics::silhouette_samples;

pub use candidate::Candidate;
pub use choose::{AGREEMENT_NEEDED, RECOVERY_NEEDED, VALLEY_ALLOWED};
pub use params::{Progress, SearchParams, auto_range};

use crate::error::ClusterError;
use crate::kmeans::KMeans;

/// A searched range of k and what was chosen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Selection {
    /// The figures of each k, ascending. A k with fewer distinct rows than clusters is left out.
    pub candidates: Vec<Candidate>,
    /// The chosen k.
    pub chosen: usize,
    /// True if the chosen k passed both tests; false if the rows show no clear groups.
    pub grouped: bool,
    /// Why, in plain sentences with the figures.
    pub reasons: Vec<String>,
    /// The model of the chosen k, fitted to all rows.
    pub model: KMeans,
    /// The silhouette of each of `silhouette_rows` under the chosen model.
    pub silhouette: Vec<f32>,
    /// The rows that silhouettes were taken of, ascending: all rows up to [`SearchParams::silhouette_rows`], else a
    /// seeded sample of that many, compared with one another.
    pub silhouette_rows: Vec<u32>,
}

/// Fits `x` [n, d] for every k of a range and chooses one.
///
/// `observer` is called before every fit and after every iteration; `Break` stops the search.
///
/// # Errors
/// [`ClusterError::Range`] unless 2 <= first <= last <= n - 1; [`ClusterError::Distinct`] if no k of the range has as
/// many distinct rows; [`ClusterError::Cancelled`]; else as [`KMeansParams::fit`](crate::KMeansParams::fit).
pub fn search(
    compute: &Compute,
    x: &Matrix,
    params: &SearchParams,
    observer: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Selection, ClusterError> {
    params.check(x.rows())?;
    let rows = x.to_vec()?;
    // All measures here are the same in any frame, and most exact in this one.
    let frame = params.params.metric.frame(&rows, x.cols());
    let framed = frame.upload(compute, rows)?;
    let panel = refit::Panel::new(compute, &framed, params)?;

    let each = 1 + params.bootstraps;
    let total = each * params.range.clone().count();
    let mut found = Vec::new();
    for (index, k) in params.range.clone().enumerate() {
        let mut progress = |done: usize| {
            observer(Progress {
                k,
                done: index * each + done,
                total,
            })
        };
        let kmeans = params.params.clone().k(k).seed(params.seed);
        let model = KMeans::fit_framed(&kmeans, &frame, &framed, &mut |_| progress(0))?;
        if model.counts().contains(&0) {
            break; // Fewer distinct rows than clusters: so it is for every larger k.
        }
        let refits = panel.refit(compute, &model, &frame, params, &mut progress)?;
        found.push(candidate::measure(&framed, model, refits, params)?);
    }
    let candidates: Vec<Candidate> = found.iter().map(|(figures, _)| figures.clone()).collect();
    let choice = choose::choose(&candidates).ok_or(ClusterError::Distinct {
        k: *params.range.start(),
    })?;
    let reasons = reasons::reasons(&candidates, choice, params, x.rows(), panel.rows());
    let (_, model) = found.swap_remove(choice.index);

    let silhouette_rows = sample::silhouette_rows(model.labels(), model.k(), params);
    let (matrix, labels) = sample::take(&framed, model.labels(), &silhouette_rows)?;
    let silhouette = silhouette_samples(&matrix, &labels, params.params.metric.silhouette())?;
    Ok(Selection {
        candidates,
        chosen: model.k(),
        grouped: choice.grouped,
        reasons,
        model,
        silhouette,
        silhouette_rows,
    })
}
