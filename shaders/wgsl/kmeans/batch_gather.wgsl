//!import shared/groups
//!import shared/problem
//!import shared/problem_of

// Copies the rows that empty clusters were given out of the part of x that holds them. One workgroup a
// cluster.

struct KmeansBatchGatherParams {
    problems: u32,
    features: u32,
    // The rows of x in this part.
    part_first: u32,
    part_end: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansBatchGatherParams;
@group(0) @binding(3) var<storage, read> states: array<State>;
@group(0) @binding(4) var<storage, read> x: array<f32>;
@group(0) @binding(5) var<storage, read> clusters: array<Cluster>;
@group(0) @binding(6) var<storage, read_write> next: array<f32>;

override threads: u32 = 64u;

fn x_at(index: u32) -> f32 {
    return x[index];
}

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
    if states[problem.id].phase != WORKING || states[problem.id].moved == 0u {
        return;
    }
    let at = problem.cluster_at + group - problem.cluster_groups;
    let row = clusters[at].row;
    let in_x = problem.first + row;
    if row == NONE || in_x < params.part_first || in_x >= params.part_end {
        return;
    }
    for (var d = local.x; d < params.features; d += threads) {
        next[at * params.features + d] = x_at((in_x - params.part_first) * params.features + d);
    }
}
