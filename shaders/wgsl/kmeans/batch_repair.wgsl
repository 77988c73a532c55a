//!import shared/groups
//!import shared/problem
//!import shared/two_float

// The clusters' weights; and for each empty cluster the row farthest from its centroid, ties to the
// lowest, each row once (scikit-learn's rule). Where every row lies on its centroid there are fewer
// distinct rows than clusters, and nothing is given. One workgroup a problem, that serves few clusters a
// dispatch, so that none runs long: the problem stays in REPAIRING until the last one is served.

struct KmeansBatchRepairParams {
    features: u32,
    // Rows that one dispatch looks at, unless one cluster needs more.
    most_rows: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansBatchRepairParams;
@group(0) @binding(3) var<storage, read_write> states: array<State>;
@group(0) @binding(4) var<storage, read> labels: array<u32>;
@group(0) @binding(5) var<storage, read> distances: array<f32>;
@group(0) @binding(6) var<storage, read> weights: array<f32>;
@group(0) @binding(7) var<storage, read> starts: array<vec2<u32>>;
// [runs, d + 1], the last column of the weights.
@group(0) @binding(8) var<storage, read> sums: array<vec2<f32>>;
@group(0) @binding(9) var<storage, read_write> clusters: array<Cluster>;

override threads: u32 = 256u;

// What the whole workgroup goes by.
struct Search {
    phase: u32,
    moved: u32,
    next_cluster: u32,
    last_row: u32,
    last_distance: f32,
}

var<workgroup> sh_search: Search;
var<workgroup> sh_value: array<f32, threads>;
var<workgroup> sh_index: array<u32, threads>;

// The largest value, ties to the lowest index, in slot 0.
fn largest(local: u32, value: f32, index: u32) {
    workgroupBarrier();
    sh_value[local] = value;
    sh_index[local] = index;
    for (var half = threads / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            let other = sh_value[local + half];
            let other_index = sh_index[local + half];
            if other > sh_value[local]
                || (other == sh_value[local] && other_index < sh_index[local]) {
                sh_value[local] = other;
                sh_index[local] = other_index;
            }
        }
    }
    workgroupBarrier();
}

fn row_weight(problem: Problem, row: u32) -> f32 {
    if problem.weight_at == NONE {
        return 1.0;
    }
    return weights[problem.weight_at + row];
}

fn cluster_weight(problem: Problem, c: u32) -> f32 {
    let start = starts[problem.start_at + c];
    let end = starts[problem.start_at + c + 1u];
    if problem.weight_at == NONE {
        return f32(end.x - start.x);
    }
    var sum = vec2<f32>(0.0);
    for (var run = start.y; run < end.y; run++) {
        let at = (problem.run_at + run) * (params.features + 1u) + params.features;
        sum = add_sum(sum, sums[at]);
    }
    return sum.x + sum.y;
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
    let problem = problems[group];
    if local.x == 0u {
        let state = states[problem.id];
        sh_search = Search(state.phase, 0u, 0u, 0u, HUGE);
        if state.phase == REPAIRING {
            sh_search.moved = state.moved;
            sh_search.next_cluster = state.next_cluster;
            sh_search.last_row = state.last_row;
            sh_search.last_distance = state.last_distance;
        }
    }
    var search = workgroupUniformLoad(&sh_search);
    if search.phase > REPAIRING {
        return;
    }
    if search.phase == WORKING {
        for (var c = local.x; c < problem.k; c += threads) {
            clusters[problem.cluster_at + c] = Cluster(cluster_weight(problem, c), NONE, NONE, 0.0);
        }
    }
    storageBarrier();

    let most = max(1u, params.most_rows / problem.rows);
    for (var served = 0u; served < most && search.next_cluster < problem.k; served++) {
        // The next empty cluster: the lowest index of equal values.
        var empty = NONE;
        for (var c = search.next_cluster + local.x; c < problem.k; c += threads) {
            if starts[problem.start_at + c].x == starts[problem.start_at + c + 1u].x {
                empty = c;
                break;
            }
        }
        largest(local.x, 0.0, empty);
        let target_cluster = workgroupUniformLoad(&sh_index[0]);

        // The farthest row of those after the last one given.
        var distance = -1.0;
        var farthest = NONE;
        if target_cluster != NONE {
            for (var row = local.x; row < problem.rows; row += threads) {
                let own = distances[problem.row_at + row];
                let is_after = own < search.last_distance
                    || (own == search.last_distance && row > search.last_row);
                if is_after && own > distance && row_weight(problem, row) > 0.0 {
                    distance = own;
                    farthest = row;
                }
            }
        }
        largest(local.x, distance, farthest);
        if local.x == 0u {
            let row = sh_index[0];
            if row == NONE || (search.moved == 0u && sh_value[0] <= 0.0) {
                sh_search.next_cluster = problem.k;
            } else {
                let donor = labels[problem.row_at + row];
                let weight = row_weight(problem, row);
                clusters[problem.cluster_at + target_cluster] = Cluster(weight, row, donor, weight);
                clusters[problem.cluster_at + donor].weight -= weight;
                sh_search.moved += 1u;
                sh_search.next_cluster = target_cluster + 1u;
                sh_search.last_row = row;
                sh_search.last_distance = sh_value[0];
            }
        }
        search = workgroupUniformLoad(&sh_search);
    }
    storageBarrier();

    var weight = -1.0;
    var cluster = NONE;
    for (var c = local.x; c < problem.k; c += threads) {
        let own = clusters[problem.cluster_at + c].weight;
        if own > weight {
            weight = own;
            cluster = c;
        }
    }
    largest(local.x, weight, cluster);
    if local.x == 0u {
        let is_served = search.next_cluster >= problem.k;
        states[problem.id].phase = select(REPAIRING, WORKING, is_served);
        states[problem.id].moved = search.moved;
        states[problem.id].next_cluster = search.next_cluster;
        states[problem.id].last_row = search.last_row;
        states[problem.id].last_distance = search.last_distance;
        states[problem.id].largest = sh_index[0];
    }
}
