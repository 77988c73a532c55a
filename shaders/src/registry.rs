//! Which kernels there are, and with which metrics.

use crate::{ENTRY, source};

/// How two rows are compared; each has a file in `wgsl/metric/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// |a - b|^2
    SqEuclidean,
    /// |a - b|
    Euclidean,
    /// 1 - a.b / (|a| |b|)
    Cosine,
    /// a.b
    Dot,
}

impl Metric {
    /// The name of its file.
    pub fn name(self) -> &'static str {
        match self {
            Metric::SqEuclidean => "sqeuclidean",
            Metric::Euclidean => "euclidean",
            Metric::Cosine => "cosine",
            Metric::Dot => "dot",
        }
    }
}

/// One kernel: a WGSL file with one entry point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// 1 / |x| of each row.
    RowsScale,
    /// Distances of all pairs.
    PairwiseDistances,
    /// Each row's nearest centroid.
    KmeansAssign,
    /// Sums and counts by label, over blocks of rows.
    KmeansUpdate,
    /// The blocks of [`Step::KmeansUpdate`] added up.
    KmeansUpdateReduce,
    /// k-means++: draws candidates.
    KmeansPlusPlusPick,
    /// k-means++: copies the candidates' rows.
    KmeansPlusPlusGather,
    /// k-means++: each candidate's potential.
    KmeansPlusPlusPotentials,
    /// k-means++: the best candidate.
    KmeansPlusPlusChoose,
    /// k-means++: takes over the best candidate's distances.
    KmeansPlusPlusAccept,
    /// Sums of distances from each row to each cluster.
    SilhouetteSums,
    /// The silhouette of each row.
    SilhouetteFinish,
}

impl Step {
    /// Every kernel.
    pub const ALL: [Step; 12] = [
        Step::RowsScale,
        Step::PairwiseDistances,
        Step::KmeansAssign,
        Step::KmeansUpdate,
        Step::KmeansUpdateReduce,
        Step::KmeansPlusPlusPick,
        Step::KmeansPlusPlusGather,
        Step::KmeansPlusPlusPotentials,
        Step::KmeansPlusPlusChoose,
        Step::KmeansPlusPlusAccept,
        Step::SilhouetteSums,
        Step::SilhouetteFinish,
    ];

    /// The name of its file under `wgsl/`, without the extension.
    pub fn file(self) -> &'static str {
        match self {
            Step::RowsScale => "rows/scale",
            Step::PairwiseDistances => "pairwise/distances",
            Step::KmeansAssign => "kmeans/assign",
            Step::KmeansUpdate => "kmeans/update",
            Step::KmeansUpdateReduce => "kmeans/update_reduce",
            Step::KmeansPlusPlusPick => "kmeans/plus_plus_pick",
            Step::KmeansPlusPlusGather => "kmeans/plus_plus_gather",
            Step::KmeansPlusPlusPotentials => "kmeans/plus_plus_potentials",
            Step::KmeansPlusPlusChoose => "kmeans/plus_plus_choose",
            Step::KmeansPlusPlusAccept => "kmeans/plus_plus_accept",
            Step::SilhouetteSums => "silhouette/sums",
            Step::SilhouetteFinish => "silhouette/finish",
        }
    }

    /// Its name: the file's, with an underscore for the slash.
    pub fn name(self) -> String {
        self.file().replace('/', "_")
    }

    /// The metrics it is built with; none where it compares no rows.
    pub fn metrics(self) -> &'static [Metric] {
        match self {
            Step::PairwiseDistances => &[
                Metric::SqEuclidean,
                Metric::Euclidean,
                Metric::Cosine,
                Metric::Dot,
            ],
            Step::SilhouetteSums => &[Metric::SqEuclidean, Metric::Euclidean, Metric::Cosine],
            Step::KmeansAssign | Step::KmeansPlusPlusPotentials => &[Metric::SqEuclidean],
            _ => &[],
        }
    }
}

/// A composed kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    /// See [`kernel_name`].
    pub name: String,
    /// The whole WGSL.
    pub source: String,
    /// The entry point.
    pub entry: &'static str,
}

/// The step's name, with a dash and the metric's where it has one.
pub fn kernel_name(step: Step, metric: Option<Metric>) -> String {
    match metric {
        Some(metric) => format!("{}-{}", step.name(), metric.name()),
        None => step.name(),
    }
}

/// Every kernel with every metric it is built with.
pub fn all() -> Vec<Kernel> {
    let kernel = |step: Step, metric: Option<Metric>| Kernel {
        name: kernel_name(step, metric),
        source: source(step, metric),
        entry: ENTRY,
    };
    Step::ALL
        .iter()
        .flat_map(|&step| match step.metrics() {
            [] => vec![kernel(step, None)],
            metrics => metrics.iter().map(|&m| kernel(step, Some(m))).collect(),
        })
        .collect()
}
