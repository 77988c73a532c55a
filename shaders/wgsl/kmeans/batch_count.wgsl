//!import shared/groups
//!import shared/problem
//!import shared/problem_of

// Rows by label in each block of rows; rows of weight 0 count nothing. One workgroup a block. First step
// of a counting sort by label.

struct KmeansBatchCountParams {
    problems: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansBatchCountParams;
@group(0) @binding(3) var<storage, read> states: array<State>;
@group(0) @binding(4) var<storage, read> labels: array<u32>;
@group(0) @binding(5) var<storage, read> weights: array<f32>;
// [blocks, k] of each problem
@group(0) @binding(6) var<storage, read_write> counts: array<atomic<u32>>;

override threads: u32 = 256u;

fn groups_before(index: u32) -> u32 {
    return problems[index].block_groups;
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
    let block = group - problem.block_groups;
    let counts_at = problem.count_at + block * problem.k;
    for (var c = local.x; c < problem.k; c += threads) {
        atomicStore(&counts[counts_at + c], 0u);
    }
    storageBarrier();
    let end = min(problem.rows, (block + 1u) * problem.block_rows);
    for (var row = block * problem.block_rows + local.x; row < end; row += threads) {
        if problem.weight_at == NONE || weights[problem.weight_at + row] > 0.0 {
            // Integers add up to the same in any order.
            atomicAdd(&counts[counts_at + labels[problem.row_at + row]], 1u);
        }
    }
}
