//!import shared/groups

// How many of each row of a strip of distances are at most the radius. One workgroup a row.

struct RadiusCountsParams {
    // The bits of a 32-bit float.
    radius: u32,
    // Of the strip, and how many of them hold a distance.
    columns: u32,
    filled: u32,
    // 1 where nothing was counted yet: counts hold anything then.
    is_first: u32,
}

@group(0) @binding(1) var<uniform> params: RadiusCountsParams;
// [rows, columns]
@group(0) @binding(2) var<storage, read> strip: array<f32>;
// One a row, added to.
@group(0) @binding(3) var<storage, read_write> counts: array<u32>;

override threads: u32 = 256u;

var<workgroup> sh_count: array<u32, threads>;

@compute @workgroup_size(threads)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let row = group_index(id, count);
    if row >= groups.end {
        return;
    }
    let radius = bitcast<f32>(params.radius);
    var near = 0u;
    for (var column = local.x; column < params.filled; column += threads) {
        near += select(0u, 1u, strip[row * params.columns + column] <= radius);
    }
    sh_count[local.x] = near;
    for (var half = threads / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local.x < half {
            sh_count[local.x] += sh_count[local.x + half];
        }
    }
    if local.x == 0u {
        counts[row] = sh_count[0] + select(counts[row], 0u, params.is_first == 1u);
    }
}
