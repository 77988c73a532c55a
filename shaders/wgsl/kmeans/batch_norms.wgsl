//!import shared/groups

// Half of each centroid's squared length, behind the centroids; and no rows are left open yet. One workgroup a centroid.

struct KmeansBatchNormsParams {
    // Not more than the clusters.
    problems: u32,
    clusters: u32,
    features: u32,
}

@group(0) @binding(1) var<uniform> params: KmeansBatchNormsParams;
// [clusters, d], and then by cluster.
@group(0) @binding(2) var<storage, read_write> centroids: array<f32>;
// By problem, and then the lists.
@group(0) @binding(3) var<storage, read_write> open_rows: array<u32>;

override threads: u32 = 64u;

var<workgroup> sh_sum: array<f32, threads>;

@compute @workgroup_size(threads)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let cluster = group_index(id, count);
    if cluster >= groups.end {
        return;
    }
    var sum = 0.0;
    for (var first = 0u; first < params.features; first += threads) {
        let d = first + local.x;
        if d < params.features {
            let value = centroids[cluster * params.features + d];
            sum += value * value;
        }
    }
    sh_sum[local.x] = sum;
    for (var half = threads / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local.x < half {
            sh_sum[local.x] += sh_sum[local.x + half];
        }
    }
    if local.x == 0u {
        centroids[params.clusters * params.features + cluster] = 0.5 * sh_sum[0];
        if cluster < params.problems {
            open_rows[cluster] = 0u;
        }
    }
}
