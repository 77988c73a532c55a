//!import shared/groups

// (b - a) / max(a, b) of each row, from its sums by cluster: a is the mean distance to its own cluster
// without itself, b the least mean distance to another (Rousseeuw 1987). A row alone in its cluster has
// 0. One invocation a row.

struct SilhouetteFinishParams {
    rows: u32,
    k: u32,
    // Where the first row is in the whole matrix.
    row_offset: u32,
}

@group(0) @binding(1) var<uniform> params: SilhouetteFinishParams;
// [rows, k]
@group(0) @binding(2) var<storage, read> sums: array<f32>;
@group(0) @binding(3) var<storage, read> labels: array<u32>;
@group(0) @binding(4) var<storage, read> counts: array<u32>;
@group(0) @binding(5) var<storage, read_write> silhouettes: array<f32>;

override threads: u32 = 64u;

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
    let own = labels[params.row_offset + row];
    var least = HUGE;
    for (var c = 0u; c < params.k; c++) {
        if c != own && counts[c] > 0u {
            least = min(least, sums[row * params.k + c] / f32(counts[c]));
        }
    }
    var value = 0.0;
    if counts[own] > 1u {
        let inner = sums[row * params.k + own] / f32(counts[own] - 1u);
        let larger = max(inner, least);
        if larger > 0.0 {
            value = (least - inner) / larger;
        }
    }
    silhouettes[params.row_offset + row] = value;
}
