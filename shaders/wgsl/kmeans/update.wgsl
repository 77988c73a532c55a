//!import shared/groups

// Sums and counts by label over blocks of rows, without atomics: one invocation adds one feature of the
// rows of a block, in order. One workgroup a block and a run of features.

struct KmeansUpdateParams {
    // Of this part of x.
    rows: u32,
    features: u32,
    k: u32,
    // The part's first row in the whole matrix.
    row_offset: u32,
    block_rows: u32,
    // The part's first block among all.
    block_offset: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansUpdateParams;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> labels: array<u32>;
// [blocks, k, d] and [blocks, k]
@group(0) @binding(4) var<storage, read_write> block_sums: array<f32>;
@group(0) @binding(5) var<storage, read_write> block_counts: array<u32>;

override threads: u32 = 64u;

@compute @workgroup_size(threads)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let group = group_index(id, count);
    let runs = (params.features + threads - 1u) / threads;
    let feature = group % runs * threads + local.x;
    if group >= groups.end || feature >= params.features {
        return;
    }
    let block = group / runs;
    let counts_at = (params.block_offset + block) * params.k;
    let sums_at = counts_at * params.features + feature;
    for (var c = 0u; c < params.k; c++) {
        block_sums[sums_at + c * params.features] = 0.0;
        if feature == 0u {
            block_counts[counts_at + c] = 0u;
        }
    }
    let end = min(params.rows, (block + 1u) * params.block_rows);
    for (var row = block * params.block_rows; row < end; row++) {
        let label = labels[params.row_offset + row];
        block_sums[sums_at + label * params.features] += x[row * params.features + feature];
        if feature == 0u {
            block_counts[counts_at + label] += 1u;
        }
    }
}
