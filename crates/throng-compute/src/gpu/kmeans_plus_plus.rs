//! Greedy k-means++ seedings, many at once and wholly on the device: nothing is read back between the steps.

use std::cmp::Reverse;

use throng_shaders::{
    BatchSeeding, KmeansPlusPlusAcceptParams, KmeansPlusPlusChooseParams,
    KmeansPlusPlusDistancesParams, KmeansPlusPlusGatherParams, KmeansPlusPlusPickParams,
    KmeansPlusPlusPotentialsParams, Metric, NONE,
};

use super::buffers::Buffer;
use super::context::{Context, Job};
use super::rows::Rows;
use crate::error::ComputeError;
use crate::kmeans_batch::KMeansShape;
use crate::kmeans_plus_plus::{KMeansSeeding, WHAT, trials};
use crate::memory::{MemoryPlan, Sizes, words};
use crate::plan::Tile;

/// Rows of a block, and threads of the kernels that go over blocks.
const BLOCK: usize = Tile::TALL.rows();
const GATHER_THREADS: u32 = 64;

/// Places for the candidates of a seeding.
const SLOTS: usize = Tile::TALL.columns();

/// Rounds of the search for a workgroup's seeding.
const SEARCH_ROUNDS: usize = 20;

/// The rows chosen as centres by each seeding, in order.
pub fn seed_all(
    context: &Context,
    x: &Rows,
    seedings: &[KMeansSeeding],
) -> Result<Vec<Vec<u32>>, ComputeError> {
    let shapes: Vec<_> = seedings.iter().map(KMeansSeeding::shape).collect();
    let mut centres = vec![Vec::new(); seedings.len()];
    for members in batches(context, x.cols, &shapes)?.members {
        Batch::new(context, x, seedings, members)?.run(&mut centres)?;
    }
    Ok(centres)
}

/// Sizes of what seedings keep on the device, in values.
#[derive(Debug, Clone, Copy, Default)]
struct SeedingSizes {
    seedings: usize,
    rows: usize,
    values: usize,
    blocks: usize,
    centres: usize,
    weights: usize,
}

impl SeedingSizes {
    fn of(shape: &KMeansShape) -> Self {
        let KMeansShape { rows, k, .. } = *shape;
        Self {
            seedings: 1,
            rows,
            values: rows.saturating_mul(trials(k)),
            blocks: rows.div_ceil(BLOCK),
            centres: k,
            weights: if shape.has_weights { rows } else { 0 },
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            seedings: self.seedings + other.seedings,
            rows: self.rows + other.rows,
            values: self.values + other.values,
            blocks: self.blocks + other.blocks,
            centres: self.centres + other.centres,
            weights: self.weights + other.weights,
        }
    }

    /// Places for candidates.
    fn slots(&self) -> usize {
        SLOTS * self.seedings
    }

    /// All buffers, in bytes.
    fn bytes(&self, context: &Context, features: usize) -> u64 {
        let held = self.rows
            + self.values
            + self.weights
            // Potentials and sums.
            + (SLOTS + 1) * self.blocks
            // Candidates and their rows.
            + self.slots() * (features + 1)
            + self.centres
            // Winners.
            + self.seedings;
        let table = size_of::<BatchSeeding>() * self.seedings;
        let transfer = context.transfer(words(self.weights.max(self.centres)));
        words(held) + table as u64 + transfer
    }
}

/// Which seedings run together.
#[derive(Debug)]
pub struct Batches {
    /// The seedings of each batch, those with the most centres first, so that a step is for the first so many.
    members: Vec<Vec<usize>>,
    /// Bytes of the largest.
    most: u64,
}

impl Sizes for Batches {
    fn plan(&self) -> MemoryPlan {
        MemoryPlan {
            output: 0,
            scratch: self.most,
            parts: self.members.len(),
        }
    }
}

/// As many seedings together as the device's buffers hold and the cap allows.
pub fn batches(
    context: &Context,
    features: usize,
    shapes: &[KMeansShape],
) -> Result<Batches, ComputeError> {
    let most = cut(context, features, shapes, u64::MAX).most;
    let ledger = context.ledger();
    ledger.fit(WHAT, most, |most| cut(context, features, shapes, most))
}

/// What seedings take, as many together as take at most `most` bytes.
pub fn plan(context: &Context, features: usize, shapes: &[KMeansShape], most: u64) -> MemoryPlan {
    cut(context, features, shapes, most).plan()
}

/// As many seedings together as take at most `most` bytes, or one.
fn cut(context: &Context, features: usize, shapes: &[KMeansShape], most: u64) -> Batches {
    let mut order: Vec<usize> = (0..shapes.len()).collect();
    order.sort_by_key(|&at| Reverse(shapes[at].k));
    let mut batches = Batches {
        members: Vec::new(),
        most: 0,
    };
    let mut sizes = SeedingSizes::default();
    for at in order {
        let own = SeedingSizes::of(&shapes[at]);
        let with = sizes.and(own);
        let fits =
            words(with.values) <= context.most_bytes() && with.bytes(context, features) <= most;
        match batches.members.last_mut() {
            Some(members) if fits => {
                members.push(at);
                sizes = with;
            }
            _ => {
                batches.members.push(vec![at]);
                sizes = own;
            }
        }
        batches.most = batches.most.max(sizes.bytes(context, features));
    }
    batches
}

/// Seedings that run together.
struct Batch<'a> {
    context: &'a Context,
    x: &'a Rows,
    seedings: &'a [KMeansSeeding],
    /// Which of the seedings, those with the most centres first.
    members: Vec<usize>,
    table: Vec<BatchSeeding>,
    table_buffer: Buffer,
    weights: Buffer,
    candidates: Buffer,
    candidate_rows: Buffer,
    values: Buffer,
    potentials: Buffer,
    nearest: Buffer,
    block_sums: Buffer,
    centres: Buffer,
    winners: Buffer,
    sizes: SeedingSizes,
}

/// A step for the seedings that still want a centre.
struct Step {
    step: usize,
    /// Seedings.
    count: usize,
    /// Their blocks.
    blocks: usize,
    /// The most blocks of one.
    most_blocks: usize,
    /// The most candidates of one.
    most_trials: usize,
    /// Rows times candidates.
    work: usize,
}

impl<'a> Batch<'a> {
    fn new(
        context: &'a Context,
        x: &'a Rows,
        seedings: &'a [KMeansSeeding],
        members: Vec<usize>,
    ) -> Result<Self, ComputeError> {
        let mut table = Vec::new();
        let mut weights: Vec<f32> = Vec::new();
        let mut sizes = SeedingSizes::default();
        for &at in &members {
            let seeding = &seedings[at];
            table.push(BatchSeeding {
                first: seeding.rows.start as u32,
                rows: seeding.rows.len() as u32,
                row_at: sizes.rows as u32,
                value_at: sizes.values as u32,
                block_at: sizes.blocks as u32,
                centre_at: sizes.centres as u32,
                weight_at: seeding
                    .weights
                    .as_ref()
                    .map_or(NONE, |_| weights.len() as u32),
                trials: seeding.trials() as u32,
                seed_low: seeding.seed as u32,
                seed_high: (seeding.seed >> 32) as u32,
            });
            weights.extend(seeding.weights.iter().flatten());
            sizes = sizes.and(SeedingSizes::of(&seeding.shape()));
        }
        let slots = sizes.slots();
        Ok(Self {
            context,
            x,
            seedings,
            table_buffer: context.storage_of("seedings", &table)?,
            weights: context.storage_of("weights", &weights)?,
            candidates: context.storage("candidates", slots)?,
            candidate_rows: context.storage("candidates' rows", slots * x.cols)?,
            values: context.storage("candidates' distances", sizes.values)?,
            potentials: context.storage("potentials", sizes.blocks * SLOTS)?,
            nearest: context.storage("nearest distances", sizes.rows)?,
            block_sums: context.storage("sums by block", sizes.blocks)?,
            centres: context.storage("centres", sizes.centres)?,
            winners: context.storage("winners", table.len())?,
            sizes,
            members,
            table,
        })
    }

    fn run(&self, centres: &mut [Vec<u32>]) -> Result<(), ComputeError> {
        let steps = self.members.first().map_or(0, |&at| self.seedings[at].k);
        self.accept(&self.step(0), true)?;
        for step in 0..steps {
            let step = self.step(step);
            self.context.meter().stage(step.work * self.x.cols);
            self.pick(&step)?;
            self.gather(&step)?;
            self.distances(&step)?;
            self.potentials(&step)?;
            self.choose(&step)?;
            self.accept(&step, false)?;
        }
        let found: Vec<u32> = self
            .context
            .read("centres", &self.centres, self.sizes.centres)?;
        for (&at, row) in self.members.iter().zip(&self.table) {
            centres[at] = found[row.centre_at as usize..][..self.seedings[at].k].to_vec();
        }
        Ok(())
    }

    fn step(&self, step: usize) -> Step {
        let wanting = |at: &&usize| self.seedings[**at].k > step;
        let count = self.members.iter().take_while(wanting).count();
        let blocks = |seeding: &BatchSeeding| (seeding.rows as usize).div_ceil(BLOCK);
        let table = &self.table[..count];
        let trials = |seeding: &BatchSeeding| match step {
            0 => 1,
            _ => seeding.trials as usize,
        };
        let work = |seeding: &BatchSeeding| seeding.rows as usize * trials(seeding);
        Step {
            work: table.iter().map(work).sum(),
            step,
            count,
            blocks: table.iter().map(blocks).sum(),
            most_blocks: table.iter().map(blocks).max().unwrap_or(0),
            most_trials: table.iter().map(trials).max().unwrap_or(1),
        }
    }

    fn pick(&self, step: &Step) -> Result<(), ComputeError> {
        self.context.run(&Job {
            metric: None,
            constants: &[("threads", BLOCK as u32)],
            params: KmeansPlusPlusPickParams {
                seedings: step.count as u32,
                step: step.step as u32,
            },
            buffers: &[
                (2, &self.table_buffer),
                (3, &self.weights),
                (4, &self.block_sums),
                (5, &self.nearest),
                (6, &self.centres),
                (7, &self.candidates),
            ],
            groups: step.count,
            work: step.most_blocks,
            rounds: 2 * step.most_blocks.div_ceil(BLOCK) + 3 * BLOCK + 20,
        })
    }

    fn gather(&self, step: &Step) -> Result<(), ComputeError> {
        for part in &self.x.parts {
            self.context.run(&Job {
                metric: None,
                constants: &[("threads", GATHER_THREADS)],
                params: KmeansPlusPlusGatherParams {
                    features: self.x.cols as u32,
                    step: step.step as u32,
                    part_first: part.first as u32,
                    part_end: (part.first + part.rows) as u32,
                },
                buffers: &[
                    (2, &self.table_buffer),
                    (3, &part.buffer),
                    (4, &self.candidates),
                    (5, &self.candidate_rows),
                ],
                groups: step.count * SLOTS,
                work: self.x.cols,
                rounds: self.x.cols / GATHER_THREADS as usize + 2,
            })?;
        }
        Ok(())
    }

    fn distances(&self, step: &Step) -> Result<(), ComputeError> {
        let tile = Tile::TALL;
        for part in &self.x.parts {
            self.context.run(&Job {
                metric: Some(Metric::SqEuclidean),
                constants: &tile.constants(),
                params: KmeansPlusPlusDistancesParams {
                    seedings: step.count as u32,
                    features: self.x.cols as u32,
                    step: step.step as u32,
                    part_first: part.first as u32,
                    part_end: (part.first + part.rows) as u32,
                },
                buffers: &[
                    (2, &self.table_buffer),
                    (3, &part.buffer),
                    (4, &self.candidate_rows),
                    (5, &self.nearest),
                    (6, &self.values),
                ],
                groups: step.blocks,
                work: tile.rows() * tile.columns() * self.x.cols,
                rounds: tile.rounds(step.most_trials, self.x.cols) + SEARCH_ROUNDS,
            })?;
        }
        Ok(())
    }

    fn potentials(&self, step: &Step) -> Result<(), ComputeError> {
        self.context.run(&Job {
            metric: None,
            constants: &[("threads", BLOCK as u32)],
            params: KmeansPlusPlusPotentialsParams {
                seedings: step.count as u32,
                step: step.step as u32,
            },
            buffers: &[
                (2, &self.table_buffer),
                (3, &self.weights),
                (4, &self.values),
                (5, &self.potentials),
            ],
            groups: step.blocks,
            work: BLOCK * step.most_trials,
            rounds: 10 * step.most_trials + SEARCH_ROUNDS,
        })
    }

    fn choose(&self, step: &Step) -> Result<(), ComputeError> {
        self.context.run(&Job {
            metric: None,
            constants: &[("threads", BLOCK as u32)],
            params: KmeansPlusPlusChooseParams {
                seedings: step.count as u32,
                step: step.step as u32,
            },
            buffers: &[
                (2, &self.table_buffer),
                (3, &self.potentials),
                (4, &self.candidates),
                (5, &self.centres),
                (6, &self.winners),
            ],
            groups: step.count,
            work: step.most_blocks * step.most_trials,
            rounds: step.most_trials * (step.most_blocks.div_ceil(BLOCK) + BLOCK + 4),
        })
    }

    fn accept(&self, step: &Step, is_start: bool) -> Result<(), ComputeError> {
        self.context.run(&Job {
            metric: None,
            constants: &[("threads", BLOCK as u32)],
            params: KmeansPlusPlusAcceptParams {
                seedings: step.count as u32,
                is_start: u32::from(is_start),
            },
            buffers: &[
                (2, &self.table_buffer),
                (3, &self.weights),
                (4, &self.values),
                (5, &self.winners),
                (6, &self.nearest),
                (7, &self.block_sums),
            ],
            groups: step.blocks,
            work: BLOCK,
            rounds: 16 + SEARCH_ROUNDS,
        })
    }
}
