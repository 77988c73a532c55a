//!import shared/groups
//!import shared/problem
//!import shared/problem_of
//!import shared/two_float

// Sums of the rows of each block by cluster, for problems of few clusters: their sums lie in workgroup
// memory, and rows need not be sorted. One workgroup a block and a strip of features, one invocation a
// feature, so that none waits for another. The parts of x, one after the other, add rows in the same order
// as one part would.

struct KmeansBatchPartialsParams {
    problems: u32,
    features: u32,
    // The rows of x in this part.
    part_first: u32,
    part_end: u32,
    // 1 for the first part.
    is_first: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansBatchPartialsParams;
@group(0) @binding(3) var<storage, read> states: array<State>;
@group(0) @binding(4) var<storage, read> x: array<f32>;
@group(0) @binding(5) var<storage, read> weights: array<f32>;
@group(0) @binding(6) var<storage, read> labels: array<u32>;
// [blocks, k] of each problem: rows by label.
@group(0) @binding(7) var<storage, read_write> counts: array<u32>;
// [k, blocks, d + 1] of each problem: the weighted sums of the features, and of the weights.
@group(0) @binding(8) var<storage, read_write> sums: array<vec2<f32>>;

override threads: u32 = 64u;
// The most clusters.
override most_k: u32 = 16u;

// By cluster and invocation.
var<workgroup> sh_sum: array<vec2<f32>, most_k * threads>;
// By cluster, of the one invocation that adds the weights.
var<workgroup> sh_count: array<u32, most_k>;

fn x_at(index: u32) -> f32 {
    return x[index];
}

fn groups_before(index: u32) -> u32 {
    return problems[index].run_groups;
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
    if states[problem.id].phase != WORKING {
        return;
    }
    let strips = (params.features + threads) / threads;
    let block = (group - problem.run_groups) / strips;
    let feature = (group - problem.run_groups) % strips * threads + local.x;
    let blocks = (problem.rows + problem.block_rows - 1u) / problem.block_rows;
    if feature > params.features {
        return;
    }
    let is_weight = feature == params.features;
    let counts_at = problem.count_at + block * problem.k;

    for (var c = 0u; c < problem.k; c++) {
        var sum = vec2<f32>(0.0);
        var rows = 0u;
        if params.is_first == 0u {
            sum = sums[(problem.run_at + c * blocks + block) * (params.features + 1u) + feature];
            rows = counts[counts_at + c];
        }
        sh_sum[c * threads + local.x] = sum;
        if is_weight {
            sh_count[c] = rows;
        }
    }
    // In x, and in this part of it.
    let first = problem.first + block * problem.block_rows;
    let end = min(problem.first + problem.rows, first + problem.block_rows);
    for (var in_x = max(first, params.part_first); in_x < min(end, params.part_end); in_x++) {
        let row = in_x - problem.first;
        var value = 1.0;
        if !is_weight {
            value = x_at((in_x - params.part_first) * params.features + feature);
        }
        var weight = 1.0;
        if problem.weight_at != NONE {
            weight = weights[problem.weight_at + row];
            value *= weight;
        }
        if weight > 0.0 {
            let c = labels[problem.row_at + row];
            let slot = c * threads + local.x;
            sh_sum[slot] = add_value(sh_sum[slot], value);
            if is_weight {
                sh_count[c] += 1u;
            }
        }
    }
    for (var c = 0u; c < problem.k; c++) {
        let at = (problem.run_at + c * blocks + block) * (params.features + 1u) + feature;
        sums[at] = sh_sum[c * threads + local.x];
        if is_weight {
            counts[counts_at + c] = sh_count[c];
        }
    }
}
