//!import shared/groups
//!import shared/tile
//!import metric
//!import shared/nearest
//!import shared/problem
//!import shared/problem_of

// The nearest centroids of the rows that batch_products left open, as batch_assign finds them. Mostly few: a problem's
// workgroups, as many as its tiles there, take a few rows each in turn until the list is done; rows in other parts of x are
// left to the dispatches over those parts.

struct KmeansBatchSettleParams {
    problems: u32,
    features: u32,
    // The rows of x in this part.
    part_first: u32,
    part_end: u32,
    // 1 for the labels of the final centroids, when all problems are done.
    is_final: u32,
    // Where the lists begin, behind the problems' counts.
    lists_at: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansBatchSettleParams;
@group(0) @binding(3) var<storage, read> states: array<State>;
@group(0) @binding(4) var<storage, read> x: array<f32>;
@group(0) @binding(5) var<storage, read> centroids: array<f32>;
@group(0) @binding(6) var<storage, read_write> labels: array<u32>;
// By problem.
@group(0) @binding(7) var<storage, read_write> changed: array<atomic<u32>>;
@group(0) @binding(8) var<storage, read> open_rows: array<u32>;

// Rows of a tile of batch_products.
const TILE_ROWS: u32 = 64u;

// Of this workgroup: its rows in the problem, NONE where there is none in this part; and its problem's centroids.
var<workgroup> sh_row: array<u32, 4u * ty_count>;
var<private> row_offset: u32;
var<private> k: u32;
var<private> centroid_offset: u32;

fn x_at(index: u32) -> f32 {
    return x[index];
}

fn groups_before(index: u32) -> u32 {
    return problems[index].tile_groups;
}

fn load_a(place: u32, d: u32) -> f32 {
    let row = sh_row[place];
    if row == NONE || d >= params.features {
        return 0.0;
    }
    return metric_a(x_at((row_offset + row) * params.features + d), row);
}

fn load_b(column: u32, d: u32) -> f32 {
    if column >= k || d >= params.features {
        return 0.0;
    }
    return metric_b(centroids[(centroid_offset + column) * params.features + d], column);
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
    let problem = problems[problem_of(group, params.problems)];
    if params.is_final == 0u && states[problem.id].phase != WORKING {
        return;
    }
    let open = open_rows[problem.id];
    k = problem.k;
    centroid_offset = problem.cluster_at;
    row_offset = problem.first - params.part_first;
    let own_first = (group - problem.tile_groups) * 4u * ty_count;
    let stride = (problem.rows + TILE_ROWS - 1u) / TILE_ROWS * 4u * ty_count;
    for (var first = own_first; first < open; first += stride) {
        workgroupBarrier();
        let slot = local.y * tx_count + local.x;
        if slot < 4u * ty_count {
            var row = NONE;
            if first + slot < open {
                row = open_rows[params.lists_at + problem.row_at + first + slot];
                let in_x = problem.first + row;
                row = select(NONE, row, in_x >= params.part_first && in_x < params.part_end);
            }
            sh_row[slot] = row;
        }
        workgroupBarrier();

        let best = nearest_columns(local.xy, 0u, problem.k, params.features);
        var own = array<Nearest, 4>(best.row_0, best.row_1, best.row_2, best.row_3);
        for (var i = 0u; i < 4u; i++) {
            let nearest = nearest_of_row(local.xy, own[i]);
            let row = sh_row[local.y + i * ty_count];
            if local.x == 0u && row != NONE {
                let at = problem.row_at + row;
                if labels[at] != nearest.column {
                    // Integers add up to the same in any order.
                    atomicAdd(&changed[problem.id], 1u);
                }
                labels[at] = nearest.column;
            }
        }
    }
}
