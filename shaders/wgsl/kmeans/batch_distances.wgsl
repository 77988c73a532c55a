//!import shared/groups
//!import shared/part
//!import shared/problem
//!import shared/problem_of

// |x - c|^2 of each row and the centroid of its label, to the bit as batch_assign has it: the features are added in order;
// and the labels of the rows for which batch_products has handed on two centroids, ties to the lower.
// One workgroup a tile of 64 rows of one problem; rows in other parts of x are left to the dispatches over those parts.

struct KmeansBatchDistancesParams {
    problems: u32,
    features: u32,
    // The rows of x in this part.
    part_first: u32,
    part_end: u32,
    // 1 for the labels of the final centroids, when all problems are done.
    is_final: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansBatchDistancesParams;
@group(0) @binding(3) var<storage, read> states: array<State>;
@group(0) @binding(4) var<storage, read> x: array<f32>;
@group(0) @binding(5) var<storage, read> centroids: array<f32>;
@group(0) @binding(6) var<storage, read_write> labels: array<u32>;
// Floats, in place of the pairs.
@group(0) @binding(7) var<storage, read_write> distances: array<u32>;
// By problem.
@group(0) @binding(8) var<storage, read_write> changed: array<atomic<u32>>;

const ROWS: u32 = 64u;
// Features at a time: neighbours read neighbouring features of a row.
const DEPTH: u32 = 8u;
// Rows of which a feature is read at once.
const AT_ONCE: u32 = 16u;

// By feature; one place more than needed: eight features are written at once, and would meet in the same memory banks.
var<workgroup> sh_difference: array<array<vec2<f32>, 66>, 8>;

fn x_at(index: u32) -> f32 {
    return x[index];
}

fn groups_before(index: u32) -> u32 {
    return problems[index].tile_groups;
}

// The one or two columns of a row.
fn pair_of(at: u32) -> vec2<u32> {
    let pair = distances[at];
    if pair == NONE {
        return vec2<u32>(labels[at]);
    }
    return vec2<u32>(pair & 0xffffu, pair >> 16u);
}

fn load_means(at: vec4<u32>) -> vec4<f32> {
    return vec4<f32>(centroids[at.x], centroids[at.y], centroids[at.z], centroids[at.w]);
}

@compute @workgroup_size(128)
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
    // The tile's rows in this part.
    let tile_first = (group - problem.tile_groups) * ROWS;
    let here = rows_in_part(problem.first, problem.rows, params.part_first, params.part_end);
    let first = max(tile_first, here.x);
    let end = min(tile_first + ROWS, here.y);
    if first >= end {
        return;
    }
    let own_d = local.x % DEPTH;
    let own_row = local.x / DEPTH;
    // Rows outside this part are not written: any others do.
    let own_rows = tile_first + own_row + AT_ONCE * vec4<u32>(0u, 1u, 2u, 3u);
    let rows = clamp(own_rows, vec4<u32>(first), vec4<u32>(end - 1u));
    let rows_at = (problem.first - params.part_first + rows) * params.features;
    let one = pair_of(problem.row_at + rows.x);
    let two = pair_of(problem.row_at + rows.y);
    let three = pair_of(problem.row_at + rows.z);
    let four = pair_of(problem.row_at + rows.w);
    let columns = vec4<u32>(one.x, two.x, three.x, four.x);
    let others = vec4<u32>(one.y, two.y, three.y, four.y);
    let columns_at = (problem.cluster_at + columns) * params.features;
    let others_at = (problem.cluster_at + others) * params.features;
    // From the first and from the second column.
    var sums = vec2<f32>(0.0);
    for (var first_d = 0u; first_d < params.features; first_d += DEPTH) {
        // Beyond the last feature the differences are 0.
        let d = min(first_d + own_d, params.features - 1u);
        let is_feature = first_d + own_d < params.features;
        let row = rows_at + d;
        let values = vec4<f32>(x_at(row.x), x_at(row.y), x_at(row.z), x_at(row.w));
        let first_differences = select(vec4<f32>(0.0), values - load_means(columns_at + d), is_feature);
        let other_differences = select(vec4<f32>(0.0), values - load_means(others_at + d), is_feature);
        workgroupBarrier();
        sh_difference[own_d][own_row] = vec2<f32>(first_differences.x, other_differences.x);
        sh_difference[own_d][own_row + AT_ONCE] = vec2<f32>(first_differences.y, other_differences.y);
        sh_difference[own_d][own_row + 2u * AT_ONCE] = vec2<f32>(first_differences.z, other_differences.z);
        sh_difference[own_d][own_row + 3u * AT_ONCE] = vec2<f32>(first_differences.w, other_differences.w);
        workgroupBarrier();
        for (var i = 0u; i < DEPTH; i++) {
            let difference = sh_difference[i][local.x % ROWS];
            sums = sums + difference * difference;
        }
    }
    let row = tile_first + local.x;
    if local.x < ROWS && row >= first && row < end {
        let at = problem.row_at + row;
        let pair = pair_of(at);
        // The first column is the lower one.
        let is_other = sums.y < sums.x;
        let label = select(pair.x, pair.y, is_other);
        if labels[at] != label {
            // Integers add up to the same in any order.
            atomicAdd(&changed[problem.id], 1u);
            labels[at] = label;
        }
        distances[at] = bitcast<u32>(select(sums.x, sums.y, is_other));
    }
}
