//!import shared/groups
//!import shared/tile
//!import metric

// Distances of some queries from some items, [rows, columns], in a strip of bounded size that other
// kernels reduce. One workgroup a tile of it.

struct NeighborsDistancesParams {
    // The rows of a taken, which are the strip's rows.
    a_first: u32,
    a_end: u32,
    // The rows of b taken.
    b_first: u32,
    b_end: u32,
    features: u32,
    // Where row b_first goes, and the strip's columns.
    out_column: u32,
    out_columns: u32,
    // 1 where more is nearer: then the negative is stored.
    is_negated: u32,
}

@group(0) @binding(1) var<uniform> params: NeighborsDistancesParams;
@group(0) @binding(2) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read_write> strip: array<f32>;

fn a_at(index: u32) -> f32 {
    return a[index];
}

fn b_at(index: u32) -> f32 {
    return b[index];
}

fn load_a(row: u32, d: u32) -> f32 {
    if row >= params.a_end || d >= params.features {
        return 0.0;
    }
    return metric_a(a_at(row * params.features + d), row);
}

fn load_b(column: u32, d: u32) -> f32 {
    if column >= params.b_end || d >= params.features {
        return 0.0;
    }
    return metric_b(b_at(column * params.features + d), column);
}

fn store(row: u32, columns: vec4<u32>, sums: vec4<f32>) {
    if row >= params.a_end {
        return;
    }
    let last = vec4<u32>(params.b_end - 1u);
    let distances = metric_finish(sums, row, min(columns, last));
    let values = select(distances, -distances, vec4<bool>(params.is_negated == 1u));
    let first = (row - params.a_first) * params.out_columns + params.out_column;
    for (var j = 0u; j < 4u; j++) {
        if columns[j] < params.b_end {
            strip[first + columns[j] - params.b_first] = values[j];
        }
    }
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
    let column_tiles = (params.b_end - params.b_first + 4u * tx_count - 1u) / (4u * tx_count);
    let first_a = params.a_first + group / column_tiles * 4u * ty_count;
    let first_b = params.b_first + group % column_tiles * 4u * tx_count;
    let block = tile_sums(local.xy, first_a, first_b, params.features);
    let columns = tile_columns(local.xy, first_b);
    let row = first_a + local.y;
    store(row, columns, block.row_0);
    store(row + ty_count, columns, block.row_1);
    store(row + 2u * ty_count, columns, block.row_2);
    store(row + 3u * ty_count, columns, block.row_3);
}
