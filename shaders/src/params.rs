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
    /// Of `rows/finite`.
    RowsFiniteParams for RowsFinite {
        /// Values of this part.
        count,
        /// The bits of the largest magnitude taken.
        most,
    }

    /// Of `rows/scale`.
    RowsScaleParams for RowsScale {
        /// Rows of this part.
        rows,
        /// Features, d.
        features,
    }

    /// Of `rows/scatter`.
    RowsScatterParams for RowsScatter {
        /// Rows of this part of x.
        rows,
        /// Features, d.
        features,
        /// The part's first row in the whole x.
        row_offset,
        /// The first row of this part of the output.
        out_first,
        /// The row after its last one.
        out_end,
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

    /// Of `kmeans/batch_assign`.
    KmeansBatchAssignParams for KmeansBatchAssign {
        /// Problems in the table.
        problems,
        /// Features, d.
        features,
        /// The part's first row in the whole matrix.
        part_first,
        /// The row after the part's last one.
        part_end,
        /// 1 for the labels of the final centroids.
        is_final,
    }

    /// Of `kmeans/batch_norms`.
    KmeansBatchNormsParams for KmeansBatchNorms {
        /// Problems of the batch.
        problems,
        /// Clusters of all problems.
        clusters,
        /// Features, d.
        features,
    }

    /// Of `kmeans/batch_products`.
    KmeansBatchProductsParams for KmeansBatchProducts {
        /// Problems in the table.
        problems,
        /// Features, d.
        features,
        /// The part's first row in the whole matrix.
        part_first,
        /// The row after the part's last one.
        part_end,
        /// 1 for the labels of the final centroids.
        is_final,
        /// Where the halves of the centroids' squared lengths begin.
        norms_at,
        /// Where the lists of rows begin.
        lists_at,
    }

    /// Of `kmeans/batch_settle`.
    KmeansBatchSettleParams for KmeansBatchSettle {
        /// Problems in the table.
        problems,
        /// Features, d.
        features,
        /// The part's first row in the whole matrix.
        part_first,
        /// The row after the part's last one.
        part_end,
        /// 1 for the labels of the final centroids.
        is_final,
        /// Where the lists of rows begin.
        lists_at,
    }

    /// Of `kmeans/batch_distances`.
    KmeansBatchDistancesParams for KmeansBatchDistances {
        /// Problems in the table.
        problems,
        /// Features, d.
        features,
        /// The part's first row in the whole matrix.
        part_first,
        /// The row after the part's last one.
        part_end,
        /// 1 for the labels of the final centroids.
        is_final,
    }

    /// Of `kmeans/batch_nearest`.
    KmeansBatchNearestParams for KmeansBatchNearest {
        /// Problems in the table.
        problems,
        /// 1 for the labels of the final centroids.
        is_final,
    }

    /// Of `kmeans/batch_count`.
    KmeansBatchCountParams for KmeansBatchCount {
        /// Problems in the table.
        problems,
    }

    /// Of `kmeans/batch_partials`.
    KmeansBatchPartialsParams for KmeansBatchPartials {
        /// Problems in the table.
        problems,
        /// Features, d.
        features,
        /// The part's first row in the whole matrix.
        part_first,
        /// The row after the part's last one.
        part_end,
        /// 1 for the first part.
        is_first,
    }

    /// Of `kmeans/batch_scan`.
    KmeansBatchScanParams for KmeansBatchScan {
        /// Problems in the table.
        problems,
        /// 0 where each block of rows has sums of each cluster.
        is_sorted,
    }

    /// Of `kmeans/batch_starts`.
    KmeansBatchStartsParams for KmeansBatchStarts {
        /// Problems in the table.
        problems,
    }

    /// Of `kmeans/batch_place`.
    KmeansBatchPlaceParams for KmeansBatchPlace {
        /// Problems in the table.
        problems,
    }

    /// Of `kmeans/batch_sums`.
    KmeansBatchSumsParams for KmeansBatchSums {
        /// Problems in the table.
        problems,
        /// Features, d.
        features,
        /// The part's first row in the whole matrix.
        part_first,
        /// The row after the part's last one.
        part_end,
        /// 1 for the first part.
        is_first,
    }

    /// Of `kmeans/batch_repair`.
    KmeansBatchRepairParams for KmeansBatchRepair {
        /// Features, d.
        features,
        /// Rows that one dispatch looks at, about.
        most_rows,
    }

    /// Of `kmeans/batch_gather`.
    KmeansBatchGatherParams for KmeansBatchGather {
        /// Problems in the table.
        problems,
        /// Features, d.
        features,
        /// The part's first row in the whole matrix.
        part_first,
        /// The row after the part's last one.
        part_end,
    }

    /// Of `kmeans/batch_centroids`.
    KmeansBatchCentroidsParams for KmeansBatchCentroids {
        /// Problems in the table.
        problems,
        /// Features, d.
        features,
    }

    /// Of `kmeans/batch_status`.
    KmeansBatchStatusParams for KmeansBatchStatus {
        /// Problems in the table.
        problems,
    }

    /// Of `kmeans/batch_inertia`.
    KmeansBatchInertiaParams for KmeansBatchInertia {
        /// Problems in the table.
        problems,
    }

    /// Of `kmeans/plus_plus_pick`.
    KmeansPlusPlusPickParams for KmeansPlusPlusPick {
        /// Seedings that still want a centre.
        seedings,
        /// Which centre this is.
        step,
    }

    /// Of `kmeans/plus_plus_gather`.
    KmeansPlusPlusGatherParams for KmeansPlusPlusGather {
        /// Features, d.
        features,
        /// Which centre this is.
        step,
        /// The part's first row in the whole matrix.
        part_first,
        /// The row after the part's last one.
        part_end,
    }

    /// Of `kmeans/plus_plus_distances`.
    KmeansPlusPlusDistancesParams for KmeansPlusPlusDistances {
        /// Seedings that still want a centre.
        seedings,
        /// Features, d.
        features,
        /// Which centre this is.
        step,
        /// The part's first row in the whole matrix.
        part_first,
        /// The row after the part's last one.
        part_end,
    }

    /// Of `kmeans/plus_plus_potentials`.
    KmeansPlusPlusPotentialsParams for KmeansPlusPlusPotentials {
        /// Seedings that still want a centre.
        seedings,
        /// Which centre this is.
        step,
    }

    /// Of `kmeans/plus_plus_choose`.
    KmeansPlusPlusChooseParams for KmeansPlusPlusChoose {
        /// Seedings that still want a centre.
        seedings,
        /// Which centre this is.
        step,
    }

    /// Of `kmeans/plus_plus_accept`.
    KmeansPlusPlusAcceptParams for KmeansPlusPlusAccept {
        /// Seedings that still want a centre.
        seedings,
        /// 1 before the first centre.
        is_start,
    }

    /// Of `kmeans/parallel_accept`.
    KmeansParallelAcceptParams for KmeansParallelAccept {
        /// Rows.
        rows,
        /// The number of the first new candidate.
        first_candidate,
        /// 0 where every row weighs 1.
        has_weights,
    }

    /// Of `kmeans/parallel_draw`.
    KmeansParallelDrawParams for KmeansParallelDraw {
        /// Rows.
        rows,
        /// 0 where every row weighs 1.
        has_weights,
        /// The round, from 1.
        round,
        /// The seed's lower half.
        seed_low,
        /// The seed's upper half.
        seed_high,
        /// The bits of a float: rows wanted over the sum of all weighted distances.
        scale,
    }

    /// Of `kmeans/parallel_weigh`.
    KmeansParallelWeighParams for KmeansParallelWeigh {
        /// Rows.
        rows,
        /// 0 where every row weighs 1.
        has_weights,
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
        /// 1 where nothing was added to the sums yet.
        is_first,
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
        /// 1 where nothing was counted yet.
        is_first,
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
