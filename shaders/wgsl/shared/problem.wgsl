// A batch of k-means problems. Every dispatch covers all problems that are still at work.

struct Problem {
    // Its place in states, which does not change when other problems are done.
    id: u32,
    // Its first row in x, and how many.
    first: u32,
    rows: u32,
    k: u32,
    // Where its values begin: by row (labels, distances, order), by cluster, in starts, in counts, by run.
    row_at: u32,
    cluster_at: u32,
    start_at: u32,
    count_at: u32,
    run_at: u32,
    // In weights; NONE where every row weighs 1.
    weight_at: u32,
    // Rows of a block of counts, and of a run of sums: of a block where rows are not sorted.
    block_rows: u32,
    run_rows: u32,
    // 1 where centroids are scaled to length 1.
    is_unit: u32,
    max_iter: u32,
    // The sum of squared shifts that counts as standing still.
    tolerance: f32,
    // Workgroups of the problems before it: of tiles of rows, blocks of counts, sums and clusters.
    tile_groups: u32,
    block_groups: u32,
    run_groups: u32,
    cluster_groups: u32,
    // And of rows; and where its distances from all its centroids begin, where they are kept.
    row_groups: u32,
    strip_at: u32,
}

struct State {
    phase: u32,
    n_iter: u32,
    // Rows whose label differs from the iteration before.
    changed: u32,
    // Empty clusters that were given a row in this iteration, and the next cluster to look at.
    moved: u32,
    next_cluster: u32,
    // The last row that was given, and its squared distance.
    last_row: u32,
    last_distance: f32,
    // The largest cluster.
    largest: u32,
    // The sum of squared shifts.
    shift: f32,
}

// Of a cluster: its weight, the row it was given (else NONE), the cluster that row was in, and its weight.
struct Cluster {
    weight: f32,
    row: u32,
    donor: u32,
    row_weight: f32,
}

const NONE: u32 = 0xffffffffu;

// Phases: at work, still giving rows to empty clusters, and done: because the labels repeat, the centroids
// stand still, or the iterations ran out.
const WORKING: u32 = 0u;
const REPAIRING: u32 = 1u;
const REPEATED: u32 = 2u;
const SETTLED: u32 = 3u;
const EXHAUSTED: u32 = 4u;

@group(0) @binding(2) var<storage, read> problems: array<Problem>;
