//!import shared/groups
//!import shared/seeding

// Copies the candidates' rows out of the part of x that holds them. One workgroup a slot.

struct KmeansPlusPlusGatherParams {
    features: u32,
    // Which centre this is.
    step: u32,
    // The rows of x in this part.
    part_first: u32,
    part_end: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansPlusPlusGatherParams;
@group(0) @binding(3) var<storage, read> x: array<f32>;
@group(0) @binding(4) var<storage, read> candidates: array<u32>;
@group(0) @binding(5) var<storage, read_write> candidate_rows: array<f32>;

override threads: u32 = 64u;

fn x_at(index: u32) -> f32 {
    return x[index];
}

@compute @workgroup_size(threads)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let slot = group_index(id, count);
    if slot >= groups.end || slot % SLOTS >= trials_of(slot / SLOTS, params.step) {
        return;
    }
    let row = seedings[slot / SLOTS].first + candidates[slot];
    if row < params.part_first || row >= params.part_end {
        return;
    }
    let first = (row - params.part_first) * params.features;
    for (var d = local.x; d < params.features; d += threads) {
        candidate_rows[slot * params.features + d] = x_at(first + d);
    }
}
