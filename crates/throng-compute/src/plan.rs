//! How work is cut. Cuts depend on sizes and limits alone, so that results do not depend on timing or
//! threads.

/// Rows of a part of a matrix, of `row_bytes` each: as many as one buffer of `most` bytes holds, in whole tiles where it
/// holds one, else so many that the next part may be bound where that can be.
pub fn part_rows(most: u64, row_bytes: u64) -> u64 {
    let rows = most / row_bytes;
    let step = [256, aligned_rows(row_bytes), 1]
        .into_iter()
        .find(|&step| rows >= step);
    step.map_or(0, |step| rows / step * step)
}

/// The fewest rows that take a multiple of 256 bytes, of which any binding's offset may be one.
pub fn aligned_rows(row_bytes: u64) -> u64 {
    256 >> row_bytes.trailing_zeros().min(8)
}

/// The tile of a kernel on the device: invocations by row and column, each with 4 x 4 pairs, and the
/// features in workgroup memory at a time. All fit 256 invocations and 16 KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    ty: usize,
    tx: usize,
    d: usize,
}

impl Tile {
    /// 64 rows by 64 columns.
    pub const SQUARE: Tile = Tile {
        ty: 16,
        tx: 16,
        d: 16,
    };

    /// 128 rows by 32 columns.
    pub const UPRIGHT: Tile = Tile {
        ty: 32,
        tx: 8,
        d: 16,
    };

    /// 256 rows by 16 columns.
    pub const TALL: Tile = Tile {
        ty: 64,
        tx: 4,
        d: 8,
    };

    /// 16 rows by 256 columns.
    pub const WIDE: Tile = Tile {
        ty: 4,
        tx: 64,
        d: 8,
    };

    /// 32 rows by 32 columns, of a quarter of the invocations.
    pub const SMALL: Tile = Tile {
        ty: 8,
        tx: 8,
        d: 16,
    };

    /// What may stand for [`Tile::SQUARE`] where it is faster: every pair of rows is summed in the same order. The
    /// first is SQUARE itself.
    pub const LARGE: [(&'static str, Tile); 6] = [
        ("64x64x16", Tile::SQUARE),
        (
            "64x64x8",
            Tile {
                ty: 16,
                tx: 16,
                d: 8,
            },
        ),
        ("128x32x16", Tile::UPRIGHT),
        (
            "64x32x16",
            Tile {
                ty: 16,
                tx: 8,
                d: 16,
            },
        ),
        (
            "32x64x16",
            Tile {
                ty: 8,
                tx: 16,
                d: 16,
            },
        ),
        ("32x32x16", Tile::SMALL),
    ];

    /// The tile that leaves the fewest columns idle.
    pub const fn for_columns(columns: usize) -> Self {
        match columns {
            0..=16 => Self::TALL,
            17..=32 => Self::UPRIGHT,
            _ => Self::SQUARE,
        }
    }

    /// The cheapest tile for problems of these rows and columns: a pair costs 1, idle or not, and a value
    /// that is loaded costs 8.
    pub fn for_pairs(shapes: impl Iterator<Item = (usize, usize)> + Clone) -> Self {
        let cost = |tile: &Tile| {
            let tiles: usize = shapes.clone().map(|(n, m)| tile.count(n, m)).sum();
            tiles * (tile.rows() * tile.columns() + 8 * (tile.rows() + tile.columns()))
        };
        let others = [Self::SMALL, Self::TALL, Self::WIDE];
        // The first of equals stays.
        others.into_iter().fold(Self::SQUARE, |best, tile| {
            if cost(&tile) < cost(&best) {
                tile
            } else {
                best
            }
        })
    }

    /// Tiles of a matrix of `rows` by `columns`.
    pub const fn count(self, rows: usize, columns: usize) -> usize {
        rows.div_ceil(self.rows()) * columns.div_ceil(self.columns())
    }

    /// Rows of the tile.
    pub const fn rows(self) -> usize {
        4 * self.ty
    }

    /// Columns of the tile.
    pub const fn columns(self) -> usize {
        4 * self.tx
    }

    /// Rounds of the loops of an invocation over `columns` columns, those of the kernel around it
    /// included.
    pub const fn rounds(self, columns: usize, features: usize) -> usize {
        let slots = self.tx * self.ty;
        let loads_a = (self.ty * self.d).div_ceil(slots);
        let loads_b = (self.tx * self.d).div_ceil(slots);
        let depth = self.d / 4 + loads_a + loads_b + 4;
        let around = 16 + self.ty + 4 * self.tx;
        columns.div_ceil(self.columns()) * (features.div_ceil(self.d) * depth + around)
    }

    /// Its `override` constants.
    pub fn constants(self) -> [(&'static str, u32); 3] {
        [
            ("tx_count", self.tx as u32),
            ("ty_count", self.ty as u32),
            ("tile_d", self.d as u32),
        ]
    }
}

/// Rounds of a kernel's search for its problem, or for a run's cluster.
pub const GPU_SEARCH_ROUNDS: usize = 40;

/// The most bytes of all distances where centroids are found in two steps.
pub fn gpu_two_steps_bytes(most_bytes: u64) -> u64 {
    most_bytes.min(64 << 20)
}

/// Whether rows of a batch may be given their centroids in two steps: so few rows that the fused kernel's workgroups
/// are few, so many centroids of each problem that tiles of distances are more, and all distances in 64 MiB.
pub fn gpu_may_take_two_steps(
    rows: usize,
    least_k: usize,
    distances: usize,
    most_bytes: u64,
) -> bool {
    rows <= 1 << 14 && least_k >= 256 && 4 * distances as u64 <= gpu_two_steps_bytes(most_bytes)
}

/// Rows and columns of a tile of products of rows and centroids.
pub const GPU_PRODUCTS: (usize, usize) = (64, 128);

/// Of the rows that products leave open: few rows a workgroup, for there are few, and many columns, for they are waited for.
pub const GPU_SETTLE: Tile = Tile::WIDE;

/// Rounds of the loops of the products of a tile's rows and `k` centroids.
pub fn gpu_products_rounds(k: usize, features: usize) -> usize {
    let steps = features.div_ceil(8);
    k.div_ceil(GPU_PRODUCTS.1) * (steps + 1) + 2 * 16 + 8 + 16 + GPU_SEARCH_ROUNDS
}

/// Rounds of the loops that settle open rows: as many as there are, if products settle none.
pub fn gpu_settle_rounds(k: usize, features: usize) -> usize {
    let turns = GPU_PRODUCTS.0.div_ceil(GPU_SETTLE.rows());
    turns * (GPU_SETTLE.rounds(k, features) + 1) + GPU_SEARCH_ROUNDS
}

/// Whether the centroids of a problem may be found by products: so many that more than half a tile is filled, and loops of
/// no more than `most_rounds`.
pub fn gpu_may_take_products(k: usize, features: usize, most_rounds: usize) -> bool {
    let rounds = gpu_products_rounds(k, features).max(gpu_settle_rounds(k, features));
    k > GPU_PRODUCTS.1 / 2 && rounds <= most_rounds
}

/// Rows of a block of the CPU's assignment and update: at most 512 KiB, which stay in a core's cache.
pub fn cpu_assign_rows(features: usize) -> usize {
    ((1 << 17) / features.max(1)).clamp(48, 1536)
}

/// Rows of a task of the CPU's centroid update: about 2,048 to 4,096, so that its sums are soon paid for, in at
/// most 64 tasks, whose sums take at most 64 MiB. A power of two of tasks is shared evenly by most numbers of cores.
pub fn cpu_update_rows(rows: usize, k: usize, features: usize) -> usize {
    let tasks = rows.div_ceil(4096).next_power_of_two();
    let tasks = tasks.min(cpu_update_tasks(k, features));
    rows.div_ceil(tasks)
}

fn cpu_update_tasks(k: usize, features: usize) -> usize {
    let part = k.saturating_mul(features).saturating_mul(8).max(1);
    ((64 << 20) / part).clamp(1, 64)
}

/// The most clusters whose sums lie in workgroup memory: of 64 features, two floats each, in half of 16 KiB.
pub const GPU_PARTIAL_CLUSTERS: usize = 16;

/// Whether the centroid update of a problem in a batch sorts the rows by label and sums runs of them; else it sums
/// each block of rows by cluster.
pub const fn gpu_batch_sorts(k: usize) -> bool {
    k > GPU_PARTIAL_CLUSTERS
}

/// Rows of a block in a batch, in whole workgroups of `threads`. Of the counting sort by label at most 1,024 blocks
/// a problem, whose counts together are not many more than the rows; of sums by cluster at most 4,096 a problem.
pub fn gpu_batch_block_rows(rows: usize, k: usize, threads: usize) -> usize {
    let least = if gpu_batch_sorts(k) {
        rows.div_ceil(1024).max(k)
    } else {
        rows.div_ceil(4096 / k.max(1))
    };
    least.max(1).next_multiple_of(threads)
}

/// Rows of a run of sorted rows in a batch: at most 4,096 full ones a problem.
pub fn gpu_batch_run_rows(rows: usize) -> usize {
    rows.div_ceil(4096).max(64)
}

/// Sums of a problem that are added up, at most: of runs, of which each cluster may have one that is not full, or of
/// each block and cluster.
pub fn gpu_batch_runs(rows: usize, k: usize, threads: usize) -> usize {
    if gpu_batch_sorts(k) {
        rows / gpu_batch_run_rows(rows) + k.min(rows)
    } else {
        rows.div_ceil(gpu_batch_block_rows(rows, k, threads)) * k
    }
}

/// Rows of which the silhouette sums [rows, k] are held at once: at most 64 MiB, in whole tiles.
pub fn gpu_silhouette_rows(rows: usize, k: usize, most_bytes: u64) -> usize {
    let bytes = most_bytes.min(64 << 20) as usize;
    let tile = Tile::SQUARE.rows();
    (bytes / (4 * k.max(1)) / tile * tile).clamp(tile, rows.next_multiple_of(tile).max(tile))
}

/// Places in the order of rows that one dispatch of the silhouette sums visits: so few that even one of
/// its workgroups is quick, and its loops take at most `most_rounds` where that can be.
pub fn gpu_silhouette_places(features: usize, k: usize, most_rounds: usize) -> usize {
    let tile = Tile::SQUARE.columns();
    let mut places = ((1 << 22) / features.max(1))
        .next_multiple_of(tile)
        .max(tile);
    while places > tile && gpu_silhouette_rounds(places, features, k) > most_rounds {
        places = (places / 2).next_multiple_of(tile);
    }
    places
}

/// Rounds of the loops of the silhouette sums: each cluster among the places may add a tile.
pub fn gpu_silhouette_rounds(places: usize, features: usize, k: usize) -> usize {
    let tile = Tile::SQUARE;
    let columns = places + k.min(places) * tile.columns();
    tile.rounds(columns, features) + 3 * k
}

/// How many values each buffer of a batch's output takes: the rows of problems of these shapes lie one
/// after another, at most `most` values together, and no row is cut.
pub fn batch_parts(shapes: impl Iterator<Item = (usize, usize)>, most: usize) -> Vec<usize> {
    let mut parts = Vec::new();
    let mut filled = 0;
    for (mut rows, columns) in shapes.filter(|&(_, columns)| columns > 0) {
        while rows > 0 {
            let fitting = (most.saturating_sub(filled) / columns).min(rows);
            if fitting == 0 && filled > 0 {
                parts.push(filled);
                filled = 0;
                continue;
            }
            // A row that no buffer holds is refused when its buffer is made.
            let taken = fitting.max(1);
            filled += taken * columns;
            rows -= taken;
        }
    }
    if filled > 0 {
        parts.push(filled);
    }
    parts
}

/// Rows and columns of the strip of distances that queries are compared by, `before` columns included: at
/// most 64 MiB, in whole tiles, and so many items at once that what is kept of a row is seldom touched.
pub fn gpu_strip(queries: usize, items: usize, before: usize, most_bytes: u64) -> (usize, usize) {
    let floats = most_bytes.min(64 << 20) as usize / 4;
    let tile = Tile::SQUARE.rows();
    let whole = |rows: usize| rows.next_multiple_of(tile).max(tile);
    let rows = floats / (before + (1 << 14)) / tile * tile;
    let rows = rows.clamp(tile, whole(queries));
    let columns = (floats / rows).saturating_sub(before) / tile * tile;
    (
        rows,
        before + columns.clamp(tile, whole(items).min(1 << 16)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_fit_the_default_limits_of_webgpu() {
        let large = Tile::LARGE.map(|(_, tile)| tile);
        for tile in [Tile::TALL, Tile::WIDE].into_iter().chain(large) {
            assert!(tile.tx * tile.ty <= 256);
            assert_eq!(256 % tile.rows(), 0);
            assert_eq!(tile.d % 4, 0);
            let tiles = 16 * tile.d * (tile.ty + 1 + tile.tx + 1);
            let assign = 8 * tile.tx * tile.ty;
            let potentials = 4 * tile.columns() * tile.ty;
            assert!(tiles + assign.max(potentials) <= 16_384, "{tile:?}");
        }
    }

    #[test]
    fn parts_of_wide_matrices_have_few_rows() {
        assert_eq!(aligned_rows(4), 64);
        assert_eq!(aligned_rows(12), 64);
        assert_eq!(aligned_rows(96), 8);
        assert_eq!(aligned_rows(512), 1);
        assert_eq!(part_rows(1 << 20, 1024), 1024);
        assert_eq!(part_rows((1 << 20) - 1, 1024), 768);
        assert_eq!(part_rows(1 << 20, 4100), 192);
        assert_eq!(part_rows(1 << 20, 40_004), 26);
        assert_eq!(part_rows(1 << 20, 1 << 20), 1);
        assert_eq!(part_rows(1 << 20, (1 << 20) + 4), 0);
    }

    #[test]
    fn tiles_are_chosen_by_columns() {
        assert_eq!(Tile::for_columns(1), Tile::TALL);
        assert_eq!(Tile::for_columns(16), Tile::TALL);
        assert_eq!(Tile::for_columns(17), Tile::UPRIGHT);
        assert_eq!(Tile::for_columns(33), Tile::SQUARE);
    }

    #[test]
    fn two_steps_are_for_few_rows_and_many_clusters() {
        let may = |rows, k| gpu_may_take_two_steps(rows, k, rows * k, 128 << 20);
        assert!(may(1_000, 256) && may(16_384, 1_024));
        assert!(!may(1_000, 255) && !may(16_385, 256) && !may(16_384, 1_025));
        assert!(!gpu_may_take_two_steps(1_000, 256, 256_000, 1 << 19));
    }

    #[test]
    fn a_tile_tells_how_centroids_are_updated() {
        for k in [1, 16, 17, 33, 10_000] {
            assert_eq!(gpu_batch_sorts(k), Tile::for_columns(k) != Tile::TALL);
        }
    }

    #[test]
    fn tiles_are_chosen_by_pairs() {
        let tile = |n, m| Tile::for_pairs([(n, m)].into_iter());
        assert_eq!(tile(1_000, 1_000), Tile::SQUARE);
        assert_eq!(tile(64, 64), Tile::SQUARE);
        assert_eq!(tile(32, 30), Tile::SMALL);
        assert_eq!(tile(1, 1), Tile::SMALL);
        assert_eq!(tile(1_000_000, 16), Tile::TALL);
        assert_eq!(tile(5, 1_000_000), Tile::WIDE);
        let mixed = [(1_000, 1_000), (1, 1)];
        assert_eq!(Tile::for_pairs(mixed.into_iter()), Tile::SQUARE);
        assert_eq!(Tile::for_pairs([].into_iter()), Tile::SQUARE);
        assert_eq!(Tile::SQUARE.count(65, 128), 4);
        assert_eq!(Tile::SQUARE.count(65, 0), 0);
    }

    #[test]
    fn batches_are_cut_at_ends_of_rows() {
        let parts = |shapes: &[(usize, usize)]| batch_parts(shapes.iter().copied(), 10);
        assert!(parts(&[]).is_empty());
        assert!(parts(&[(0, 3), (3, 0)]).is_empty());
        assert_eq!(parts(&[(2, 5)]), [10]);
        assert_eq!(parts(&[(5, 3)]), [9, 6]);
        assert_eq!(parts(&[(1, 4), (2, 3), (1, 1), (1, 10)]), [10, 1, 10]);
        assert_eq!(parts(&[(1, 1), (2, 11)]), [1, 11, 11]);
    }

    #[test]
    fn updates_stay_inside_their_memory() {
        for (rows, k, features) in [(1_usize, 1, 1), (100_000, 64, 128), (1_000_000, 1000, 1000)] {
            let size = k * features;
            let tasks = rows.div_ceil(cpu_update_rows(rows, k, features));
            assert!(tasks * size * 8 <= 64 << 20, "{rows} {k} {features}");
        }
    }

    #[test]
    fn strips_stay_inside_their_memory() {
        for (queries, items, before) in [
            (1, 1, 1),
            (1_000, 100_000, 100),
            (1_000_000, 1_000_000, 1_000),
            (3, 50_000_000, 10),
        ] {
            for most in [512 << 10, 128 << 20] {
                let (rows, columns) = gpu_strip(queries, items, before, most);
                assert_eq!((rows % 64, (columns - before) % 64), (0, 0));
                assert!(rows > 0 && columns > before);
                assert!(rows * columns * 4 <= most.min(64 << 20) as usize);
            }
        }
        assert_eq!(
            gpu_strip(1_000, 100_000, 100, 128 << 20),
            (960, 100 + 17_344)
        );
    }

    #[test]
    fn batches_take_little_more_than_their_rows() {
        for (rows, k) in [
            (1, 1),
            (300, 300),
            (10_007, 10_000),
            (1_000_000, 1),
            (1_000_000, 8),
            (50_000_000, 16),
            (1_000_000, 50_000),
        ] {
            let block = gpu_batch_block_rows(rows, k, 256);
            assert_eq!(block % 256, 0);
            let blocks = rows.div_ceil(block);
            let runs = gpu_batch_runs(rows, k, 256);
            if !gpu_batch_sorts(k) {
                assert_eq!(runs, blocks * k);
                assert!(runs <= 4096, "{rows} {k}");
                continue;
            }
            assert!(blocks <= 1024 && blocks * k <= rows + k, "{rows} {k}");
            // However the rows fall, clusters have no more runs than that.
            let run = gpu_batch_run_rows(rows);
            let uneven = (rows - k + 1).div_ceil(run) + k - 1;
            let (few, more) = (rows / k, rows % k);
            let even = few.div_ceil(run) * (k - more) + (few + 1).div_ceil(run) * more;
            assert!(uneven.max(even) <= runs, "{rows} {k}");
        }
    }

    #[test]
    fn silhouettes_stay_inside_their_memory() {
        assert_eq!(gpu_silhouette_rows(1, 2, 1 << 20), 64);
        assert_eq!(gpu_silhouette_rows(100, 2, 1 << 20), 128);
        let rows = gpu_silhouette_rows(10_000_000, 100, 128 << 20);
        assert_eq!(rows % 64, 0);
        assert!(rows * 100 * 4 <= 64 << 20);
        assert_eq!(gpu_silhouette_places(1 << 30, 2, usize::MAX), 64);
        assert_eq!(gpu_silhouette_places(128, 10, usize::MAX), 32_768);
    }

    #[test]
    fn silhouettes_stay_inside_the_rounds_of_a_software_adapter() {
        for (features, k) in [(1, 2), (1, 5_000), (128, 10), (384, 100), (128, 1_000)] {
            let places = gpu_silhouette_places(features, k, 60_000);
            let rounds = gpu_silhouette_rounds(places, features, k);
            assert!(
                rounds <= 60_000,
                "{features}, {k}: {places} places, {rounds}"
            );
        }
    }
}
