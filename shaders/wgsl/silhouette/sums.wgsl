//!import shared/groups
//!import shared/tile
//!import metric

// Sums of the distances from each row to the rows of each cluster, [n, k], without an n x n matrix.
// The rows of b are visited by cluster, through order; the sums of a cluster stay in registers.
// One workgroup 4 * ty_count rows of a.

struct SilhouetteSumsParams {
    // The rows of a taken: a_first to a_end.
    a_first: u32,
    a_end: u32,
    features: u32,
    k: u32,
    // The places in order that this dispatch visits.
    place_first: u32,
    place_end: u32,
    // 1 where a and b are the same part of x: then a row is not its own neighbour.
    is_same: u32,
    // 1 where nothing was added to sums yet, which hold anything then.
    is_first: u32,
}

@group(0) @binding(1) var<uniform> params: SilhouetteSumsParams;
@group(0) @binding(2) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<f32>;
// The rows of b by cluster, and where each cluster begins and the last one ends, [k + 1].
@group(0) @binding(4) var<storage, read> order: array<u32>;
@group(0) @binding(5) var<storage, read> offsets: array<u32>;
// [rows of a taken, k], added to.
@group(0) @binding(6) var<storage, read_write> sums: array<f32>;

var<workgroup> sh_sum: array<f32, tx_count * ty_count>;

var<private> place_end: u32;

fn a_at(index: u32) -> f32 {
    return a[index];
}

fn b_at(index: u32) -> f32 {
    return b[index];
}

fn load_a(row: u32, d: u32) -> f32 {
    if row >= params.a_end || d >= params.features {
        return 0.0;
    }
    return metric_a(a_at(row * params.features + d), row);
}

fn load_b(place: u32, d: u32) -> f32 {
    if place >= place_end || d >= params.features {
        return 0.0;
    }
    let row = order[place];
    return metric_b(b_at(row * params.features + d), row);
}

fn add(row: u32, places: vec4<u32>, block_row: vec4<f32>) -> f32 {
    if row >= params.a_end {
        return 0.0;
    }
    let last = place_end - 1u;
    let rows = vec4<u32>(
        order[min(places.x, last)],
        order[min(places.y, last)],
        order[min(places.z, last)],
        order[min(places.w, last)],
    );
    let distances = metric_finish(block_row, row, rows);
    let is_self = vec4<bool>(params.is_same == 1u) & (rows == vec4<u32>(row));
    let counts = (places < vec4<u32>(place_end)) & !is_self;
    return dot(select(vec4<f32>(0.0), distances, counts), vec4<f32>(1.0));
}

// A sum is only ever written by one invocation, in the order of its code.
fn clear(row: u32, c: u32) {
    if row < params.a_end {
        sums[(row - params.a_first) * params.k + c] = 0.0;
    }
}

@compute @workgroup_size(tx_count, ty_count)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let group = group_index(id, count);
    if group >= groups.end {
        return;
    }
    let first = params.a_first + group * 4u * ty_count;
    let row = first + local.y;
    let slot = local.y * tx_count + local.x;
    if params.is_first == 1u {
        for (var c = 0u; c < params.k; c++) {
            if local.x == 0u {
                clear(row, c);
                clear(row + ty_count, c);
                clear(row + 2u * ty_count, c);
                clear(row + 3u * ty_count, c);
            }
        }
    }
    for (var c = 0u; c < params.k; c++) {
        let begin = max(offsets[c], params.place_first);
        let end = min(offsets[c + 1u], params.place_end);
        if begin >= end {
            continue;
        }
        place_end = end;
        var total = vec4<f32>(0.0);
        for (var first_b = begin; first_b < end; first_b += 4u * tx_count) {
            let block = tile_sums(local.xy, first, first_b, params.features);
            let places = tile_columns(local.xy, first_b);
            total += vec4<f32>(
                add(row, places, block.row_0),
                add(row + ty_count, places, block.row_1),
                add(row + 2u * ty_count, places, block.row_2),
                add(row + 3u * ty_count, places, block.row_3),
            );
        }
        for (var i = 0u; i < 4u; i++) {
            workgroupBarrier();
            sh_sum[slot] = total[i];
            workgroupBarrier();
            let at = row + i * ty_count;
            if local.x == 0u && at < params.a_end {
                var sum = 0.0;
                for (var t = 0u; t < tx_count; t++) {
                    sum += sh_sum[slot + t];
                }
                sums[(at - params.a_first) * params.k + c] += sum;
            }
        }
    }
}
