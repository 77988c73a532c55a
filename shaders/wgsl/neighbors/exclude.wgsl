//!import shared/groups

// Puts the items that a query must not get out of reach. One invocation a pair.

struct NeighborsExcludeParams {
    pairs: u32,
    // The items in the strip: item_first to item_end.
    item_first: u32,
    item_end: u32,
    // Where item_first is, and the strip's columns.
    column: u32,
    columns: u32,
}

@group(0) @binding(1) var<uniform> params: NeighborsExcludeParams;
// The pairs: rows of the strip, and items.
@group(0) @binding(2) var<storage, read> rows: array<u32>;
@group(0) @binding(3) var<storage, read> items: array<u32>;
@group(0) @binding(4) var<storage, read_write> strip: array<f32>;

override threads: u32 = 64u;

@compute @workgroup_size(threads)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let group = group_index(id, count);
    let pair = group * threads + local.x;
    if group >= groups.end || pair >= params.pairs {
        return;
    }
    let item = items[pair];
    if item >= params.item_first && item < params.item_end {
        let column = params.column + item - params.item_first;
        strip[rows[pair] * params.columns + column] = HUGE;
    }
}
