//! k-means|| seeding.

use crate::device::{Compute, Engine};
use crate::error::ComputeError;
use crate::kmeans_batch::{KMeansShape, check_rows};
use crate::kmeans_plus_plus::{KMeansSeeding, kmeans_plus_plus_batch};
use crate::matrix::{Matrix, Values};
use crate::memory::{MemoryPlan, words};
use crate::philox::{Philox, stream};
use crate::watch::Meter;
use crate::{cpu, gpu};

/// What is said of the work.
pub(crate) const WHAT: &str = "k-means||";

/// Rounds of draws; the paper's experiments take five.
const ROUNDS: u32 = 5;

/// Candidates of one seeding.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Candidates {
    /// Their rows, counted from the seeding's first one.
    pub rows: Vec<u32>,
    /// The weight of the rows nearest to each.
    pub weights: Vec<f32>,
    /// They themselves, [m, d].
    pub values: Vec<f32>,
}

/// What a device does for the candidates of one seeding.
pub(crate) trait Oversampling {
    /// Adds rows to the candidates; returns the weighted sum of squared distances to the nearest one.
    fn add(&mut self, rows: &[u32]) -> Result<f64, ComputeError>;

    /// The rows drawn in a round, each with a chance of `scale` times its weight and squared distance, ascending;
    /// `None` if they are more than `most`.
    fn draw(
        &mut self,
        round: u32,
        scale: f32,
        most: usize,
    ) -> Result<Option<Vec<u32>>, ComputeError>;

    /// What the candidates stand for.
    fn weigh(&mut self) -> Result<Candidates, ComputeError>;
}

/// Many seedings by k-means|| (Bahmani et al., *Scalable k-means++*, 2012), the rows `[k]` of each, counted from its
/// first one: five rounds that each draw about 2k rows at once, in proportion to their weight and squared distance to
/// the nearest candidate so far; then greedy k-means++ among the candidates, by the weight of the rows nearest to each.
/// Where there are fewer candidates than centres, it is greedy k-means++ among all rows.
///
/// It takes a few passes over the rows whatever k is, where [`kmeans_plus_plus_batch`] takes k. What a seeding chooses
/// does not depend on the others.
///
/// # Errors
/// As [`kmeans_plus_plus_batch`].
pub fn kmeans_parallel_batch(
    x: &Matrix,
    seedings: &[KMeansSeeding],
) -> Result<Vec<Vec<u32>>, ComputeError> {
    for seeding in seedings {
        check_rows(x, &seeding.rows, seeding.k, seeding.weights.as_deref())?;
    }
    let shapes: Vec<_> = seedings.iter().map(KMeansSeeding::shape).collect();
    x.compute().plan_kmeans_parallel(&shapes, x.cols())?;
    let compute = x.compute();
    let work = seedings.iter().map(|seeding| work(seeding, x.cols()));
    let meter = compute.meter(WHAT, work.fold(0, usize::saturating_add));
    let mut all = Vec::with_capacity(seedings.len());
    // Of the candidates, on the CPU.
    let mut kept = Vec::new();
    for seeding in seedings {
        all.push(match (compute.engine(), x.values()) {
            (Engine::Cpu(threads), Values::Host(values)) => {
                let bytes = compute.draws(&seeding.shape(), x.cols());
                let _charge = compute.ledger().charge(WHAT, bytes)?;
                let found = threads.run(|| {
                    let device =
                        cpu::kmeans_parallel::Draws::new(values, x.cols(), seeding, &meter);
                    candidates(seeding, device, x.cols(), &meter)
                })?;
                kept.push(compute.ledger().charge(WHAT, words(found.values.len()))?);
                found
            }
            (Engine::Gpu(context), Values::Device(rows)) => {
                let context = context.metered(meter.clone());
                let device = gpu::kmeans_parallel::Draws::new(&context, rows, seeding)?;
                candidates(seeding, device, x.cols(), &meter)?
            }
            _ => return Err(ComputeError::DifferentDevices),
        });
    }

    meter.finish()?;
    // The candidates of all seedings are one matrix, and what is chosen among them one batch.
    let count = all.iter().map(|candidates| candidates.values.len()).sum();
    let mut values = Vec::with_capacity(count);
    for candidates in &mut all {
        values.append(&mut std::mem::take(&mut candidates.values));
    }
    let pool = compute.matrix(&values, values.len() / x.cols(), x.cols())?;
    drop((values, kept));
    let (mut among, mut whole) = (Vec::new(), Vec::new());
    let mut first = 0;
    for (seeding, candidates) in seedings.iter().zip(&all) {
        let rows = first..first + candidates.rows.len();
        first = rows.end;
        if candidates.rows.len() < seeding.k {
            whole.push(seeding.clone());
        } else {
            among.push(KMeansSeeding {
                rows,
                weights: Some(candidates.weights.clone()),
                ..*seeding
            });
        }
    }
    let mut among = kmeans_plus_plus_batch(&pool, &among)?.into_iter();
    let mut whole = kmeans_plus_plus_batch(x, &whole)?.into_iter();
    let centres = seedings.iter().zip(all).map(|(seeding, candidates)| {
        if candidates.rows.len() < seeding.k {
            return whole.next().unwrap_or_default();
        }
        let chosen = among.next().unwrap_or_default().into_iter();
        chosen.map(|at| candidates.rows[at as usize]).collect()
    });
    Ok(centres.collect())
}

/// The most rows drawn in a round: some twenty standard deviations above the 2 k that are wanted, or more. A round that
/// draws more is skipped.
pub(crate) fn most_drawn(k: usize) -> usize {
    8 * k + 64
}

/// Candidates of some rounds of a seeding, about, with four standard deviations to spare.
fn drawn(shape: &KMeansShape, rounds: u32) -> usize {
    let mean = rounds as f64 * 2.0 * shape.k as f64;
    (1 + (mean + 4.0 * mean.sqrt()) as usize).min(shape.rows)
}

impl Compute {
    /// What [`kmeans_parallel_batch`] takes for seedings of these `shapes` over rows of `d` features: 16 bytes a row,
    /// on the CPU 20, one seeding after another, then as [`Compute::plan_kmeans_plus_plus`] among some 10 k candidates of each. It is
    /// what to expect: how many candidates there are is drawn, and where they are too few, all rows are searched.
    ///
    /// # Errors
    /// [`ComputeError::MemoryCap`].
    pub fn plan_kmeans_parallel(
        &self,
        shapes: &[KMeansShape],
        d: usize,
    ) -> Result<MemoryPlan, ComputeError> {
        let draws = shapes.iter().map(|shape| self.draws(shape, d));
        let draws = draws.max().unwrap_or(0);
        let among = shapes.iter().map(|shape| KMeansShape {
            rows: drawn(shape, ROUNDS),
            has_weights: true,
            ..*shape
        });
        let among: Vec<_> = among.collect();
        let counts = among.iter().map(|shape| shape.rows);
        let pool = counts.fold(0, usize::saturating_add).saturating_mul(d);
        let pool = self.matrix_plan(pool / d.max(1), d.max(1))?;
        let plan = |most| {
            let (own, seeding) = match self.engine() {
                // Candidates are kept until they are a matrix.
                Engine::Cpu(_) => (pool.output, cpu::kmeans_plus_plus::plan(d, &among, most)),
                Engine::Gpu(context) => (0, gpu::kmeans_plus_plus::plan(context, d, &among, most)),
            };
            let upload = pool.output + own.max(pool.scratch);
            MemoryPlan {
                output: seeding.output,
                scratch: upload.max(own + draws).max(pool.output + seeding.scratch),
                parts: shapes.len(),
            }
        };
        let most = plan(u64::MAX).scratch;
        self.ledger().fit(WHAT, most, plan)
    }

    /// Bytes that the draws of one seeding take, of some rows and candidates.
    fn draws(&self, shape: &KMeansShape, d: usize) -> u64 {
        let candidates = drawn(shape, 1);
        match self.engine() {
            Engine::Cpu(_) => cpu::kmeans_parallel::held(shape, d, candidates),
            Engine::Gpu(context) => gpu::kmeans_parallel::held(context, shape, d, candidates),
        }
    }
}

fn candidates(
    seeding: &KMeansSeeding,
    mut device: impl Oversampling,
    d: usize,
    meter: &Meter,
) -> Result<Candidates, ComputeError> {
    let wanted = 2 * seeding.k;
    let most = most_drawn(seeding.k);
    let pass = pass(seeding, d);
    meter.stage(pass);
    let mut potential = device.add(&[first(seeding)])?;
    for round in 1..=ROUNDS {
        if potential <= 0.0 {
            break;
        }
        meter.stage(pass.saturating_mul(wanted));
        let scale = (wanted as f64 / potential) as f32;
        if let Some(rows) = device
            .draw(round, scale, most)?
            .filter(|rows| !rows.is_empty())
        {
            potential = device.add(&rows)?;
        }
    }
    meter.check()?;
    device.weigh()
}

/// Multiply-adds of comparing all rows with one candidate.
fn pass(seeding: &KMeansSeeding, d: usize) -> usize {
    seeding.rows.len().saturating_mul(d)
}

/// Those of all rounds, if they draw what is wanted.
fn work(seeding: &KMeansSeeding, d: usize) -> usize {
    let candidates = 1 + ROUNDS as usize * 2 * seeding.k;
    pass(seeding, d).saturating_mul(candidates)
}

/// The first candidate: uniformly, or by weight.
fn first(seeding: &KMeansSeeding) -> u32 {
    let word = Philox::new(seeding.seed).words([0, 0, 0, stream::PARALLEL])[0];
    let Some(weights) = &seeding.weights else {
        return ((u64::from(word) * seeding.rows.len() as u64) >> 32) as u32;
    };
    let total: f64 = weights.iter().map(|&weight| f64::from(weight)).sum();
    let mut left = f64::from(word) / 2_f64.powi(32) * total;
    let mut found = 0;
    for (row, &weight) in weights
        .iter()
        .enumerate()
        .filter(|(_, weight)| **weight > 0.0)
    {
        found = row as u32;
        left -= f64::from(weight);
        if left < 0.0 {
            break;
        }
    }
    found
}
