//!import shared/groups

// The candidate with the lowest potential, ties to the first. One workgroup.

struct KmeansPlusPlusChooseParams {
    blocks: u32,
    trials: u32,
    // Which centre this is.
    step: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansPlusPlusChooseParams;
// [blocks, columns]
@group(0) @binding(2) var<storage, read> potentials: array<f32>;
@group(0) @binding(3) var<storage, read> candidates: array<u32>;
// The row of each centre, and the trial that won this step.
@group(0) @binding(4) var<storage, read_write> centres: array<u32>;
@group(0) @binding(5) var<storage, read_write> winner: array<u32>;

override threads: u32 = 256u;
override columns: u32 = 16u;

var<workgroup> sh_sum: array<f32, threads>;

@compute @workgroup_size(threads)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    if group_index(id, count) >= groups.end {
        return;
    }
    let chunk = (params.blocks + threads - 1u) / threads;
    var lowest = HUGE;
    var best = 0u;
    for (var trial = 0u; trial < params.trials; trial++) {
        var sum = 0.0;
        for (var block = local.x * chunk; block < min(params.blocks, (local.x + 1u) * chunk); block++) {
            sum += potentials[block * columns + trial];
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
        winner[0] = best;
        centres[params.step] = candidates[best];
    }
}
