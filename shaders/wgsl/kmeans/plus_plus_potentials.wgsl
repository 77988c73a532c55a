//!import shared/groups
//!import shared/seeding
//!import shared/problem_of

// The candidates' weighted distances, summed over blocks of rows. One workgroup a block, one invocation a
// row.

struct KmeansPlusPlusPotentialsParams {
    seedings: u32,
    // Which centre this is.
    step: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansPlusPlusPotentialsParams;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
// By row and trial.
@group(0) @binding(4) var<storage, read> values: array<f32>;
// By block, SLOTS each.
@group(0) @binding(5) var<storage, read_write> potentials: array<f32>;

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
    var weight = 0.0;
    if row < seeding.rows {
        weight = 1.0;
        if seeding.weight_at != NONE {
            weight = weights[seeding.weight_at + row];
        }
    }
    for (var trial = 0u; trial < trials_of(index, params.step); trial++) {
        var value = 0.0;
        if row < seeding.rows {
            value = weight * values[seeding.value_at + row * seeding.trials + trial];
        }
        sh_sum[local.x] = value;
        for (var half = threads / 2u; half > 0u; half /= 2u) {
            workgroupBarrier();
            if local.x < half {
                sh_sum[local.x] += sh_sum[local.x + half];
            }
        }
        if local.x == 0u {
            potentials[group * SLOTS + trial] = sh_sum[0];
        }
        workgroupBarrier();
    }
}
