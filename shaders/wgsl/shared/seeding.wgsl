// A batch of seedings by k-means++, those with the most centres first: a step is a dispatch over the first
// so many of them, those that still want a centre.

struct Seeding {
    // Its rows in x.
    first: u32,
    rows: u32,
    // Where its values begin: by row; by row and trial; by block of rows; by centre.
    row_at: u32,
    value_at: u32,
    block_at: u32,
    centre_at: u32,
    // In weights; NONE where every row weighs 1.
    weight_at: u32,
    // Candidates of a step after the first; the first has one.
    trials: u32,
    seed_low: u32,
    seed_high: u32,
}

// Rows of a block, and slots for candidates.
const BLOCK_ROWS: u32 = 256u;
const SLOTS: u32 = 16u;

const NONE: u32 = 0xffffffffu;

@group(0) @binding(2) var<storage, read> seedings: array<Seeding>;

fn trials_of(index: u32, step: u32) -> u32 {
    return select(seedings[index].trials, 1u, step == 0u);
}
