//!import shared/groups
//!import shared/problem
//!import shared/scan

// Where each cluster's rows begin in the order by label, and its sums: the clusters before it added up. One
// workgroup a problem, an invocation for some consecutive clusters.

struct KmeansBatchStartsParams {
    problems: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansBatchStartsParams;
@group(0) @binding(3) var<storage, read> states: array<State>;
// k + 1 of each problem: rows and sums of each cluster; then first place in the order, first sum.
@group(0) @binding(4) var<storage, read_write> starts: array<vec2<u32>>;

override threads: u32 = 256u;

@compute @workgroup_size(threads)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let group = group_index(id, count);
    if group >= min(groups.end, params.problems) {
        return;
    }
    let problem = problems[group];
    if states[problem.id].phase != WORKING {
        return;
    }
    let chunk = (problem.k + threads - 1u) / threads;
    let first = min(problem.k, local.x * chunk);
    let end = min(problem.k, first + chunk);
    var sum = vec2<u32>(0u);
    for (var c = first; c < end; c++) {
        sum += starts[problem.start_at + c];
    }
    let places = scan(local.x, sum.x);
    let runs = scan(local.x, sum.y);
    var start = vec2<u32>(places, runs);
    for (var c = first; c < end; c++) {
        let own = starts[problem.start_at + c];
        starts[problem.start_at + c] = start;
        start += own;
    }
    if local.x == threads - 1u {
        starts[problem.start_at + problem.k] = start;
    }
}
