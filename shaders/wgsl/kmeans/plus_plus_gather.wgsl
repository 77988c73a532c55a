//!import shared/groups

// Copies the candidates' rows out of the part of x that holds them. One workgroup a candidate.

struct KmeansPlusPlusGatherParams {
    // Of this part of x.
    rows: u32,
    features: u32,
    // The part's first row in the whole matrix.
    row_offset: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansPlusPlusGatherParams;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> candidates: array<u32>;
@group(0) @binding(4) var<storage, read_write> candidate_rows: array<f32>;

override threads: u32 = 64u;

@compute @workgroup_size(threads)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let trial = group_index(id, count);
    if trial >= groups.end {
        return;
    }
    let row = candidates[trial];
    if row < params.row_offset || row >= params.row_offset + params.rows {
        return;
    }
    let first = (row - params.row_offset) * params.features;
    for (var d = local.x; d < params.features; d += threads) {
        candidate_rows[trial * params.features + d] = x[first + d];
    }
}
