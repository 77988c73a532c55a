//! Every operation with its plan, for the tests of memory, of progress and of cancelling.

use std::ops::ControlFlow;

use throng_compute::{
    BitMatrix, BitMetric, Compute, ComputeError, KMeansProblem, KMeansSeeding, Lloyd, Matrix,
    MemoryPlan, NeighborMetric, Neighbors, PairwiseMetric, SilhouetteMetric, k_nearest_graph,
    kmeans_batch, kmeans_parallel_batch, kmeans_plus_plus_batch, nearest_other_cluster, pairwise,
    pairwise_batch, pairwise_bits, pairwise_bits_batch, radius_counts, radius_neighbors,
    silhouette, top_k,
};

use super::uniform;

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
    /// Of `d` bits a row.
    bits: [BitMatrix; 2],
    centroids: Matrix,
    labels: Vec<u32>,
    problems: Vec<KMeansProblem>,
    seedings: Vec<KMeansSeeding>,
    shape: Shape,
}

impl Input {
    pub fn new(compute: &Compute, shape: Shape) -> Self {
        let Shape { n, m, d, k } = shape;
        Self {
            x: compute.matrix(&uniform(n * d, 91), n, d).unwrap(),
            y: compute.matrix(&uniform(m * d, 92), m, d).unwrap(),
            bits: [(n, 95), (m, 96)].map(|(rows, seed)| {
                let set: Vec<bool> = uniform(rows * d, seed).iter().map(|&v| v < 0.0).collect();
                compute.bits(&set, rows, d).unwrap()
            }),
            centroids: compute.matrix(&uniform(k * d, 94), k, d).unwrap(),
            labels: (0..n as u32).map(|i| i % k as u32).collect(),
            problems: problems(shape),
            seedings: seedings(shape),
            shape,
        }
    }

    /// The same for another handle of the device.
    pub fn on(mut self, compute: &Compute) -> Self {
        for matrix in [&mut self.x, &mut self.y, &mut self.centroids] {
            *matrix = matrix.on(compute).unwrap();
        }
        self.bits = self.bits.map(|bits| bits.on(compute).unwrap());
        self
    }
}

/// The bits of what an operation makes.
pub type Bits = Vec<u32>;

/// What an operation has made, still where it is.
pub type Made = Box<dyn FnOnce() -> Bits>;

fn made<T: 'static>(found: T, bits: fn(T) -> Bits) -> Result<Made, ComputeError> {
    Ok(Box::new(move || bits(found)))
}

type Run = fn(&Input) -> Result<Made, ComputeError>;
type Plan = fn(&Compute, Shape) -> Result<MemoryPlan, ComputeError>;

pub struct Operation {
    /// What is said of it.
    pub what: &'static str,
    pub run: Run,
    pub plan: Plan,
    /// Whether it is cut into smaller parts where memory is short, on a GPU and on the CPU.
    pub is_cut: [bool; 2],
    /// Whether shapes do not tell all that it takes on the CPU.
    pub is_found_out: bool,
    /// Whether threads share its problems as it comes, so that the CPU's plan is the most it may take.
    pub is_most: bool,
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
fn problems(shape: Shape) -> Vec<KMeansProblem> {
    let Shape { n, d, k, .. } = shape;
    let problem = |at: usize| {
        let rows = if at == 4 { n / 4..n / 2 } else { 0..n };
        let mut problem = KMeansProblem::new(rows, k, uniform(k * d, 93 + at as u64));
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

/// Some pairs of rows are nearer than this; they are at sqrt(2d / 3) on average.
fn radius(d: usize) -> f32 {
    (0.55 * d as f32).sqrt()
}

fn run_kmeans(x: &Matrix, problems: &[KMeansProblem]) -> Result<Made, ComputeError> {
    let mut go_on = |_| ControlFlow::Continue(());
    let fits = kmeans_batch(x, problems, &mut go_on)?.unwrap();
    made(fits, |fits| {
        let mut all = Vec::new();
        for fit in fits {
            all.extend(bits(&fit.centroids));
            all.extend(fit.labels);
        }
        all
    })
}

/// Of no multiply-adds, so that nobody watches it.
pub fn to_half() -> Operation {
    Operation {
        what: "a matrix",
        run: |input| made(input.x.to_half()?, |half| bits(&half.to_vec().unwrap())),
        plan: |compute, s| compute.plan_to_half(s.n, s.d),
        is_cut: [false, false],
        is_found_out: false,
        is_most: false,
    }
}

pub fn operations() -> Vec<Operation> {
    let never = [false, false];
    let gpu = [true, false];
    let both = [true, true];
    let operation = |what, is_cut, run: Run, plan: Plan| Operation {
        what,
        run,
        plan,
        is_cut,
        is_found_out: false,
        is_most: false,
    };
    vec![
        operation(
            "pairwise distances",
            never,
            |input| {
                let found = pairwise(&input.x, &input.y, COSINE)?;
                made(found, |found| bits(&found.to_vec().unwrap()))
            },
            |compute, s| compute.plan_pairwise(s.n, s.m, s.d, COSINE),
        ),
        operation(
            "pairwise distances",
            never,
            |input| {
                let Shape { n, m, .. } = input.shape;
                let (rows, others) = ([0..n / 2, n / 4..n], [m / 3..m, 0..m / 2]);
                let found = pairwise_batch(&input.x, &rows, &input.y, &others, COSINE)?;
                made(found, |found| bits(&found.to_vec().unwrap()))
            },
            |compute, s| {
                let shapes = [(s.n / 2, s.m - s.m / 3), (s.n - s.n / 4, s.m / 2)];
                compute.plan_pairwise_batch(s.n, s.m, &shapes, s.d, COSINE)
            },
        ),
        operation(
            "pairwise distances",
            never,
            |input| {
                let [a, b] = &input.bits;
                let found = pairwise_bits(a, b, BitMetric::Jaccard)?;
                made(found, |found| bits(&found.to_vec().unwrap()))
            },
            |compute, s| compute.plan_pairwise_bits(s.n, s.m),
        ),
        operation(
            "pairwise distances",
            never,
            |input| {
                let Shape { n, m, .. } = input.shape;
                let (rows, others) = ([0..n / 2, n / 4..n], [m / 3..m, 0..m / 2]);
                let [a, b] = &input.bits;
                let found = pairwise_bits_batch(a, &rows, b, &others, BitMetric::Hamming)?;
                made(found, |found| bits(&found.to_vec().unwrap()))
            },
            |compute, s| {
                let shapes = [(s.n / 2, s.m - s.m / 3), (s.n - s.n / 4, s.m / 2)];
                compute.plan_pairwise_bits_batch(&shapes)
            },
        ),
        operation(
            "silhouette",
            gpu,
            |input| {
                let k = input.shape.k;
                let found = silhouette(&input.x, &input.labels, k, SilhouetteMetric::Cosine)?;
                made(found, |found| bits(&found))
            },
            |compute, s| compute.plan_silhouette(s.n, s.d, s.k, SilhouetteMetric::Cosine),
        ),
        operation(
            "simplified silhouette",
            gpu,
            |input| {
                let (centroids, metric) = (&input.centroids, SilhouetteMetric::Euclidean);
                let found = nearest_other_cluster(&input.x, centroids, &input.labels, metric)?;
                made(found, |found| {
                    let mut all = bits(&found.own);
                    all.extend(bits(&found.distance));
                    all.extend(found.cluster);
                    all
                })
            },
            |compute, s| {
                let metric = SilhouetteMetric::Euclidean;
                compute.plan_nearest_other_cluster(s.n, s.d, s.k, metric)
            },
        ),
        operation(
            "nearest neighbours",
            both,
            |input| {
                let pairs: [(u32, u32); 50] = std::array::from_fn(|i| (3 * i as u32, i as u32));
                let found = top_k(&input.x, &input.y, input.shape.k, NEAR, &pairs)?;
                made(found, neighbors)
            },
            |compute, s| compute.plan_top_k(s.n, s.m, s.d, s.k, NEAR, 50),
        ),
        operation(
            "nearest neighbours",
            both,
            |input| {
                let found = k_nearest_graph(&input.x, input.shape.k, NeighborMetric::Cosine)?;
                made(found, neighbors)
            },
            |compute, s| compute.plan_k_nearest_graph(s.n, s.d, s.k, NeighborMetric::Cosine),
        ),
        operation(
            "neighbours within a radius",
            gpu,
            |input| {
                let found = radius_counts(&input.x, &input.y, radius(input.shape.d), NEAR)?;
                made(found, |found| found)
            },
            |compute, s| compute.plan_radius_counts(s.n, s.m, s.d, NEAR),
        ),
        Operation {
            is_found_out: true,
            ..operation(
                "neighbours within a radius",
                gpu,
                |input| {
                    let found = radius_neighbors(&input.x, &input.y, radius(input.shape.d), NEAR)?;
                    made(found, |found| {
                        let mut all = bits(&found.distances);
                        all.extend(found.indices);
                        all.extend(found.offsets.iter().map(|&offset| offset as u32));
                        all
                    })
                },
                |compute, s| {
                    let input = Input::new(&Compute::cpu(), s);
                    let counts = radius_counts(&input.x, &input.y, radius(input.shape.d), NEAR)?;
                    let found = counts.iter().map(|&count| count as usize).sum();
                    compute.plan_radius_neighbors(s.n, s.m, s.d, NEAR, found)
                },
            )
        },
        operation(
            "k-means",
            never,
            |input| run_kmeans(&input.x, &input.problems[..1]),
            |compute, s| compute.plan_kmeans_batch(&[problems(s)[0].shape()], s.d),
        ),
        operation(
            "k-means",
            never,
            |input| run_kmeans(&input.x, &input.problems[3..4]),
            |compute, s| compute.plan_kmeans_batch(&[problems(s)[3].shape()], s.d),
        ),
        Operation {
            is_most: true,
            ..operation(
                "k-means",
                both,
                |input| run_kmeans(&input.x, &input.problems),
                |compute, s| {
                    let shapes: Vec<_> = problems(s).iter().map(KMeansProblem::shape).collect();
                    compute.plan_kmeans_batch(&shapes, s.d)
                },
            )
        },
        operation(
            "k-means++",
            never,
            |input| {
                let found = kmeans_plus_plus_batch(&input.x, &input.seedings[3..4])?;
                made(found, |found| found.concat())
            },
            |compute, s| compute.plan_kmeans_plus_plus(&[seedings(s)[3].shape()], s.d),
        ),
        Operation {
            is_most: true,
            ..operation(
                "k-means++",
                both,
                |input| {
                    let found = kmeans_plus_plus_batch(&input.x, &input.seedings)?;
                    made(found, |found| found.concat())
                },
                |compute, s| {
                    let shapes: Vec<_> = seedings(s).iter().map(KMeansSeeding::shape).collect();
                    compute.plan_kmeans_plus_plus(&shapes, s.d)
                },
            )
        },
        Operation {
            is_most: true,
            ..operation(
                "k-means||",
                never,
                |input| {
                    let found = kmeans_parallel_batch(&input.x, &input.seedings[3..4])?;
                    made(found, |found| found.concat())
                },
                |compute, s| compute.plan_kmeans_parallel(&[seedings(s)[3].shape()], s.d),
            )
        },
        operation(
            "Lloyd's iteration",
            never,
            |input| {
                let Shape { d, k, .. } = input.shape;
                let mut lloyd = Lloyd::new(&input.x, k)?;
                // Twice: the second holds all that there is to hold.
                lloyd.step(&input.problems[0].start[..k * d])?;
                let (_, sums) = lloyd.step(&input.problems[1].start[..k * d])?;
                made((lloyd, sums), |(lloyd, sums)| {
                    let mut all = lloyd.labels().unwrap();
                    all.extend(bits(&lloyd.distances().unwrap()));
                    all.extend(sums.counts);
                    all
                })
            },
            |compute, s| compute.plan_lloyd(s.n, s.d, s.k),
        ),
    ]
}
