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
use throng_metrics::{Frame, Framed, silhouette_samples};

pub use candidate::Candidate;
pub use choose::{AGREEMENT_NEEDED, RECOVERY_NEEDED, VALLEY_ALLOWED};
pub use params::{Progress, SearchParams, auto_range};

use crate::error::ClusterError;
use crate::fits::{Fit, FitProgress, fit_all};
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
/// `observer` is called every few iterations; `Break` stops the search.
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

    let count = params.range.clone().count();
    let total = count * (1 + params.bootstraps);
    let mut found = Vec::new();
    let models = fit_models(&frame, &framed, params, &mut |k, done| {
        observer(Progress { k, done, total })
    })?;
    for (index, model) in models.into_iter().enumerate() {
        let k = model.k();
        if model.counts().contains(&0) {
            break; // Fewer distinct rows than clusters: so it is for every larger k.
        }
        let before = count + index * params.bootstraps;
        let refits = panel.refit(&model, &frame, params, &mut |done| {
            observer(Progress {
                k,
                done: before + done,
                total,
            })
        })?;
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

/// Rows of the labels that one batch of fits brings back, about: 128 MiB.
const BATCH_ROWS: usize = 1 << 25;

/// The model of every k of the range, in batches of as many as fit. `progress` gets a k at work and the fits done.
fn fit_models(
    frame: &Frame,
    x: &Framed,
    params: &SearchParams,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Vec<KMeans>, ClusterError> {
    let ks: Vec<usize> = params.range.clone().collect();
    let together = BATCH_ROWS / (x.matrix.rows() * params.params.n_init).max(1);
    let mut models = Vec::new();
    for ks in ks.chunks(together.max(1)) {
        let fits: Vec<Fit> = ks
            .iter()
            .map(|&k| Fit {
                params: params.params.clone().k(k).seed(params.seed),
                weights: None,
            })
            .collect();
        let mut ended = 0;
        let mut observe = |step: FitProgress| {
            ended += usize::from(step.progress.is_done);
            let done = models.len() + ended / params.params.n_init;
            progress(ks[step.fit], done)
        };
        let found = fit_all(&fits, frame, x, &mut observe)?;
        for (fit, found) in fits.iter().zip(found) {
            models.push(KMeans::from_fit(&fit.params, frame, x, found)?);
        }
    }
    Ok(models)
}
