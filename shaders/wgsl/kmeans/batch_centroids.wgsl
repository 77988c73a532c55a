//!import shared/groups
//!import shared/problem
//!import shared/problem_of
//!import shared/two_float

// The new centroids: the runs' sums added in order, less the rows given to empty clusters, over the
// weight; and how far they moved. A cluster that stayed empty goes where the largest is, as in
// scikit-learn. One workgroup a cluster.

struct KmeansBatchCentroidsParams {
    problems: u32,
    features: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansBatchCentroidsParams;
@group(0) @binding(3) var<storage, read> states: array<State>;
@group(0) @binding(4) var<storage, read> starts: array<vec2<u32>>;
// [runs, d + 1]
@group(0) @binding(5) var<storage, read> sums: array<vec2<f32>>;
@group(0) @binding(6) var<storage, read> clusters: array<Cluster>;
// Rows given to empty clusters; of the other clusters, room for the means.
@group(0) @binding(7) var<storage, read_write> next: array<f32>;
@group(0) @binding(8) var<storage, read_write> centroids: array<f32>;
// By cluster: the squared distance between the old and the new centroid.
@group(0) @binding(9) var<storage, read_write> shifts: array<f32>;

override threads: u32 = 64u;

var<workgroup> sh_sum: array<f32, threads>;

fn groups_before(index: u32) -> u32 {
    return problems[index].cluster_groups;
}

fn total(local: u32, value: f32) -> f32 {
    workgroupBarrier();
    sh_sum[local] = value;
    for (var half = threads / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            sh_sum[local] += sh_sum[local + half];
        }
    }
    workgroupBarrier();
    return sh_sum[0];
}

// One feature of the mean of a cluster that kept rows of its own.
fn mean(problem: Problem, c: u32, feature: u32, moved: u32) -> f32 {
    var sum = vec2<f32>(0.0);
    let end = starts[problem.start_at + c + 1u].y;
    for (var run = starts[problem.start_at + c].y; run < end; run++) {
        sum = add_sum(sum, sums[(problem.run_at + run) * (params.features + 1u) + feature]);
    }
    if moved > 0u {
        for (var taker = 0u; taker < problem.k; taker++) {
            let at = problem.cluster_at + taker;
            let given = clusters[at];
            if given.donor == c {
                sum = add_value(sum, -given.row_weight * next[at * params.features + feature]);
            }
        }
    }
    return quotient(sum, clusters[problem.cluster_at + c].weight);
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
    let state = states[problem.id];
    if state.phase != WORKING {
        return;
    }
    let c = group - problem.cluster_groups;
    let at = (problem.cluster_at + c) * params.features;
    var source = c;
    if clusters[problem.cluster_at + c].weight <= 0.0 {
        source = state.largest;
    }
    let is_given = clusters[problem.cluster_at + source].row != NONE;
    var square = 0.0;
    for (var d = local.x; d < params.features; d += threads) {
        var value = 0.0;
        if is_given {
            value = next[(problem.cluster_at + source) * params.features + d];
        } else {
            value = mean(problem, source, d, state.moved);
        }
        if clusters[problem.cluster_at + c].row == NONE {
            next[at + d] = value;
        }
        square += value * value;
    }
    let length = sqrt(total(local.x, square));
    var shift = 0.0;
    for (var d = local.x; d < params.features; d += threads) {
        let old = centroids[at + d];
        var value = next[at + d];
        if problem.is_unit == 1u {
            // Opposite rows cancel out: any direction is as good, so the old one stays.
            value = select(old, value / length, length > 0.0);
        }
        shift += (value - old) * (value - old);
        centroids[at + d] = value;
    }
    shift = total(local.x, shift);
    if local.x == 0u {
        shifts[problem.cluster_at + c] = shift;
    }
}
