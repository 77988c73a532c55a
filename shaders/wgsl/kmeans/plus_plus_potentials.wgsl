//!import shared/groups
//!import shared/tile
//!import metric

// What each row's squared distance to the nearest centre would be with each candidate, and its sums over
// blocks of rows. One workgroup a block of 4 * ty_count rows and all (at most 4 * tx_count) candidates.

struct KmeansPlusPlusPotentialsParams {
    // Of this part of x.
    rows: u32,
    features: u32,
    // The part's first row in the whole matrix.
    row_offset: u32,
    trials: u32,
    // 1 for the first centre, when there is no nearest yet.
    is_first: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansPlusPlusPotentialsParams;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> candidate_rows: array<f32>;
@group(0) @binding(4) var<storage, read> nearest: array<f32>;
// [rows of the part, trials]
@group(0) @binding(5) var<storage, read_write> candidate_nearest: array<f32>;
// [blocks, 4 * tx_count]
@group(0) @binding(6) var<storage, read_write> potentials: array<f32>;

var<workgroup> sh_potential: array<f32, 4u * tx_count * ty_count>;

fn load_a(row: u32, d: u32) -> f32 {
    if row >= params.rows || d >= params.features {
        return 0.0;
    }
    return metric_a(x[row * params.features + d], row);
}

fn load_b(column: u32, d: u32) -> f32 {
    if column >= params.trials || d >= params.features {
        return 0.0;
    }
    return metric_b(candidate_rows[column * params.features + d], column);
}

fn keep(row: u32, columns: vec4<u32>, sums: vec4<f32>) -> vec4<f32> {
    if row >= params.rows {
        return vec4<f32>(0.0);
    }
    var values = sums;
    if params.is_first == 0u {
        values = min(values, vec4<f32>(nearest[params.row_offset + row]));
    }
    for (var j = 0u; j < 4u; j++) {
        if columns[j] < params.trials {
            candidate_nearest[row * params.trials + columns[j]] = values[j];
        }
    }
    return values;
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
    let block = tile_sums(local.xy, first, 0u, params.features);
    let columns = tile_columns(local.xy, 0u);
    let row = first + local.y;
    var sum = keep(row, columns, block.row_0);
    sum += keep(row + ty_count, columns, block.row_1);
    sum += keep(row + 2u * ty_count, columns, block.row_2);
    sum += keep(row + 3u * ty_count, columns, block.row_3);
    for (var j = 0u; j < 4u; j++) {
        sh_potential[columns[j] * ty_count + local.y] = sum[j];
    }
    workgroupBarrier();
    let column = local.y * tx_count + local.x;
    if column < 4u * tx_count {
        var potential = 0.0;
        for (var t = 0u; t < ty_count; t++) {
            potential += sh_potential[column * ty_count + t];
        }
        let at = params.row_offset / (4u * ty_count) + group;
        potentials[at * 4u * tx_count + column] = potential;
    }
}
