//!import shared/groups
//!import shared/tile
//!import metric

// Each row's distance to its own centroid, and the nearest other one, ties to the lowest, without an n x k
// matrix. One workgroup 4 * ty_count rows.

struct SilhouetteSimplifiedParams {
    // Of this part of x.
    rows: u32,
    features: u32,
    // Of this part of the centroids.
    k: u32,
    // The parts' first rows in the whole matrices.
    row_offset: u32,
    centroid_offset: u32,
}

@group(0) @binding(1) var<uniform> params: SilhouetteSimplifiedParams;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> centroids: array<f32>;
@group(0) @binding(4) var<storage, read> labels: array<u32>;
@group(0) @binding(5) var<storage, read_write> own_distances: array<f32>;
// HUGE before the first part of the centroids.
@group(0) @binding(6) var<storage, read_write> other_distances: array<f32>;
@group(0) @binding(7) var<storage, read_write> others: array<u32>;

var<workgroup> sh_distance: array<f32, tx_count * ty_count>;
var<workgroup> sh_column: array<u32, tx_count * ty_count>;

fn x_at(index: u32) -> f32 {
    return x[index];
}

fn centroids_at(index: u32) -> f32 {
    return centroids[index];
}

fn load_a(row: u32, d: u32) -> f32 {
    if row >= params.rows || d >= params.features {
        return 0.0;
    }
    return metric_a(x_at(row * params.features + d), row);
}

fn load_b(column: u32, d: u32) -> f32 {
    if column >= params.k || d >= params.features {
        return 0.0;
    }
    return metric_b(centroids_at(column * params.features + d), column);
}

struct Nearest {
    distance: f32,
    column: u32,
}

// Columns come in rising order, so a strict comparison keeps the lowest.
fn nearer(best: Nearest, row: u32, columns: vec4<u32>, sums: vec4<f32>) -> Nearest {
    if row >= params.rows {
        return best;
    }
    let distances = metric_finish(sums, row, min(columns, vec4<u32>(params.k - 1u)));
    let inside = columns < vec4<u32>(params.k);
    let is_own = inside & (params.centroid_offset + columns == vec4<u32>(labels[params.row_offset + row]));
    if any(is_own) {
        let own = select(vec4<f32>(0.0), distances, is_own);
        own_distances[params.row_offset + row] = own.x + own.y + own.z + own.w;
    }
    let others = select(vec4<f32>(HUGE), distances, inside & !is_own);
    let lowest = min(min(others.x, others.y), min(others.z, others.w));
    let column = select(
        select(columns.w, columns.z, others.z == lowest),
        select(columns.y, columns.x, others.x == lowest),
        min(others.x, others.y) == lowest,
    );
    if lowest < best.distance {
        return Nearest(lowest, column);
    }
    return best;
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
    let row = first + local.y;
    var best_0 = Nearest(HUGE, 0u);
    var best_1 = best_0;
    var best_2 = best_0;
    var best_3 = best_0;
    for (var first_b = 0u; first_b < params.k; first_b += 4u * tx_count) {
        let block = tile_sums(local.xy, first, first_b, params.features);
        let columns = tile_columns(local.xy, first_b);
        best_0 = nearer(best_0, row, columns, block.row_0);
        best_1 = nearer(best_1, row + ty_count, columns, block.row_1);
        best_2 = nearer(best_2, row + 2u * ty_count, columns, block.row_2);
        best_3 = nearer(best_3, row + 3u * ty_count, columns, block.row_3);
    }

    let distances_4 = vec4<f32>(best_0.distance, best_1.distance, best_2.distance, best_3.distance);
    let columns_4 = vec4<u32>(best_0.column, best_1.column, best_2.column, best_3.column);
    let slot = local.y * tx_count + local.x;
    for (var i = 0u; i < 4u; i++) {
        workgroupBarrier();
        sh_distance[slot] = distances_4[i];
        sh_column[slot] = columns_4[i];
        workgroupBarrier();
        let at = row + i * ty_count;
        if local.x == 0u && at < params.rows {
            var best = Nearest(sh_distance[slot], sh_column[slot]);
            for (var t = slot + 1u; t < slot + tx_count; t++) {
                let distance = sh_distance[t];
                let column = sh_column[t];
                if distance < best.distance || (distance == best.distance && column < best.column) {
                    best = Nearest(distance, column);
                }
            }
            // Parts come in rising order, too.
            let to = params.row_offset + at;
            if best.distance < other_distances[to] {
                other_distances[to] = best.distance;
                others[to] = params.centroid_offset + best.column;
            }
        }
    }
}
