//!import shared/groups
//!import shared/problem

// Adds the shifts up, and decides whether a problem is done, as scikit-learn does: the labels repeat, the
// centroids stand still, or the iterations ran out. One workgroup a problem.

struct KmeansBatchStatusParams {
    problems: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansBatchStatusParams;
@group(0) @binding(3) var<storage, read_write> states: array<State>;
@group(0) @binding(4) var<storage, read> shifts: array<f32>;
// By problem: counted since the last iteration.
@group(0) @binding(5) var<storage, read_write> changed: array<u32>;

override threads: u32 = 256u;

var<workgroup> sh_sum: array<f32, threads>;

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
    var sum = 0.0;
    for (var c = local.x; c < problem.k; c += threads) {
        sum += shifts[problem.cluster_at + c];
    }
    sh_sum[local.x] = sum;
    for (var half = threads / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local.x < half {
            sh_sum[local.x] += sh_sum[local.x + half];
        }
    }
    if local.x > 0u || states[problem.id].phase != WORKING {
        return;
    }
    var state = states[problem.id];
    state.n_iter += 1u;
    state.shift = sh_sum[0];
    state.changed = changed[problem.id];
    changed[problem.id] = 0u;
    // The first assignment has none before it to repeat.
    let repeats = state.n_iter > 1u && state.changed == 0u;
    if repeats && state.moved == 0u {
        state.phase = REPEATED;
    } else if repeats || state.shift <= problem.tolerance {
        state.phase = SETTLED;
    } else if state.n_iter >= problem.max_iter {
        state.phase = EXHAUSTED;
    }
    states[problem.id] = state;
}
