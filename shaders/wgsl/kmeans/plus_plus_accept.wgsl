//!import shared/groups
//!import shared/seeding
//!import shared/problem_of

// Takes over the winner's distances, and sums them by weight over blocks of rows. Before the first centre
// there are none: the sums are those of the weights. One workgroup a block, one invocation a row.

struct KmeansPlusPlusAcceptParams {
    seedings: u32,
    // 1 before the first centre.
    is_start: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansPlusPlusAcceptParams;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
// By row and trial.
@group(0) @binding(4) var<storage, read> values: array<f32>;
@group(0) @binding(5) var<storage, read> winners: array<u32>;
@group(0) @binding(6) var<storage, read_write> nearest: array<f32>;
@group(0) @binding(7) var<storage, read_write> block_sums: array<f32>;

override threads: u32 = 256u;

var<workgroup> sh_sum: array<f32, threads>;

fn groups_before(index: u32) -> u32 {
    return seedings[index].block_at;
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
    let index = problem_of(group, params.seedings);
    let seeding = seedings[index];
    let row = (group - seeding.block_at) * threads + local.x;
    var sum = 0.0;
    if row < seeding.rows {
        sum = 1.0;
        if seeding.weight_at != NONE {
            sum = weights[seeding.weight_at + row];
        }
        var distance = HUGE;
        if params.is_start == 0u {
            distance = values[seeding.value_at + row * seeding.trials + winners[index]];
            sum *= distance;
        }
        nearest[seeding.row_at + row] = distance;
    }
    sh_sum[local.x] = sum;
    for (var half = threads / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local.x < half {
            sh_sum[local.x] += sh_sum[local.x + half];
        }
    }
    if local.x == 0u {
        block_sums[group] = sh_sum[0];
    }
}
