//!import shared/groups
//!import shared/problem
//!import shared/problem_of

// Each row's nearest centroid, ties to the lowest, by its distances from all; and how many labels changed.
// One workgroup a row. The second of two steps, where batch_assign would leave most of a device idle.

struct KmeansBatchNearestParams {
    problems: u32,
    // 1 for the labels of the final centroids, when all problems are done.
    is_final: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansBatchNearestParams;
@group(0) @binding(3) var<storage, read> states: array<State>;
// [rows, k] of each problem.
@group(0) @binding(4) var<storage, read> strip: array<f32>;
@group(0) @binding(5) var<storage, read_write> labels: array<u32>;
@group(0) @binding(6) var<storage, read_write> distances: array<f32>;
// By problem.
@group(0) @binding(7) var<storage, read_write> changed: array<atomic<u32>>;

override threads: u32 = 64u;

var<workgroup> sh_distance: array<f32, threads>;
var<workgroup> sh_column: array<u32, threads>;

fn groups_before(index: u32) -> u32 {
    return problems[index].row_groups;
}

@compute @workgroup_size(threads)
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
    let row = group - problem.row_groups;
    let first = problem.strip_at + row * problem.k;
    var distance = HUGE;
    var column = 0u;
    for (var c = local.x; c < problem.k; c += threads) {
        // Columns come in rising order, so a strict comparison keeps the lowest.
        if strip[first + c] < distance {
            distance = strip[first + c];
            column = c;
        }
    }
    sh_distance[local.x] = distance;
    sh_column[local.x] = column;
    for (var half = threads / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local.x < half {
            let other = sh_distance[local.x + half];
            let other_column = sh_column[local.x + half];
            if other < sh_distance[local.x]
                || (other == sh_distance[local.x] && other_column < sh_column[local.x]) {
                sh_distance[local.x] = other;
                sh_column[local.x] = other_column;
            }
        }
    }
    if local.x == 0u {
        let at = problem.row_at + row;
        if labels[at] != sh_column[0] {
            // Integers add up to the same in any order.
            atomicAdd(&changed[problem.id], 1u);
        }
        labels[at] = sh_column[0];
        distances[at] = sh_distance[0];
    }
}
