//!import shared/groups
//!import shared/part
//!import shared/tile
//!import metric
//!import shared/nearest
//!import shared/problem
//!import shared/problem_of

// Each row's nearest centroid in a batch of problems, and how many labels changed. One workgroup a tile of
// 4 * ty_count rows of one problem; rows in other parts of x are left to the dispatches over those parts.

struct KmeansBatchAssignParams {
    problems: u32,
    features: u32,
    // The rows of x in this part.
    part_first: u32,
    part_end: u32,
    // 1 for the labels of the final centroids, when all problems are done.
    is_final: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansBatchAssignParams;
@group(0) @binding(3) var<storage, read> states: array<State>;
@group(0) @binding(4) var<storage, read> x: array<f32>;
@group(0) @binding(5) var<storage, read> centroids: array<f32>;
@group(0) @binding(6) var<storage, read_write> labels: array<u32>;
@group(0) @binding(7) var<storage, read_write> distances: array<f32>;
// By problem.
@group(0) @binding(8) var<storage, read_write> changed: array<atomic<u32>>;

// Of this workgroup's problem: its first row in x, those of its rows that are in this part, and its
// centroids.
var<private> row_offset: u32;
var<private> first_here: u32;
var<private> end_here: u32;
var<private> k: u32;
var<private> centroid_offset: u32;

fn x_at(index: u32) -> f32 {
    return x[index];
}

fn groups_before(index: u32) -> u32 {
    return problems[index].tile_groups;
}

fn is_here(row: u32) -> bool {
    return row >= first_here && row < end_here;
}

fn load_a(row: u32, d: u32) -> f32 {
    if !is_here(row) || d >= params.features {
        return 0.0;
    }
    return metric_a(x_at((row_offset + row - params.part_first) * params.features + d), row);
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
    let first = (group - problem.tile_groups) * 4u * ty_count;
    let here = rows_in_part(problem.first, problem.rows, params.part_first, params.part_end);
    if max(first, here.x) >= min(first + 4u * ty_count, here.y) {
        return;
    }
    row_offset = problem.first;
    first_here = here.x;
    end_here = here.y;
    k = problem.k;
    centroid_offset = problem.cluster_at;

    let best = nearest_columns(local.xy, first, problem.k, params.features);
    var own = array<Nearest, 4>(best.row_0, best.row_1, best.row_2, best.row_3);
    var differing = 0u;
    for (var i = 0u; i < 4u; i++) {
        let nearest = nearest_of_row(local.xy, own[i]);
        let row = first + local.y + i * ty_count;
        if local.x == 0u && is_here(row) {
            let at = problem.row_at + row;
            differing += select(0u, 1u, labels[at] != nearest.column);
            labels[at] = nearest.column;
            distances[at] = nearest.distance;
        }
    }

    workgroupBarrier();
    if local.x == 0u {
        sh_column[local.y] = differing;
    }
    workgroupBarrier();
    if local.x == 0u && local.y == 0u {
        for (var t = 1u; t < ty_count; t++) {
            differing += sh_column[t];
        }
        // Integers add up to the same in any order.
        atomicAdd(&changed[problem.id], differing);
    }
}
