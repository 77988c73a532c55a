//!import shared/groups

// k-means||: what the new candidates change in each row's nearest one, and the weighted sums of squared
// distances over blocks of rows. One workgroup a block, one invocation a row.

struct KmeansParallelAcceptParams {
    rows: u32,
    // The number of the first new candidate; 0 where there are none before.
    first_candidate: u32,
    // 0 where every row weighs 1.
    has_weights: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansParallelAcceptParams;
// Of each row: the nearest of the new candidates, and its squared distance.
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read> distances: array<f32>;
@group(0) @binding(4) var<storage, read> weights: array<f32>;
// The same of all candidates.
@group(0) @binding(5) var<storage, read_write> owners: array<u32>;
@group(0) @binding(6) var<storage, read_write> nearest: array<f32>;
@group(0) @binding(7) var<storage, read_write> block_sums: array<f32>;

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
    var sum = 0.0;
    if row < params.rows {
        // Ties stay with the earlier candidate.
        if params.first_candidate == 0u || distances[row] < nearest[row] {
            owners[row] = params.first_candidate + labels[row];
            nearest[row] = distances[row];
        }
        sum = nearest[row];
        if params.has_weights == 1u {
            sum *= weights[row];
        }
    }
    sh_sum[local.x] = sum;
    for (var half = threads / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local.x < half {
            sh_sum[local.x] += sh_sum[local.x + half];
        }
    }
    if local.x == 0u {
        block_sums[group] = sh_sum[0];
    }
}
