//! The road from a log to judged clusters.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use throng_cluster::select::{self, Candidate, SearchParams, Selection, auto_range};
use throng_cluster::{KMeans, Metric};
use throng_compute::{Compute, Matrix};
use throng_events::{CleanOptions, Dropped, EventLog, Read, ReadOptions, Source, read};
use throng_metrics::silhouette_samples;
use throng_report::Report;

use crate::behaviour::go_on;
use crate::{Behaviour, BehaviourParams, Bundle, Error, Observer, summary, tables};

/// How many clusters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Clusters {
    /// As many as the data speak for, among as many as are usual for so many users.
    #[default]
    Auto,
    /// As many as the data speak for, in this range.
    Among(RangeInclusive<usize>),
    /// So many.
    Exactly(usize),
}

/// Where a user's vector comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EncoderChoice {
    /// A behaviour model pretrained on this very log.
    #[default]
    Behaviour,
    /// A behaviour model from `throng pretrain`.
    Folder(PathBuf),
}

/// How to segment.
#[derive(Clone, Debug, Default)]
pub struct SegmentParams {
    /// How to read.
    pub read: ReadOptions,
    /// How to clean.
    pub clean: CleanOptions,
    /// The encoder.
    pub encoder: EncoderChoice,
    /// Sizes of a new behaviour model.
    pub behaviour: BehaviourParams,
    /// How many clusters.
    pub clusters: Clusters,
    /// The distance between users.
    pub metric: Metric,
    /// Seeds everything.
    pub seed: u64,
}

/// A segmented log.
#[derive(Debug)]
pub struct Segmentation {
    /// The cleaned log; row `u` of everything is its user `u`.
    pub log: EventLog,
    /// Rows that cleaning took out.
    pub dropped: Dropped,
    /// The model.
    pub behaviour: Behaviour,
    /// `[users, d]`: a vector a user.
    pub embeddings: Vec<f32>,
    /// The clusters, the largest first.
    pub clusters: KMeans,
    /// Distance of each user to its centroid, in the metric.
    pub distances: Vec<f32>,
    /// Silhouette of each user.
    pub silhouette: Vec<f32>,
    /// The report.
    pub report: Report,
}

/// Reads, cleans, encodes, clusters and judges.
///
/// # Errors
/// If the log cannot be read, too few users are left, parameters do not fit, the device fails, or the observer stops
/// the work.
pub fn segment(
    sources: &[Source],
    params: &SegmentParams,
    compute: &Compute,
    observer: &mut dyn Observer,
) -> Result<Segmentation, Error> {
    let read = read(sources, &params.read, &params.clean, &mut |p| {
        observer.progress("read", p.bytes, p.total)
    })?;
    segment_log(read, params, compute, observer)
}

/// [`segment`] for a log that is read already.
///
/// # Errors
/// As [`segment`].
pub fn segment_log(
    read: Read,
    params: &SegmentParams,
    compute: &Compute,
    observer: &mut dyn Observer,
) -> Result<Segmentation, Error> {
    for source in &read.sources {
        observer.say(&source.to_string());
    }
    observer.say(&read.columns.to_string());
    for note in &read.notes {
        observer.say(note);
    }
    let users = read.log.users.len();
    observer.say(&summary::cleaning_line(&read));
    let needed = match &params.clusters {
        Clusters::Auto => 3,
        Clusters::Among(range) => range.end() + 1,
        Clusters::Exactly(k) => k + 1,
    };
    if users < needed {
        return Err(Error::TooFewUsers { users, needed });
    }

    let behaviour = match &params.encoder {
        EncoderChoice::Behaviour => {
            Behaviour::pretrain(&read.log, &params.behaviour, params.seed, compute, observer)?
        }
        EncoderChoice::Folder(folder) => Behaviour::open(folder, compute)?,
    };
    let x = behaviour.embed(&read.log, observer)?.to_device(compute)?;
    let found = cluster(&x, params, compute, observer)?;
    observer.say(&format!(
        "{} groups; mean silhouette {:.3}",
        found.model.k(),
        summary::mean(&found.silhouette)
    ));
    go_on(observer.progress("report", 0, None))?;
    let (embeddings, d) = (x.to_vec()?, x.cols());
    let report = summary::assemble(&read, &behaviour, params, compute, &embeddings, d, &found);
    Ok(Segmentation {
        log: read.log,
        dropped: read.dropped,
        behaviour,
        embeddings,
        clusters: found.model,
        distances: found.distances,
        silhouette: found.silhouette,
        report,
    })
}

/// Clusters and how they came to be.
pub(crate) struct Found {
    pub model: KMeans,
    pub candidates: Vec<Candidate>,
    pub reasons: Vec<String>,
    pub searched: bool,
    pub silhouette: Vec<f32>,
    pub distances: Vec<f32>,
}

fn cluster(
    x: &Matrix,
    params: &SegmentParams,
    compute: &Compute,
    observer: &mut dyn Observer,
) -> Result<Found, Error> {
    let n = x.rows();
    let (range, searched) = match &params.clusters {
        Clusters::Auto => (
            auto_range(n).ok_or(Error::TooFewUsers {
                users: n,
                needed: 3,
            })?,
            true,
        ),
        Clusters::Among(range) => (range.clone(), true),
        Clusters::Exactly(k) => (*k..=*k, false),
    };
    let mut search = SearchParams::new(range);
    search.params = search.params.metric(params.metric);
    search.seed = params.seed;
    let Selection {
        candidates,
        reasons,
        model,
        ..
    } = select::search(compute, x, &search, &mut |p| {
        observer.progress("cluster", p.done as u64, Some(p.total as u64))
    })?;
    let model = model.canonical();
    let reasons = if searched {
        reasons
    } else {
        vec![format!("{} groups were asked for.", model.k())]
    };
    let silhouette = silhouette_samples(x, model.labels(), params.metric.silhouette())?;
    let distances = model.distances(x, model.labels())?;
    Ok(Found {
        model,
        candidates,
        reasons,
        searched,
        silhouette,
        distances,
    })
}

impl Segmentation {
    /// Writes `report.html`, `clusters.csv`, `clusters.json`, `embeddings.npy`, `dropped.csv` and `bundle/` into
    /// `folder`, which exists and is empty.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), Error> {
        tables::write_all(self, folder)?;
        let bundle = folder.join("bundle");
        std::fs::create_dir(&bundle).map_err(|e| Error::folder(&bundle, e))?;
        Bundle::save(self, &bundle)
    }
}
