//!import shared/groups
//!import shared/seeding
//!import shared/philox

// Draws the candidates of a step of k-means++: rows with probability in proportion to their weight times
// their squared distance to the nearest centre, by prefix sums over chunks of blocks, blocks and rows. The
// first candidate has no centre before it: rows are drawn by weight, or uniformly. One workgroup a seeding;
// one invocation a candidate.

struct KmeansPlusPlusPickParams {
    seedings: u32,
    // Which centre this is.
    step: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansPlusPlusPickParams;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read> block_sums: array<f32>;
@group(0) @binding(5) var<storage, read> nearest: array<f32>;
@group(0) @binding(6) var<storage, read> centres: array<u32>;
// By seeding, SLOTS each.
@group(0) @binding(7) var<storage, read_write> candidates: array<u32>;

// Chunks of blocks.
override threads: u32 = 256u;

var<workgroup> sh_sum: array<f32, threads>;

fn weight_of(seeding: Seeding, row: u32) -> f32 {
    var weight = 1.0;
    if seeding.weight_at != NONE {
        weight = weights[seeding.weight_at + row];
    }
    if params.step > 0u {
        weight *= nearest[seeding.row_at + row];
    }
    return weight;
}

@compute @workgroup_size(threads)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let group = group_index(id, count);
    if group >= min(groups.end, params.seedings) {
        return;
    }
    let seeding = seedings[group];
    let blocks = (seeding.rows + BLOCK_ROWS - 1u) / BLOCK_ROWS;
    let chunk = (blocks + threads - 1u) / threads;
    var sum = 0.0;
    for (var block = local.x * chunk; block < min(blocks, (local.x + 1u) * chunk); block++) {
        sum += block_sums[seeding.block_at + block];
    }
    sh_sum[local.x] = sum;
    workgroupBarrier();
    if local.x >= trials_of(group, params.step) {
        return;
    }
    let word = philox(
        vec4<u32>(local.x, params.step, 0u, 0u),
        vec2<u32>(seeding.seed_low, seeding.seed_high),
    ).x;
    if params.step == 0u && seeding.weight_at == NONE {
        candidates[group * SLOTS] = multiply(word, seeding.rows).y;
        return;
    }

    var total = 0.0;
    for (var t = 0u; t < threads; t++) {
        total += sh_sum[t];
    }
    if total <= 0.0 {
        // Every row is at a centre: there are fewer distinct rows than centres.
        candidates[group * SLOTS + local.x] = centres[seeding.centre_at];
        return;
    }
    // Rounding can leave the target beyond the last sum: then the last row with weight is taken, at
    // each of the three levels.
    var left = f32(word >> 8u) / 16777216.0 * total;
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
    for (var block = at_chunk * chunk; block < min(blocks, (at_chunk + 1u) * chunk); block++) {
        let weight = block_sums[seeding.block_at + block];
        if weight > 0.0 {
            at_block = block;
            if left < weight {
                break;
            }
            left -= weight;
        }
    }
    left = within(left, block_sums[seeding.block_at + at_block]);
    var at_row = at_block * BLOCK_ROWS;
    for (var row = at_block * BLOCK_ROWS; row < min(seeding.rows, (at_block + 1u) * BLOCK_ROWS); row++) {
        let weight = weight_of(seeding, row);
        if weight > 0.0 {
            at_row = row;
            if left < weight {
                break;
            }
            left -= weight;
        }
    }
    candidates[group * SLOTS + local.x] = at_row;
}

// A target that ran past the end points at the end of the last stretch again.
fn within(left: f32, weight: f32) -> f32 {
    return min(left, weight);
}
