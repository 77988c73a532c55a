//!import shared/groups
//!import shared/tile
//!import metric

// Distances of rows of a from rows of b, [n, m], of many problems at once: each takes ranges of rows and
// has a matrix of its own in the output. One workgroup a tile of a problem's matrix.

struct PairwiseDistancesParams {
    // Problems, at least 1.
    problems: u32,
    // Values of a row.
    features: u32,
    // Bits of a row, where the metric compares bits.
    bits: u32,
}

// Of this part of a, of b and of the output.
struct PairwiseProblem {
    a_first: u32,
    a_end: u32,
    b_first: u32,
    b_end: u32,
    // Where the pair of a_first and b_first goes, and the output's columns.
    out_first: u32,
    out_columns: u32,
    // Tiles of the problems before this one.
    tile_first: u32,
}

@group(0) @binding(1) var<uniform> params: PairwiseDistancesParams;
@group(0) @binding(2) var<storage, read> a: array<Value>;
@group(0) @binding(3) var<storage, read> b: array<Value>;
@group(0) @binding(4) var<storage, read_write> distances: array<f32>;
@group(0) @binding(5) var<storage, read> problems: array<PairwiseProblem>;

var<private> problem: PairwiseProblem;

fn a_at(index: u32) -> Value {
    return a[index];
}

fn b_at(index: u32) -> Value {
    return b[index];
}

fn load_a(row: u32, d: u32) -> Value {
    if row >= problem.a_end || d >= params.features {
        return Value();
    }
    return metric_a(a_at(row * params.features + d), row);
}

fn load_b(column: u32, d: u32) -> Value {
    if column >= problem.b_end || d >= params.features {
        return Value();
    }
    return metric_b(b_at(column * params.features + d), column);
}

// The last problem that begins at this tile or before: every problem has a tile.
fn problem_at(tile: u32) -> u32 {
    var low = 0u;
    var high = params.problems;
    while high - low > 1u {
        let middle = (low + high) / 2u;
        if problems[middle].tile_first <= tile {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

// Neighbours write neighbouring columns.
fn store(row: u32, columns: vec4<u32>, sums: Value4) {
    if row >= problem.a_end {
        return;
    }
    let values = metric_finish(sums, row, min(columns, vec4<u32>(problem.b_end - 1u)));
    let at = problem.out_first + (row - problem.a_first) * problem.out_columns + columns - problem.b_first;
    if columns.x < problem.b_end {
        distances[at.x] = values.x;
    }
    if columns.y < problem.b_end {
        distances[at.y] = values.y;
    }
    if columns.z < problem.b_end {
        distances[at.z] = values.z;
    }
    if columns.w < problem.b_end {
        distances[at.w] = values.w;
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
    problem = problems[problem_at(group)];
    let tile = group - problem.tile_first;
    let column_tiles = (problem.b_end - problem.b_first + 4u * tx_count - 1u) / (4u * tx_count);
    let first_a = problem.a_first + tile / column_tiles * 4u * ty_count;
    let first_b = problem.b_first + tile % column_tiles * 4u * tx_count;
    let block = tile_sums(local.xy, first_a, first_b, params.features);
    let columns = tile_columns(local.xy, first_b);
    let row = first_a + local.y;
    store(row, columns, block.row_0);
    store(row + ty_count, columns, block.row_1);
    store(row + 2u * ty_count, columns, block.row_2);
    store(row + 3u * ty_count, columns, block.row_3);
}
