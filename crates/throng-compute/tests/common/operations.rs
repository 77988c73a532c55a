//! Every operation with its plan, for the tests of memory, of progress and of cancelling.

use std::ops::ControlFlow;

use throng_compute::{
    Compute, ComputeError, KMeansProblem, KMeansSeeding, KMeansShape, Lloyd, Matrix, MemoryPlan,
    NeighborMetric, Neighbors, PairwiseMetric, SilhouetteMetric, k_nearest_graph, kmeans_batch,
    kmeans_plus_plus_batch, nearest_other_cluster, pairwise, pairwise_batch, radius_counts,
    radius_neighbors, silhouette, top_k,
};

use super::blobs;

/// Sizes: `n` rows against `m`, of `d` features, in `k` clusters or with `k` neighbours.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub n: usize,
    pub m: usize,
    pub d: usize,
    pub k: usize,
}

/// The rows on a device.
pub struct Input {
    pub x: Matrix,
    pub y: Matrix,
    centroids: Matrix,
    shape: Shape,
}

impl Input {
    pub fn new(compute: &Compute, shape: Shape) -> Self {
        let Shape { n, m, d, k } = shape;
        Self {
            x: compute.matrix(&blobs(n, d, 5, 91), n, d).unwrap(),
            y: compute.matrix(&blobs(m, d, 5, 92), m, d).unwrap(),
            centroids: compute.matrix(&blobs(k, d, 5, 94), k, d).unwrap(),
            shape,
        }
    }

    /// The same for another handle of the device.
    pub fn on(&self, compute: &Compute) -> Self {
        Self {
            x: self.x.on(compute).unwrap(),
            y: self.y.on(compute).unwrap(),
            centroids: self.centroids.on(compute).unwrap(),
            shape: self.shape,
        }
    }

    fn labels(&self) -> Vec<u32> {
        (0..self.shape.n as u32)
            .map(|i| i % self.shape.k as u32)
            .collect()
    }
}

/// The bits of what an operation makes.
pub type Bits = Vec<u32>;

/// What an operation has made, still where it is.
pub type Made = Box<dyn FnOnce() -> Bits>;

fn made(bits: Bits) -> Made {
    Box::new(|| bits)
}

pub struct Operation {
    /// What is said of it.
    pub what: &'static str,
    pub run: Box<dyn Fn(&Input) -> Result<Made, ComputeError>>,
    pub plan: Box<dyn Fn(&Compute, Shape) -> Result<MemoryPlan, ComputeError>>,
    /// Whether it is cut into smaller parts where memory is short, on a GPU and on the CPU.
    pub is_cut: [bool; 2],
    /// Whether shapes do not tell all that it takes on the CPU.
    pub is_found_out: bool,
}

fn bits(values: &[f32]) -> Bits {
    values.iter().map(|value| value.to_bits()).collect()
}

fn neighbors(found: Neighbors) -> Bits {
    let mut all = bits(&found.scores);
    all.extend(found.indices);
    all
}

/// Five restarts, one of them for some of the rows only, and one with weights.
fn problems(input: &Input) -> Vec<KMeansProblem> {
    let Shape { n, d, k, .. } = input.shape;
    let problem = |at: usize| {
        let rows = if at == 4 { n / 4..n / 2 } else { 0..n };
        let mut problem = KMeansProblem::new(rows, k, blobs(k, d, 5, 93 + at as u64));
        problem.max_iter = 3;
        problem.weights = (at == 3).then(|| (0..n).map(|i| (i % 3) as f32).collect());
        problem
    };
    (0..5).map(problem).collect()
}

fn seedings(shape: Shape) -> Vec<KMeansSeeding> {
    let seeding = |seed: u64| KMeansSeeding {
        rows: 0..shape.n,
        k: shape.k,
        seed,
        weights: (seed == 3).then(|| (0..shape.n).map(|i| (i % 3) as f32).collect()),
    };
    (0..5).map(seeding).collect()
}

const COSINE: PairwiseMetric = PairwiseMetric::Cosine;
const NEAR: NeighborMetric = NeighborMetric::Euclidean;
/// A ninth or so of all pairs are within it.
const RADIUS: f32 = 12.0;

pub fn operations() -> Vec<Operation> {
    let never = [false, false];
    let gpu = [true, false];
    let both = [true, true];
    vec![
        Operation {
            what: "pairwise distances",
            run: Box::new(|input| {
                let found = pairwise(&input.x, &input.y, COSINE)?;
                Ok(Box::new(move || bits(&found.to_vec().unwrap())))
            }),
            plan: Box::new(|compute, s| compute.plan_pairwise(s.n, s.m, s.d, COSINE)),
            is_cut: never,
            is_found_out: false,
        },
        Operation {
            what: "pairwise distances",
            run: Box::new(|input| {
                let Shape { n, m, .. } = input.shape;
                let (rows, others) = ([0..n / 2, n / 4..n], [m / 3..m, 0..m / 2]);
                let found = pairwise_batch(&input.x, &rows, &input.y, &others, COSINE)?;
                Ok(Box::new(move || bits(&found.to_vec().unwrap())))
            }),
            plan: Box::new(|compute, s| {
                let shapes = [(s.n / 2, s.m - s.m / 3), (s.n - s.n / 4, s.m / 2)];
                compute.plan_pairwise_batch(s.n, s.m, &shapes, s.d, COSINE)
            }),
            is_cut: never,
            is_found_out: false,
        },
        Operation {
            what: "silhouette",
            run: Box::new(|input| {
                let metric = SilhouetteMetric::Cosine;
                let found = silhouette(&input.x, &input.labels(), input.shape.k, metric)?;
                Ok(made(bits(&found)))
            }),
            plan: Box::new(|compute, s| {
                compute.plan_silhouette(s.n, s.d, s.k, SilhouetteMetric::Cosine)
            }),
            is_cut: gpu,
            is_found_out: false,
        },
        Operation {
            what: "simplified silhouette",
            run: Box::new(|input| {
                let metric = SilhouetteMetric::Euclidean;
                let labels = input.labels();
                let found = nearest_other_cluster(&input.x, &input.centroids, &labels, metric)?;
                let mut all = bits(&found.own);
                all.extend(bits(&found.distance));
                all.extend(found.cluster);
                Ok(made(all))
            }),
            plan: Box::new(|compute, s| {
                let metric = SilhouetteMetric::Euclidean;
                compute.plan_nearest_other_cluster(s.n, s.d, s.k, metric)
            }),
            is_cut: gpu,
            is_found_out: false,
        },
        Operation {
            what: "nearest neighbours",
            run: Box::new(|input| {
                let pairs: Vec<(u32, u32)> = (0..50).map(|i| (3 * i, i)).collect();
                top_k(&input.x, &input.y, input.shape.k, NEAR, &pairs)
                    .map(|found| made(neighbors(found)))
            }),
            plan: Box::new(|compute, s| compute.plan_top_k((s.n, s.m, s.d), s.k, NEAR, 50)),
            is_cut: both,
            is_found_out: false,
        },
        Operation {
            what: "nearest neighbours",
            run: Box::new(|input| {
                let metric = NeighborMetric::Cosine;
                k_nearest_graph(&input.x, input.shape.k, metric).map(|found| made(neighbors(found)))
            }),
            plan: Box::new(|compute, s| {
                compute.plan_k_nearest_graph(s.n, s.d, s.k, NeighborMetric::Cosine)
            }),
            is_cut: both,
            is_found_out: false,
        },
        Operation {
            what: "neighbours within a radius",
            run: Box::new(|input| radius_counts(&input.x, &input.y, RADIUS, NEAR).map(made)),
            plan: Box::new(|compute, s| compute.plan_radius_counts((s.n, s.m, s.d), NEAR)),
            is_cut: gpu,
            is_found_out: false,
        },
        Operation {
            what: "neighbours within a radius",
            run: Box::new(|input| {
                let found = radius_neighbors(&input.x, &input.y, RADIUS, NEAR)?;
                let mut all = bits(&found.distances);
                all.extend(found.indices);
                all.extend(found.offsets.iter().map(|&offset| offset as u32));
                Ok(made(all))
            }),
            plan: Box::new(|compute, s| {
                let cpu = Compute::cpu();
                let input = Input::new(&cpu, s);
                let counts = radius_counts(&input.x, &input.y, RADIUS, NEAR)?;
                let found = counts.iter().map(|&count| count as usize).sum();
                compute.plan_radius_neighbors((s.n, s.m, s.d), NEAR, found)
            }),
            is_cut: gpu,
            is_found_out: true,
        },
        Operation {
            what: "k-means",
            run: Box::new(|input| {
                let problems = problems(input);
                let mut go_on = |_| ControlFlow::Continue(());
                let fits = kmeans_batch(&input.x, &problems, &mut go_on)?.unwrap();
                let mut all = Vec::new();
                for fit in fits {
                    all.extend(bits(&fit.centroids));
                    all.extend(fit.labels);
                }
                Ok(made(all))
            }),
            plan: Box::new(|compute, s| {
                let shape = |at| KMeansShape {
                    rows: if at == 4 { s.n / 2 - s.n / 4 } else { s.n },
                    k: s.k,
                    has_weights: at == 3,
                };
                let shapes: Vec<_> = (0..5).map(shape).collect();
                compute.plan_kmeans_batch(&shapes, s.d)
            }),
            is_cut: both,
            is_found_out: false,
        },
        Operation {
            what: "k-means++",
            run: Box::new(|input| {
                let seedings = seedings(input.shape);
                Ok(made(kmeans_plus_plus_batch(&input.x, &seedings)?.concat()))
            }),
            plan: Box::new(|compute, s| {
                let shapes: Vec<_> = seedings(s).iter().map(KMeansSeeding::shape).collect();
                compute.plan_kmeans_plus_plus(&shapes, s.d)
            }),
            is_cut: both,
            is_found_out: false,
        },
        Operation {
            what: "Lloyd's iteration",
            run: Box::new(|input| {
                let Shape { d, k, .. } = input.shape;
                let mut lloyd = Lloyd::new(&input.x, k)?;
                let (_, sums) = lloyd.step(&blobs(k, d, 5, 95))?;
                let mut all = lloyd.labels()?;
                all.extend(bits(&lloyd.distances()?));
                all.extend(sums.counts);
                Ok(made(all))
            }),
            plan: Box::new(|compute, s| compute.plan_lloyd(s.n, s.d, s.k)),
            is_cut: never,
            is_found_out: false,
        },
    ]
}
