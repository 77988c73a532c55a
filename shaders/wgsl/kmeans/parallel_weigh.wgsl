//!import shared/groups

// k-means||: the weight of the rows whose nearest candidate each one is. One workgroup a candidate.

struct KmeansParallelWeighParams {
    rows: u32,
    has_weights: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansParallelWeighParams;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> owners: array<u32>;
@group(0) @binding(4) var<storage, read_write> candidate_weights: array<f32>;

override threads: u32 = 256u;

var<workgroup> sh_sum: array<f32, threads>;

@compute @workgroup_size(threads)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let candidate = group_index(id, count);
    if candidate >= groups.end {
        return;
    }
    var sum = 0.0;
    for (var row = local.x; row < params.rows; row += threads) {
        if owners[row] == candidate {
            if params.has_weights == 1u {
                sum += weights[row];
            } else {
                sum += 1.0;
            }
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
        candidate_weights[candidate] = sh_sum[0];
    }
}
