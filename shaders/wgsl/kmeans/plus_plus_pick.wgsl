//!import shared/groups

// Draws the candidates of a step of k-means++: rows with probability in proportion to their squared
// distance to the nearest centre, by prefix sums over chunks of blocks, blocks and rows.
// One workgroup; one invocation a candidate.

struct KmeansPlusPlusPickParams {
    rows: u32,
    blocks: u32,
    trials: u32,
    // Where this step's numbers are in uniforms.
    uniforms_at: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansPlusPlusPickParams;
@group(0) @binding(2) var<storage, read> uniforms: array<f32>;
@group(0) @binding(3) var<storage, read> block_sums: array<f32>;
@group(0) @binding(4) var<storage, read> nearest: array<f32>;
@group(0) @binding(5) var<storage, read_write> candidates: array<u32>;

// Rows of a block, and chunks of blocks.
override block_rows: u32 = 256u;
override threads: u32 = 256u;

var<workgroup> sh_sum: array<f32, threads>;

@compute @workgroup_size(threads)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    if group_index(id, count) >= groups.end {
        return;
    }
    let chunk = (params.blocks + threads - 1u) / threads;
    var sum = 0.0;
    for (var block = local.x * chunk; block < min(params.blocks, (local.x + 1u) * chunk); block++) {
        sum += block_sums[block];
    }
    sh_sum[local.x] = sum;
    workgroupBarrier();
    if local.x >= params.trials {
        return;
    }

    var total = 0.0;
    for (var t = 0u; t < threads; t++) {
        total += sh_sum[t];
    }
    // Rounding can leave the target beyond the last sum: then the last row with weight is taken, at
    // each of the three levels.
    var left = uniforms[params.uniforms_at + local.x] * total;
    var at_chunk = 0u;
    for (var t = 0u; t < threads; t++) {
        let weight = sh_sum[t];
        if weight > 0.0 {
            at_chunk = t;
            if left < weight {
                break;
            }
            left -= weight;
        }
    }
    left = within(left, sh_sum[at_chunk]);
    var at_block = at_chunk * chunk;
    for (var block = at_chunk * chunk; block < min(params.blocks, (at_chunk + 1u) * chunk); block++) {
        let weight = block_sums[block];
        if weight > 0.0 {
            at_block = block;
            if left < weight {
                break;
            }
            left -= weight;
        }
    }
    left = within(left, block_sums[at_block]);
    var at_row = at_block * block_rows;
    for (var row = at_block * block_rows; row < min(params.rows, (at_block + 1u) * block_rows); row++) {
        let weight = nearest[row];
        if weight > 0.0 {
            at_row = row;
            if left < weight {
                break;
            }
            left -= weight;
        }
    }
    candidates[local.x] = at_row;
}

// A target that ran past the end points at the end of the last stretch again.
fn within(left: f32, weight: f32) -> f32 {
    return min(left, weight);
}
