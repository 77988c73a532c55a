//!import shared/groups
//!import shared/problem
//!import shared/problem_of
//!import shared/two_float

// Sums of the rows of each run: consecutive places in the order by label, of one cluster. One workgroup a
// run and a strip of features, one invocation a feature. The order's rows rise, so the parts of x, one
// after the other, add them in the same order as one part would.

struct KmeansBatchSumsParams {
    problems: u32,
    features: u32,
    // The rows of x in this part.
    part_first: u32,
    part_end: u32,
    // 1 for the first part.
    is_first: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansBatchSumsParams;
@group(0) @binding(3) var<storage, read> states: array<State>;
@group(0) @binding(4) var<storage, read> x: array<f32>;
@group(0) @binding(5) var<storage, read> weights: array<f32>;
@group(0) @binding(6) var<storage, read> starts: array<vec2<u32>>;
@group(0) @binding(7) var<storage, read> order: array<u32>;
// [runs, d + 1]: the weighted sums of the features, and of the weights.
@group(0) @binding(8) var<storage, read_write> sums: array<vec2<f32>>;

override threads: u32 = 64u;

fn x_at(index: u32) -> f32 {
    return x[index];
}

fn groups_before(index: u32) -> u32 {
    return problems[index].run_groups;
}

// The cluster of a run: the last one that begins at or before it.
fn cluster_of(run: u32, start_at: u32, k: u32) -> u32 {
    var low = 0u;
    var high = k;
    while high - low > 1u {
        let middle = (low + high) / 2u;
        if starts[start_at + middle].y <= run {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
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
    let run = (group - problem.run_groups) / strips;
    let feature = (group - problem.run_groups) % strips * threads + local.x;
    if feature > params.features || run >= starts[problem.start_at + problem.k].y {
        return;
    }
    let cluster = cluster_of(run, problem.start_at, problem.k);
    let start = starts[problem.start_at + cluster];
    let first = start.x + (run - start.y) * problem.run_rows;
    let end = min(starts[problem.start_at + cluster + 1u].x, first + problem.run_rows);

    let at = (problem.run_at + run) * (params.features + 1u) + feature;
    var sum = vec2<f32>(0.0);
    if params.is_first == 0u {
        sum = sums[at];
    }
    for (var place = first; place < end; place++) {
        let row = order[problem.row_at + place];
        let in_x = problem.first + row;
        if in_x < params.part_first || in_x >= params.part_end {
            continue;
        }
        var value = 1.0;
        if feature < params.features {
            value = x_at((in_x - params.part_first) * params.features + feature);
        }
        if problem.weight_at != NONE {
            value *= weights[problem.weight_at + row];
        }
        sum = add_value(sum, value);
    }
    sums[at] = sum;
}
