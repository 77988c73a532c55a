//!import shared/groups

// Adds the blocks of kmeans/update in order. One invocation a sum.

struct KmeansUpdateReduceParams {
    blocks: u32,
    features: u32,
    k: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansUpdateReduceParams;
@group(0) @binding(2) var<storage, read> block_sums: array<f32>;
@group(0) @binding(3) var<storage, read> block_counts: array<u32>;
@group(0) @binding(4) var<storage, read_write> sums: array<f32>;
@group(0) @binding(5) var<storage, read_write> counts: array<u32>;

override threads: u32 = 64u;

@compute @workgroup_size(threads)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let group = group_index(id, count);
    let at = group * threads + local.x;
    let size = params.k * params.features;
    if group >= groups.end || at >= size {
        return;
    }
    var sum = 0.0;
    for (var block = 0u; block < params.blocks; block++) {
        sum += block_sums[block * size + at];
    }
    sums[at] = sum;
    if at < params.k {
        var rows = 0u;
        for (var block = 0u; block < params.blocks; block++) {
            rows += block_counts[block * params.k + at];
        }
        counts[at] = rows;
    }
}
