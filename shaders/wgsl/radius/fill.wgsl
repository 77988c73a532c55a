//!import shared/groups
//!import shared/scan

// Lists what of each row of a strip of distances is at most the radius, in the order of columns.
// One workgroup a row.

struct RadiusFillParams {
    // The bits of a 32-bit float.
    radius: u32,
    // Of the strip, and how many of them hold a distance.
    columns: u32,
    filled: u32,
    // The item of the first column.
    item_first: u32,
}

@group(0) @binding(1) var<uniform> params: RadiusFillParams;
// [rows, columns]
@group(0) @binding(2) var<storage, read> strip: array<f32>;
// Where each row's list begins.
@group(0) @binding(3) var<storage, read> offsets: array<u32>;
@group(0) @binding(4) var<storage, read_write> items: array<u32>;
@group(0) @binding(5) var<storage, read_write> distances: array<f32>;

override threads: u32 = 256u;

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
    var at = offsets[row];
    for (var base = 0u; base < params.filled; base += threads) {
        let column = base + local.x;
        var distance = 0.0;
        var near = 0u;
        if column < params.filled {
            distance = strip[row * params.columns + column];
            near = select(0u, 1u, distance <= radius);
        }
        let before = scan(local.x, near);
        if near == 1u {
            items[at + before] = params.item_first + column;
            distances[at + before] = distance;
        }
        at += sh_scan[threads - 1u];
    }
}
