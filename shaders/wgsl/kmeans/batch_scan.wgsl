//!import shared/groups
//!import shared/problem
//!import shared/problem_of
//!import shared/scan

// Of each cluster, where the rows of each block begin, and its rows and sums. One workgroup a cluster, an
// invocation for some consecutive blocks.

struct KmeansBatchScanParams {
    problems: u32,
    // 0 where each block of rows has sums of each cluster instead of runs.
    is_sorted: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansBatchScanParams;
@group(0) @binding(3) var<storage, read> states: array<State>;
// [blocks, k] of each problem: rows by label; then their places from the cluster's first.
@group(0) @binding(4) var<storage, read_write> counts: array<u32>;
// k + 1 of each problem: rows and sums, but of the last.
@group(0) @binding(5) var<storage, read_write> starts: array<vec2<u32>>;

override threads: u32 = 256u;

fn groups_before(index: u32) -> u32 {
    return problems[index].cluster_groups;
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
    let c = group - problem.cluster_groups;
    let blocks = (problem.rows + problem.block_rows - 1u) / problem.block_rows;
    let chunk = (blocks + threads - 1u) / threads;
    let first = min(blocks, local.x * chunk);
    let end = min(blocks, first + chunk);
    var rows = 0u;
    for (var block = first; block < end; block++) {
        rows += counts[problem.count_at + block * problem.k + c];
    }
    var place = scan(local.x, rows);
    for (var block = first; block < end; block++) {
        let at = problem.count_at + block * problem.k + c;
        let here = counts[at];
        counts[at] = place;
        place += here;
    }
    if local.x == threads - 1u {
        let runs = (place + problem.run_rows - 1u) / problem.run_rows;
        starts[problem.start_at + c] = vec2<u32>(place, select(blocks, runs, params.is_sorted == 1u));
    }
}
