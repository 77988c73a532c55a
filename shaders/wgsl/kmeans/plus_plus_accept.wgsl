//!import shared/groups

// Takes over the winner's distances, and sums them over blocks of rows. One workgroup a block, one
// invocation a row.

struct KmeansPlusPlusAcceptParams {
    // Of this part of x.
    rows: u32,
    // The part's first row in the whole matrix.
    row_offset: u32,
    trials: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansPlusPlusAcceptParams;
// [rows of the part, trials]
@group(0) @binding(2) var<storage, read> candidate_nearest: array<f32>;
@group(0) @binding(3) var<storage, read> winner: array<u32>;
@group(0) @binding(4) var<storage, read_write> nearest: array<f32>;
@group(0) @binding(5) var<storage, read_write> block_sums: array<f32>;

override threads: u32 = 256u;

var<workgroup> sh_sum: array<f32, threads>;

@compute @workgroup_size(threads)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let group = group_index(id, count);
    if group >= groups.end {
        return;
    }
    let row = group * threads + local.x;
    var value = 0.0;
    if row < params.rows {
        value = candidate_nearest[row * params.trials + winner[0]];
        nearest[params.row_offset + row] = value;
    }
    sh_sum[local.x] = value;
    for (var half = threads / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local.x < half {
            sh_sum[local.x] += sh_sum[local.x + half];
        }
    }
    if local.x == 0u {
        block_sums[params.row_offset / threads + group] = sh_sum[0];
    }
}
