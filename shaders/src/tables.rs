//! The tables in storage buffers: problems of batches and what is known of them. A test compares each with its WGSL.

/// A struct of 32-bit fields in a storage buffer.
pub trait Table: bytemuck::Pod {
    /// The struct's name in WGSL.
    const NAME: &'static str;
    /// Each field's name and offset in bytes.
    const FIELDS: &'static [(&'static str, usize)];
}

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident as $wgsl:literal { $($(#[$field_doc:meta])* $field:ident: $ty:ty,)* })*) => {$(
        $(#[$doc])*
        #[repr(C)]
        #[derive(Debug, Clone, Copy, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $ty,)*
        }

        impl Table for $name {
            const NAME: &'static str = $wgsl;
            const FIELDS: &'static [(&'static str, usize)] =
                &[$((stringify!($field), std::mem::offset_of!($name, $field))),*];
        }
    )*};
}

tables! {
    /// One problem of `pairwise/distances`, of this part of a, of b and of the output; binding 5 is an array.
    PairwiseProblem as "PairwiseProblem" {
        /// The first row of a.
        a_first: u32,
        /// The row of a after the last.
        a_end: u32,
        /// The first row of b.
        b_first: u32,
        /// The row of b after the last.
        b_end: u32,
        /// Where the pair of `a_first` and `b_first` goes in the output.
        out_first: u32,
        /// Columns of the problem's output.
        out_columns: u32,
        /// Tiles of the problems before.
        tile_first: u32,
    }

    /// A problem of a batch.
    BatchProblem as "Problem" {
        /// Its place in the states.
        id: u32,
        /// Its first row in x.
        first: u32,
        /// Rows.
        rows: u32,
        /// Clusters.
        k: u32,
        /// Where its labels, distances and places begin.
        row_at: u32,
        /// Where its clusters begin.
        cluster_at: u32,
        /// Where its k + 1 starts begin.
        start_at: u32,
        /// Where its counts begin.
        count_at: u32,
        /// Where its runs begin.
        run_at: u32,
        /// Where its weights begin, or [`NONE`].
        weight_at: u32,
        /// Rows of a block of counts.
        block_rows: u32,
        /// Rows of a run of sums; of a block where rows are not sorted.
        run_rows: u32,
        /// 1 where centroids are scaled to length 1.
        is_unit: u32,
        /// Most iterations.
        max_iter: u32,
        /// The sum of squared shifts that counts as standing still.
        tolerance: f32,
        /// Workgroups of tiles of rows before it.
        tile_groups: u32,
        /// Workgroups of blocks of counts before it.
        block_groups: u32,
        /// Workgroups of runs before it.
        run_groups: u32,
        /// Workgroups of clusters before it.
        cluster_groups: u32,
        /// Rows before it.
        row_groups: u32,
        /// Where its distances from all its centroids begin, where they are kept.
        strip_at: u32,
    }

    /// How far a problem of a batch is.
    BatchState as "State" {
        /// At work: 0 or 1; done: 2 and above.
        phase: u32,
        /// Iterations.
        n_iter: u32,
        /// Rows whose label differs from the iteration before.
        changed: u32,
        /// Empty clusters that were given a row.
        moved: u32,
        /// The next cluster that may be empty.
        next_cluster: u32,
        /// The last row that was given.
        last_row: u32,
        /// Its squared distance.
        last_distance: f32,
        /// The largest cluster.
        largest: u32,
        /// The sum of squared shifts.
        shift: f32,
    }

    /// A seeding of a batch.
    BatchSeeding as "Seeding" {
        /// Its first row in x.
        first: u32,
        /// Rows.
        rows: u32,
        /// Where its nearest distances begin.
        row_at: u32,
        /// Where its candidates' distances begin.
        value_at: u32,
        /// Where its blocks of rows begin, and its workgroups.
        block_at: u32,
        /// Where its centres begin.
        centre_at: u32,
        /// Where its weights begin, or [`NONE`].
        weight_at: u32,
        /// Candidates of a step after the first.
        trials: u32,
        /// The seed's lower half.
        seed_low: u32,
        /// The seed's upper half.
        seed_high: u32,
    }

    /// A cluster of a batch.
    BatchCluster as "Cluster" {
        /// The weight of its rows.
        weight: f32,
        /// The row it was given when it was empty, or [`NONE`].
        row: u32,
        /// The cluster that row was in.
        donor: u32,
        /// The row's weight.
        row_weight: f32,
    }
}

/// No row, no weights.
pub const NONE: u32 = u32::MAX;

impl BatchState {
    /// Done: the labels are those of the iteration before.
    pub const REPEATED: u32 = 2;
    /// Done: the centroids stand still.
    pub const SETTLED: u32 = 3;
    /// Done: the iterations ran out.
    pub const EXHAUSTED: u32 = 4;

    /// Whether the problem is done.
    pub fn is_done(&self) -> bool {
        self.phase >= Self::REPEATED
    }
}
