//! k-means|| seeding.

use crate::device::Engine;
use crate::error::ComputeError;
use crate::kmeans_batch::check_rows;
use crate::kmeans_plus_plus::{KMeansSeeding, kmeans_plus_plus_batch};
use crate::matrix::{Matrix, Values};
use crate::philox::{Philox, stream};
use crate::{cpu, gpu};

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
    let mut all = Vec::with_capacity(seedings.len());
    for seeding in seedings {
        all.push(match (x.compute().engine(), x.values()) {
            (Engine::Cpu(threads), Values::Host(values)) => threads.run(|| {
                let device = cpu::kmeans_parallel::Draws::new(values, x.cols(), seeding);
                candidates(seeding, device)
            })?,
            (Engine::Gpu(context), Values::Device(rows)) => {
                let device = gpu::kmeans_parallel::Draws::new(context, rows, seeding)?;
                candidates(seeding, device)?
            }
            _ => return Err(ComputeError::DifferentDevices),
        });
    }

    // The candidates of all seedings are one matrix, and what is chosen among them one batch.
    let values: Vec<f32> = all.iter().flat_map(|c| &c.values).copied().collect();
    let pool = x
        .compute()
        .matrix(&values, values.len() / x.cols(), x.cols())?;
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

fn candidates(
    seeding: &KMeansSeeding,
    mut device: impl Oversampling,
) -> Result<Candidates, ComputeError> {
    let mut potential = device.add(&[first(seeding)])?;
    let wanted = 2 * seeding.k;
    // That is some twenty standard deviations above what is wanted, or more; a round that draws more is skipped.
    let most = 4 * wanted + 64;
    for round in 1..=ROUNDS {
        if potential <= 0.0 {
            break;
        }
        let scale = (wanted as f64 / potential) as f32;
        if let Some(rows) = device
            .draw(round, scale, most)?
            .filter(|rows| !rows.is_empty())
        {
            potential = device.add(&rows)?;
        }
    }
    device.weigh()
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
