//!import shared/groups

// 1 / |x| of each row, 0 for a row of zeros; by way of the largest magnitude, so that squares neither
// overflow nor vanish. One invocation a row.

struct RowsScaleParams {
    rows: u32,
    features: u32,
}

@group(0) @binding(1) var<uniform> params: RowsScaleParams;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> scales: array<f32>;

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
    let group = group_index(id, count);
    let row = group * threads + local.x;
    if group >= groups.end || row >= params.rows {
        return;
    }
    let first = row * params.features;
    var largest = 0.0;
    for (var d = 0u; d < params.features; d++) {
        largest = max(largest, abs(x_at(first + d)));
    }
    var scale = 0.0;
    // Below the smallest normal number a reciprocal would overflow.
    if largest > 1.2e-38 {
        var sum = 0.0;
        for (var d = 0u; d < params.features; d++) {
            let part = x_at(first + d) / largest;
            sum += part * part;
        }
        scale = 1.0 / (largest * sqrt(sum));
    }
    scales[row] = scale;
}
