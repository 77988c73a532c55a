//! Which kernels there are, and with which metrics.

use crate::{ENTRY, halved, source};

/// Two uniforms and eight storage buffers.
const MOST_BINDINGS: u32 = 10;

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
    /// The sum of |a - b| over the features
    Manhattan,
    /// The largest |a - b| of the features
    Chebyshev,
    /// The share of bits that differ
    Hamming,
    /// Bits that differ as a share of those set in either row
    Jaccard,
}

impl Metric {
    /// The name of its file.
    pub fn name(self) -> &'static str {
        match self {
            Metric::SqEuclidean => "sqeuclidean",
            Metric::Euclidean => "euclidean",
            Metric::Cosine => "cosine",
            Metric::Dot => "dot",
            Metric::Manhattan => "manhattan",
            Metric::Chebyshev => "chebyshev",
            Metric::Hamming => "hamming",
            Metric::Jaccard => "jaccard",
        }
    }
}

/// One kernel: a WGSL file with one entry point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// The first value that is not finite or too large.
    RowsFinite,
    /// 1 / |x| of each row.
    RowsScale,
    /// Rows put into their places.
    RowsScatter,
    /// Distances of all pairs.
    PairwiseDistances,
    /// k-means in batches: each row's nearest centroid, of a batch of problems.
    KmeansBatchAssign,
    /// k-means in batches: halves of the centroids' squared lengths.
    KmeansBatchNorms,
    /// k-means in batches: each row's nearest centroid, by products, where they tell it.
    KmeansBatchProducts,
    /// k-means in batches: the nearest centroids of rows where products do not tell.
    KmeansBatchSettle,
    /// k-means in batches: each row's distance from its centroid.
    KmeansBatchDistances,
    /// k-means in batches: each row's nearest centroid, by its distances from all.
    KmeansBatchNearest,
    /// k-means in batches: sums by cluster in blocks of rows.
    KmeansBatchPartials,
    /// k-means in batches: rows by label in blocks of rows.
    KmeansBatchCount,
    /// k-means in batches: where each block's rows begin among those of their cluster.
    KmeansBatchScan,
    /// k-means in batches: where each cluster's rows begin in the order by label.
    KmeansBatchStarts,
    /// k-means in batches: puts the rows in order of their labels.
    KmeansBatchPlace,
    /// k-means in batches: sums of the rows of runs of one label.
    KmeansBatchSums,
    /// k-means in batches: gives empty clusters the farthest rows.
    KmeansBatchRepair,
    /// k-means in batches: copies the rows that were given.
    KmeansBatchGather,
    /// k-means in batches: the means, and how far they moved.
    KmeansBatchCentroids,
    /// k-means in batches: whether a problem is done.
    KmeansBatchStatus,
    /// k-means in batches: sums of squared distances, by block of rows.
    KmeansBatchInertia,
    /// k-means++: draws candidates.
    KmeansPlusPlusPick,
    /// k-means++: copies the candidates' rows.
    KmeansPlusPlusGather,
    /// k-means++: each row's distances with each candidate.
    KmeansPlusPlusDistances,
    /// k-means++: each candidate's potential.
    KmeansPlusPlusPotentials,
    /// k-means++: the best candidate.
    KmeansPlusPlusChoose,
    /// k-means++: takes over the best candidate's distances.
    KmeansPlusPlusAccept,
    /// k-means||: what new candidates change.
    KmeansParallelAccept,
    /// k-means||: draws candidates.
    KmeansParallelDraw,
    /// k-means||: the candidates' weights.
    KmeansParallelWeigh,
    /// Sums of distances from each row to each cluster.
    SilhouetteSums,
    /// The silhouette of each row.
    SilhouetteFinish,
    /// Distances to the own centroid and the nearest other one.
    SilhouetteSimplified,
    /// Distances of some queries from some items.
    NeighborsDistances,
    /// Items that a query must not get.
    NeighborsExclude,
    /// The k lowest of each row.
    NeighborsSelect,
    /// The k lowest of each row in order.
    NeighborsSort,
    /// How many of each row are within a radius.
    RadiusCounts,
    /// Which of each row are within a radius.
    RadiusFill,
    /// Multiply-adds in registers, to be timed.
    CeilingFma,
    /// A copy, to be timed.
    CeilingCopy,
}

impl Step {
    /// Every kernel.
    pub const ALL: [Step; 41] = [
        Step::RowsFinite,
        Step::RowsScale,
        Step::RowsScatter,
        Step::PairwiseDistances,
        Step::KmeansBatchAssign,
        Step::KmeansBatchNorms,
        Step::KmeansBatchProducts,
        Step::KmeansBatchSettle,
        Step::KmeansBatchDistances,
        Step::KmeansBatchNearest,
        Step::KmeansBatchPartials,
        Step::KmeansBatchCount,
        Step::KmeansBatchScan,
        Step::KmeansBatchStarts,
        Step::KmeansBatchPlace,
        Step::KmeansBatchSums,
        Step::KmeansBatchRepair,
        Step::KmeansBatchGather,
        Step::KmeansBatchCentroids,
        Step::KmeansBatchStatus,
        Step::KmeansBatchInertia,
        Step::KmeansPlusPlusPick,
        Step::KmeansPlusPlusGather,
        Step::KmeansPlusPlusDistances,
        Step::KmeansPlusPlusPotentials,
        Step::KmeansPlusPlusChoose,
        Step::KmeansPlusPlusAccept,
        Step::KmeansParallelAccept,
        Step::KmeansParallelDraw,
        Step::KmeansParallelWeigh,
        Step::SilhouetteSums,
        Step::SilhouetteFinish,
        Step::SilhouetteSimplified,
        Step::NeighborsDistances,
        Step::NeighborsExclude,
        Step::NeighborsSelect,
        Step::NeighborsSort,
        Step::RadiusCounts,
        Step::RadiusFill,
        Step::CeilingFma,
        Step::CeilingCopy,
    ];

    /// The name of its file under `wgsl/`, without the extension.
    pub fn file(self) -> &'static str {
        match self {
            Step::RowsFinite => "rows/finite",
            Step::RowsScale => "rows/scale",
            Step::RowsScatter => "rows/scatter",
            Step::PairwiseDistances => "pairwise/distances",
            Step::KmeansBatchAssign => "kmeans/batch_assign",
            Step::KmeansBatchNorms => "kmeans/batch_norms",
            Step::KmeansBatchProducts => "kmeans/batch_products",
            Step::KmeansBatchSettle => "kmeans/batch_settle",
            Step::KmeansBatchDistances => "kmeans/batch_distances",
            Step::KmeansBatchNearest => "kmeans/batch_nearest",
            Step::KmeansBatchPartials => "kmeans/batch_partials",
            Step::KmeansBatchCount => "kmeans/batch_count",
            Step::KmeansBatchScan => "kmeans/batch_scan",
            Step::KmeansBatchStarts => "kmeans/batch_starts",
            Step::KmeansBatchPlace => "kmeans/batch_place",
            Step::KmeansBatchSums => "kmeans/batch_sums",
            Step::KmeansBatchRepair => "kmeans/batch_repair",
            Step::KmeansBatchGather => "kmeans/batch_gather",
            Step::KmeansBatchCentroids => "kmeans/batch_centroids",
            Step::KmeansBatchStatus => "kmeans/batch_status",
            Step::KmeansBatchInertia => "kmeans/batch_inertia",
            Step::KmeansPlusPlusPick => "kmeans/plus_plus_pick",
            Step::KmeansPlusPlusGather => "kmeans/plus_plus_gather",
            Step::KmeansPlusPlusDistances => "kmeans/plus_plus_distances",
            Step::KmeansPlusPlusPotentials => "kmeans/plus_plus_potentials",
            Step::KmeansPlusPlusChoose => "kmeans/plus_plus_choose",
            Step::KmeansPlusPlusAccept => "kmeans/plus_plus_accept",
            Step::KmeansParallelAccept => "kmeans/parallel_accept",
            Step::KmeansParallelDraw => "kmeans/parallel_draw",
            Step::KmeansParallelWeigh => "kmeans/parallel_weigh",
            Step::SilhouetteSums => "silhouette/sums",
            Step::SilhouetteFinish => "silhouette/finish",
            Step::SilhouetteSimplified => "silhouette/simplified",
            Step::NeighborsDistances => "neighbors/distances",
            Step::NeighborsExclude => "neighbors/exclude",
            Step::NeighborsSelect => "neighbors/select",
            Step::NeighborsSort => "neighbors/sort",
            Step::RadiusCounts => "radius/counts",
            Step::RadiusFill => "radius/fill",
            Step::CeilingFma => "ceiling/fma",
            Step::CeilingCopy => "ceiling/copy",
        }
    }

    /// Its name: the file's, with an underscore for the slash.
    pub fn name(self) -> String {
        self.file().replace('/', "_")
    }

    /// The metrics it is built with; none where it compares no rows.
    pub fn metrics(self) -> &'static [Metric] {
        match self {
            Step::NeighborsDistances => &[
                Metric::SqEuclidean,
                Metric::Euclidean,
                Metric::Cosine,
                Metric::Dot,
            ],
            Step::PairwiseDistances => &[
                Metric::SqEuclidean,
                Metric::Euclidean,
                Metric::Cosine,
                Metric::Dot,
                Metric::Manhattan,
                Metric::Chebyshev,
                Metric::Hamming,
                Metric::Jaccard,
            ],
            Step::SilhouetteSums | Step::SilhouetteSimplified => {
                &[Metric::SqEuclidean, Metric::Euclidean, Metric::Cosine]
            }
            Step::KmeansBatchAssign | Step::KmeansBatchSettle | Step::KmeansPlusPlusDistances => {
                &[Metric::SqEuclidean]
            }
            _ => &[],
        }
    }
}

/// A composed kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    /// See [`kernel_name`]; `-half` behind it where matrices are of 16-bit floats.
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

/// Every kernel with every metric it is built with, and those that take matrices for matrices of 16-bit floats too.
pub fn all() -> Vec<Kernel> {
    let kernel = |step: Step, metric: Option<Metric>| {
        let name = kernel_name(step, metric);
        let source = source(step, metric);
        let takes_bits = matches!(metric, Some(Metric::Hamming | Metric::Jaccard));
        let half = all_halved(&source).filter(|_| !takes_bits);
        let half = half.map(|source| (format!("{name}-half"), source));
        let kernel = |(name, source)| Kernel {
            name,
            source,
            entry: ENTRY,
        };
        std::iter::once((name, source)).chain(half).map(kernel)
    };
    Step::ALL
        .iter()
        .flat_map(|&step| match step.metrics() {
            [] => kernel(step, None).collect::<Vec<_>>(),
            metrics => metrics
                .iter()
                .flat_map(|&m| kernel(step, Some(m)))
                .collect(),
        })
        .collect()
}

/// With every matrix of 16-bit floats; none where there is no matrix.
fn all_halved(wgsl: &str) -> Option<String> {
    (0..MOST_BINDINGS).fold(None, |half, binding| {
        halved(half.as_deref().unwrap_or(wgsl), binding).or(half)
    })
}
