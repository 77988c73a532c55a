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
        /// The first row of a taken.
        a_first,
        /// The row after the last one taken.
        a_end,
        /// Rows of this part of b.
        b_rows,
        /// Features, d.
        features,
        /// The output row of row `a_first`.
        out_row,
        /// The output column of row 0 of b.
        out_column,
        /// Columns of the output.
        out_columns,
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

    /// Of `ceiling/fma`.
    CeilingFmaParams for CeilingFma {
        /// Rounds of the loop, 16 steps of 8 chains each.
        rounds,
    }

    /// Of `ceiling/copy`.
    CeilingCopyParams for CeilingCopy {
        /// Vectors of four values.
        vectors,
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
}
