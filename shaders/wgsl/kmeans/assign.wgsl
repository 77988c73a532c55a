//!import shared/groups
//!import shared/tile
//!import metric
//!import shared/nearest

// Each row's nearest centroid, ties to the lowest, without an n x k matrix: the arg-min runs along in
// registers over the tiles of centroids. One workgroup 4 * ty_count rows.

struct KmeansAssignParams {
    // Of this part of x.
    rows: u32,
    features: u32,
    k: u32,
    // The part's first row in the whole matrix.
    row_offset: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansAssignParams;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> centroids: array<f32>;
@group(0) @binding(4) var<storage, read_write> labels: array<u32>;
@group(0) @binding(5) var<storage, read_write> distances: array<f32>;
// One a workgroup: labels that differ from before, and the sum of squared distances.
@group(0) @binding(6) var<storage, read_write> changed: array<u32>;
@group(0) @binding(7) var<storage, read_write> inertia: array<f32>;

fn load_a(row: u32, d: u32) -> f32 {
    if row >= params.rows || d >= params.features {
        return 0.0;
    }
    return metric_a(x[row * params.features + d], row);
}

fn load_b(column: u32, d: u32) -> f32 {
    if column >= params.k || d >= params.features {
        return 0.0;
    }
    return metric_b(centroids[column * params.features + d], column);
}

@compute @workgroup_size(tx_count, ty_count)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let group = group_index(id, count);
    if group >= groups.end {
        return;
    }
    let first = group * 4u * ty_count;
    let best = nearest_columns(local.xy, first, params.k, params.features);
    var own = array<Nearest, 4>(best.row_0, best.row_1, best.row_2, best.row_3);
    let slot = local.y * tx_count + local.x;
    var sum = 0.0;
    var differing = 0u;
    for (var i = 0u; i < 4u; i++) {
        let nearest = nearest_of_row(local.xy, own[i]);
        let row = first + local.y + i * ty_count;
        if local.x == 0u && row < params.rows {
            let at = params.row_offset + row;
            differing += select(0u, 1u, labels[at] != nearest.column);
            labels[at] = nearest.column;
            distances[at] = nearest.distance;
            sum += nearest.distance;
        }
    }

    workgroupBarrier();
    if local.x == 0u {
        sh_distance[local.y] = sum;
        sh_column[local.y] = differing;
    }
    workgroupBarrier();
    if slot == 0u {
        for (var t = 1u; t < ty_count; t++) {
            sum += sh_distance[t];
            differing += sh_column[t];
        }
        let at = params.row_offset / (4u * ty_count) + group;
        inertia[at] = sum;
        changed[at] = differing;
    }
}
