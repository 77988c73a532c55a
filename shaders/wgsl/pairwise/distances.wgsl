//!import shared/groups
//!import shared/tile
//!import metric

// Distances of rows of a from rows of b, [n, m]. One workgroup a tile of the output.

struct PairwiseDistancesParams {
    // The rows of a taken: a_first to a_end.
    a_first: u32,
    a_end: u32,
    b_rows: u32,
    features: u32,
    // Where row a_first and column 0 of b go in the output, and the output's columns.
    out_row: u32,
    out_column: u32,
    out_columns: u32,
}

@group(0) @binding(1) var<uniform> params: PairwiseDistancesParams;
@group(0) @binding(2) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read_write> distances: array<f32>;

fn load_a(row: u32, d: u32) -> f32 {
    if row >= params.a_end || d >= params.features {
        return 0.0;
    }
    return metric_a(a[row * params.features + d], row);
}

fn load_b(column: u32, d: u32) -> f32 {
    if column >= params.b_rows || d >= params.features {
        return 0.0;
    }
    return metric_b(b[column * params.features + d], column);
}

fn store(row: u32, columns: vec4<u32>, sums: vec4<f32>) {
    if row >= params.a_end {
        return;
    }
    let last = vec4<u32>(params.b_rows - 1u);
    let values = metric_finish(sums, row, min(columns, last));
    let first = (row - params.a_first + params.out_row) * params.out_columns + params.out_column;
    for (var j = 0u; j < 4u; j++) {
        if columns[j] < params.b_rows {
            distances[first + columns[j]] = values[j];
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
    let column_tiles = (params.b_rows + 4u * tx_count - 1u) / (4u * tx_count);
    let first_a = params.a_first + group / column_tiles * 4u * ty_count;
    let first_b = group % column_tiles * 4u * tx_count;
    let block = tile_sums(local.xy, first_a, first_b, params.features);
    let columns = tile_columns(local.xy, first_b);
    let row = first_a + local.y;
    store(row, columns, block.row_0);
    store(row + ty_count, columns, block.row_1);
    store(row + 2u * ty_count, columns, block.row_2);
    store(row + 3u * ty_count, columns, block.row_3);
}
