//!import shared/groups

// Row i of x becomes row places[i] of the output. Places outside this part of the output are left to the other
// parts' dispatches.

struct RowsScatterParams {
    rows: u32,
    features: u32,
    row_offset: u32,
    out_first: u32,
    out_end: u32,
}

@group(0) @binding(1) var<uniform> params: RowsScatterParams;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> places: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

override threads: u32 = 256u;
override each: u32 = 16u;

fn x_at(index: u32) -> f32 {
    return x[index];
}

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
    for (var step = 0u; step < each; step++) {
        let at = (group * each + step) * threads + local.x;
        if at >= params.rows * params.features {
            return;
        }
        let place = places[params.row_offset + at / params.features];
        if place >= params.out_first && place < params.out_end {
            out[(place - params.out_first) * params.features + at % params.features] = x_at(at);
        }
    }
}
