//!import shared/groups
//!import shared/philox

// k-means||: draws each row on its own, with a chance in proportion to its weight times its squared distance
// to the nearest candidate. The rows come in any order; the host sorts them. One invocation a row.

struct KmeansParallelDrawParams {
    rows: u32,
    has_weights: u32,
    round: u32,
    seed_low: u32,
    seed_high: u32,
    // The bits of a float: rows wanted over the sum of all weighted distances.
    scale: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansParallelDrawParams;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> nearest: array<f32>;
// How many were drawn, and as many of them as there is room for.
@group(0) @binding(4) var<storage, read_write> drawn: atomic<u32>;
@group(0) @binding(5) var<storage, read_write> chosen: array<u32>;

override threads: u32 = 256u;

@compute @workgroup_size(threads)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let group = group_index(id, count);
    let row = group * threads + local.x;
    if group >= groups.end || row >= params.rows {
        return;
    }
    var chance = nearest[row];
    if params.has_weights == 1u {
        chance *= weights[row];
    }
    let seed = vec2<u32>(params.seed_low, params.seed_high);
    let word = philox(vec4<u32>(row, params.round, 0u, 3u), seed).x;
    if f32(word >> 8u) / 16777216.0 < chance * bitcast<f32>(params.scale) {
        let place = atomicAdd(&drawn, 1u);
        if place < arrayLength(&chosen) {
            chosen[place] = row;
        }
    }
}
