//!import shared/groups
//!import shared/seeding

// The candidate with the lowest potential, ties to the first. One workgroup a seeding.

struct KmeansPlusPlusChooseParams {
    seedings: u32,
    // Which centre this is.
    step: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansPlusPlusChooseParams;
// By block, SLOTS each.
@group(0) @binding(3) var<storage, read> potentials: array<f32>;
@group(0) @binding(4) var<storage, read> candidates: array<u32>;
// The row of each centre; and of each seeding the trial that won this step.
@group(0) @binding(5) var<storage, read_write> centres: array<u32>;
@group(0) @binding(6) var<storage, read_write> winners: array<u32>;

override threads: u32 = 256u;

var<workgroup> sh_sum: array<f32, threads>;

@compute @workgroup_size(threads)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let group = group_index(id, count);
    if group >= min(groups.end, params.seedings) {
        return;
    }
    let seeding = seedings[group];
    let blocks = (seeding.rows + BLOCK_ROWS - 1u) / BLOCK_ROWS;
    let chunk = (blocks + threads - 1u) / threads;
    var lowest = HUGE;
    var best = 0u;
    for (var trial = 0u; trial < trials_of(group, params.step); trial++) {
        var sum = 0.0;
        for (var block = local.x * chunk; block < min(blocks, (local.x + 1u) * chunk); block++) {
            sum += potentials[(seeding.block_at + block) * SLOTS + trial];
        }
        workgroupBarrier();
        sh_sum[local.x] = sum;
        workgroupBarrier();
        if local.x == 0u {
            for (var t = 1u; t < threads; t++) {
                sum += sh_sum[t];
            }
            if sum < lowest {
                lowest = sum;
                best = trial;
            }
        }
    }
    if local.x == 0u {
        winners[group] = best;
        centres[seeding.centre_at + params.step] = candidates[group * SLOTS + best];
    }
}
