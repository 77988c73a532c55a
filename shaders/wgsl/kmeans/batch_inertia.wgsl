//!import shared/groups
//!import shared/problem
//!import shared/problem_of
//!import shared/two_float

// The weighted sum of the squared distances of each block of rows, in two floats. One workgroup a block.

struct KmeansBatchInertiaParams {
    problems: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansBatchInertiaParams;
@group(0) @binding(3) var<storage, read> distances: array<f32>;
@group(0) @binding(4) var<storage, read> weights: array<f32>;
// By block of each problem.
@group(0) @binding(5) var<storage, read_write> inertia: array<vec2<f32>>;

override threads: u32 = 256u;

var<workgroup> sh_sum: array<vec2<f32>, threads>;

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
    let block = group - problem.block_groups;
    let end = min(problem.rows, (block + 1u) * problem.block_rows);
    var sum = vec2<f32>(0.0);
    for (var row = block * problem.block_rows + local.x; row < end; row += threads) {
        var value = distances[problem.row_at + row];
        if problem.weight_at != NONE {
            value *= weights[problem.weight_at + row];
        }
        sum = add_value(sum, value);
    }
    sh_sum[local.x] = sum;
    for (var half = threads / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local.x < half {
            sh_sum[local.x] = add_sum(sh_sum[local.x], sh_sum[local.x + half]);
        }
    }
    if local.x == 0u {
        inertia[group] = sh_sum[0];
    }
}
