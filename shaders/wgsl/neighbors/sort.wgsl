//!import shared/groups
//!import shared/key

// Sorts the k that were kept of each row, the lowest first, ties by the lowest item: a bitonic sort in
// workgroup memory (Batcher 1968). One workgroup a row.

struct NeighborsSortParams {
    k: u32,
    // The strip's columns.
    columns: u32,
}

@group(0) @binding(1) var<uniform> params: NeighborsSortParams;
// [rows, columns]: the k kept, in the order of their items.
@group(0) @binding(2) var<storage, read> strip: array<f32>;
// [rows, k]
@group(0) @binding(3) var<storage, read> items: array<u32>;
@group(0) @binding(4) var<storage, read_write> sorted_scores: array<f32>;
@group(0) @binding(5) var<storage, read_write> sorted_items: array<u32>;

override threads: u32 = 256u;
// A power of two, at least k.
override size: u32 = 1024u;

var<workgroup> sh_key: array<u32, size>;
var<workgroup> sh_place: array<u32, size>;

@compute @workgroup_size(threads)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let row = group_index(id, count);
    if row >= groups.end {
        return;
    }
    for (var i = local.x; i < size; i += threads) {
        var key = 0xffffffffu;
        if i < params.k {
            key = key_of(strip[row * params.columns + i]);
        }
        sh_key[i] = key;
        sh_place[i] = i;
    }
    for (var run = 2u; run <= size; run *= 2u) {
        for (var apart = run / 2u; apart > 0u; apart /= 2u) {
            workgroupBarrier();
            for (var i = local.x; i < size / 2u; i += threads) {
                let low = i / apart * 2u * apart + i % apart;
                let high = low + apart;
                let key_low = sh_key[low];
                let key_high = sh_key[high];
                let place_low = sh_place[low];
                let place_high = sh_place[high];
                let is_over = key_low > key_high || (key_low == key_high && place_low > place_high);
                if is_over == ((low & run) == 0u) {
                    sh_key[low] = key_high;
                    sh_key[high] = key_low;
                    sh_place[low] = place_high;
                    sh_place[high] = place_low;
                }
            }
        }
    }
    workgroupBarrier();
    for (var i = local.x; i < params.k; i += threads) {
        let place = sh_place[i];
        let score = strip[row * params.columns + place];
        sorted_scores[row * params.k + i] = score;
        // Out of reach: excluded.
        sorted_items[row * params.k + i] = select(items[row * params.k + place], 0xffffffffu, score >= HUGE);
    }
}
