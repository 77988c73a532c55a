//! The kernels' uniform parameters. A test compares each with the WGSL of its kernel.

use crate::Step;

/// The parameters of a kernel.
pub trait Params: bytemuck::Pod {
    /// The kernel.
    const STEP: Step;
    /// The struct's name, here and in WGSL.
    const NAME: &'static str;
    /// Each field's name and offset in bytes.
    const FIELDS: &'static [(&'static str, usize)];
}

macro_rules! params {
    ($($(#[$doc:meta])* $name:ident for $step:ident { $($(#[$field_doc:meta])* $field:ident,)* })*) => {$(
        $(#[$doc])*
        #[repr(C)]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: u32,)*
        }

        impl Params for $name {
            const STEP: Step = Step::$step;
            const NAME: &'static str = stringify!($name);
            const FIELDS: &'static [(&'static str, usize)] =
                &[$((stringify!($field), std::mem::offset_of!($name, $field))),*];
        }
    )*};
}

/// The range of workgroups of a dispatch; every kernel has it at binding 0.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Groups {
    /// The first workgroup.
    pub first: u32,
    /// The one after the last.
    pub end: u32,
}

macro_rules! elements {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident,)* })*) => {$(
        $(#[$doc])*
        #[repr(C)]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: u32,)*
        }

        impl $name {
            /// The struct's name, here and in WGSL.
            pub const NAME: &'static str = stringify!($name);
            /// Each field's name and offset in bytes.
            pub const FIELDS: &'static [(&'static str, usize)] =
                &[$((stringify!($field), std::mem::offset_of!($name, $field))),*];
        }
    )*};
}

elements! {
    /// One problem of `pairwise/distances`, of this part of a, of b and of the output; binding 5 is an array.
    PairwiseProblem {
        /// The first row of a.
        a_first,
        /// The row of a after the last.
        a_end,
        /// The first row of b.
        b_first,
        /// The row of b after the last.
        b_end,
        /// Where the pair of `a_first` and `b_first` goes in the output.
        out_first,
        /// Columns of the problem's output.
        out_columns,
        /// Tiles of the problems before.
        tile_first,
    }
}

params! {
    /// Of `rows/scale`.
    RowsScaleParams for RowsScale {
        /// Rows of this part.
        rows,
        /// Features, d.
        features,
    }

    /// Of `pairwise/distances`.
    PairwiseDistancesParams for PairwiseDistances {
        /// Problems, at least 1.
        problems,
        /// 32-bit values of a row.
        features,
        /// Bits of a row, where the metric compares bits.
        bits,
    }

    /// Of `kmeans/assign`.
    KmeansAssignParams for KmeansAssign {
        /// Rows of this part.
        rows,
        /// Features, d.
        features,
        /// Centroids.
        k,
        /// The part's first row in the whole matrix.
        row_offset,
    }

    /// Of `kmeans/update`.
    KmeansUpdateParams for KmeansUpdate {
        /// Rows of this part.
        rows,
        /// Features, d.
        features,
        /// Clusters.
        k,
        /// The part's first row in the whole matrix.
        row_offset,
        /// Rows of a block.
        block_rows,
        /// The part's first block among all.
        block_offset,
    }

    /// Of `kmeans/update_reduce`.
    KmeansUpdateReduceParams for KmeansUpdateReduce {
        /// Blocks of all parts.
        blocks,
        /// Features, d.
        features,
        /// Clusters.
        k,
    }

    /// Of `kmeans/plus_plus_pick`.
    KmeansPlusPlusPickParams for KmeansPlusPlusPick {
        /// Rows of the whole matrix.
        rows,
        /// Blocks of rows.
        blocks,
        /// Candidates to draw.
        trials,
        /// Where this step's numbers begin.
        uniforms_at,
    }

    /// Of `kmeans/plus_plus_gather`.
    KmeansPlusPlusGatherParams for KmeansPlusPlusGather {
        /// Rows of this part.
        rows,
        /// Features, d.
        features,
        /// The part's first row in the whole matrix.
        row_offset,
    }

    /// Of `kmeans/plus_plus_potentials`.
    KmeansPlusPlusPotentialsParams for KmeansPlusPlusPotentials {
        /// Rows of this part.
        rows,
        /// Features, d.
        features,
        /// The part's first row in the whole matrix.
        row_offset,
        /// Candidates.
        trials,
        /// 1 for the first centre.
        is_first,
    }

    /// Of `kmeans/plus_plus_choose`.
    KmeansPlusPlusChooseParams for KmeansPlusPlusChoose {
        /// Blocks of rows.
        blocks,
        /// Candidates.
        trials,
        /// Which centre this is.
        step,
    }

    /// Of `kmeans/plus_plus_accept`.
    KmeansPlusPlusAcceptParams for KmeansPlusPlusAccept {
        /// Rows of this part.
        rows,
        /// The part's first row in the whole matrix.
        row_offset,
        /// Candidates.
        trials,
    }

    /// Of `silhouette/sums`.
    SilhouetteSumsParams for SilhouetteSums {
        /// The first row of a taken.
        a_first,
        /// The row after the last one taken.
        a_end,
        /// Features, d.
        features,
        /// Clusters.
        k,
        /// The first place in the order that is visited.
        place_first,
        /// The place after the last one visited.
        place_end,
        /// 1 where a and b are the same part.
        is_same,
    }

    /// Of `silhouette/finish`.
    SilhouetteFinishParams for SilhouetteFinish {
        /// Rows taken.
        rows,
        /// Clusters.
        k,
        /// The first one's place in the whole matrix.
        row_offset,
    }

    /// Of `silhouette/simplified`.
    SilhouetteSimplifiedParams for SilhouetteSimplified {
        /// Rows of this part of x.
        rows,
        /// Features, d.
        features,
        /// Rows of this part of the centroids.
        k,
        /// The first row of the part of x in the whole matrix.
        row_offset,
        /// The first row of the part of the centroids in the whole matrix.
        centroid_offset,
    }

    /// Of `neighbors/distances`.
    NeighborsDistancesParams for NeighborsDistances {
        /// The first row of a taken.
        a_first,
        /// The row after the last one taken.
        a_end,
        /// The first row of b taken.
        b_first,
        /// The row after the last one taken.
        b_end,
        /// Features, d.
        features,
        /// The strip's column of row `b_first`.
        out_column,
        /// Columns of the strip.
        out_columns,
        /// 1 where more is nearer.
        is_negated,
    }

    /// Of `neighbors/exclude`.
    NeighborsExcludeParams for NeighborsExclude {
        /// Pairs.
        pairs,
        /// The first item in the strip.
        item_first,
        /// The item after the last one in it.
        item_end,
        /// The strip's column of `item_first`.
        column,
        /// Columns of the strip.
        columns,
    }

    /// Of `neighbors/select`.
    NeighborsSelectParams for NeighborsSelect {
        /// How many are kept of a row.
        k,
        /// Those kept before.
        kept,
        /// New ones.
        added,
        /// The item of the first new one.
        item_first,
        /// Columns of the strip.
        columns,
    }

    /// Of `neighbors/sort`.
    NeighborsSortParams for NeighborsSort {
        /// How many are kept of a row.
        k,
        /// Columns of the strip.
        columns,
    }

    /// Of `radius/counts`.
    RadiusCountsParams for RadiusCounts {
        /// The radius, as the bits of a 32-bit float.
        radius,
        /// Columns of the strip.
        columns,
        /// Columns that hold a distance.
        filled,
    }

    /// Of `radius/fill`.
    RadiusFillParams for RadiusFill {
        /// The radius, as the bits of a 32-bit float.
        radius,
        /// Columns of the strip.
        columns,
        /// Columns that hold a distance.
        filled,
        /// The item of the first column.
        item_first,
    }
}
