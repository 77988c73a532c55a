//!import shared/groups
//!import shared/problem

// Where each cluster's rows begin in the order by label, and its runs; and within a cluster where each
// block's rows begin. One workgroup a problem, an invocation for some consecutive clusters.

struct KmeansBatchScanParams {
    problems: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansBatchScanParams;
@group(0) @binding(3) var<storage, read> states: array<State>;
// [blocks, k] of each problem: rows by label; then their places from the cluster's first.
@group(0) @binding(4) var<storage, read_write> counts: array<u32>;
// k + 1 of each problem: first place in the order, first run.
@group(0) @binding(5) var<storage, read_write> starts: array<vec2<u32>>;

override threads: u32 = 256u;

var<workgroup> sh_sum: array<vec2<u32>, threads>;

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
    let blocks = (problem.rows + problem.block_rows - 1u) / problem.block_rows;
    let chunk = (problem.k + threads - 1u) / threads;
    let first = min(problem.k, local.x * chunk);
    let end = min(problem.k, first + chunk);
    var sum = vec2<u32>(0u);
    for (var c = first; c < end; c++) {
        starts[problem.start_at + c] = sum;
        var rows = 0u;
        for (var block = 0u; block < blocks; block++) {
            let at = problem.count_at + block * problem.k + c;
            let here = counts[at];
            counts[at] = rows;
            rows += here;
        }
        sum += vec2<u32>(rows, (rows + problem.run_rows - 1u) / problem.run_rows);
    }
    sh_sum[local.x] = sum;
    workgroupBarrier();
    var before = vec2<u32>(0u);
    for (var t = 0u; t < local.x; t++) {
        before += sh_sum[t];
    }
    for (var c = first; c < end; c++) {
        starts[problem.start_at + c] += before;
    }
    if local.x == threads - 1u {
        starts[problem.start_at + problem.k] = before + sum;
    }
}
