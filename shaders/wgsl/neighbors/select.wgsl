//!import shared/groups
//!import shared/key
//!import shared/scan

// Keeps the k lowest of each row of the strip: of those kept before, at its beginning, and of new ones
// behind them. By radix: a histogram for each byte of the k-th lowest, then the chosen are moved together.
// They stay in the order of their items, so that of equals those with the lowest item are chosen.
// One workgroup a row.

struct NeighborsSelectParams {
    k: u32,
    // In columns 0 to kept of the strip.
    kept: u32,
    // In columns k to k + added, and the item of the first.
    added: u32,
    item_first: u32,
    // The strip's columns.
    columns: u32,
}

@group(0) @binding(1) var<uniform> params: NeighborsSelectParams;
// [rows, columns]
@group(0) @binding(2) var<storage, read_write> strip: array<f32>;
// The items of those kept, [rows, k].
@group(0) @binding(3) var<storage, read_write> items: array<u32>;
// The key of each row's k-th lowest.
@group(0) @binding(4) var<storage, read_write> limits: array<u32>;

// One for each value of a byte.
override threads: u32 = 256u;

var<workgroup> sh_bin: array<atomic<u32>, threads>;
var<workgroup> sh_digit: u32;
var<workgroup> sh_before: u32;
var<workgroup> sh_candidates: u32;

fn column_of(place: u32) -> u32 {
    return select(params.k + place - params.kept, place, place < params.kept);
}

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
    let slot = local.x;
    let first = row * params.columns;
    let places = params.kept + params.added;
    // A new one must be lower than all that are kept, once there are k.
    var limit = 0xffffffffu;
    if params.kept == params.k {
        limit = limits[row];
    }

    var key = 0u;
    var rank = min(params.k, places);
    for (var byte = 0u; byte < 4u; byte++) {
        let shift = 24u - 8u * byte;
        let known = ~(0xffffffffu >> (8u * byte));
        workgroupBarrier();
        atomicStore(&sh_bin[slot], 0u);
        workgroupBarrier();
        // All invocations go round equally often: FXC refuses the return below beside a loop whose ends differ.
        for (var base = 0u; base < places; base += threads) {
            let place = base + slot;
            if place < places {
                let candidate = key_of(strip[first + column_of(place)]);
                if (place < params.kept || candidate < limit) && (candidate & known) == key {
                    atomicAdd(&sh_bin[(candidate >> shift) & 255u], 1u);
                }
            }
        }
        workgroupBarrier();
        let here = atomicLoad(&sh_bin[slot]);
        let before = scan(slot, here);
        if before < rank && rank <= before + here {
            sh_digit = slot;
            sh_before = before;
        }
        if byte == 0u {
            if slot == 0u {
                sh_candidates = sh_scan[threads - 1u];
            }
            if workgroupUniformLoad(&sh_candidates) == params.kept {
                return;
            }
        }
        workgroupBarrier();
        key |= sh_digit << shift;
        rank -= sh_before;
    }

    // Lower ones are counted in the low half, equal ones in the high half.
    var lower = 0u;
    var equal = 0u;
    for (var base = 0u; base < places; base += threads) {
        let place = base + slot;
        var flag = 0u;
        var score = 0.0;
        var item = 0u;
        if place < places {
            score = strip[first + column_of(place)];
            item = params.item_first + place - params.kept;
            if place < params.kept {
                item = items[row * params.k + place];
            }
            let candidate = key_of(score);
            if place < params.kept || candidate < limit {
                flag = select(select(0u, 0x10000u, candidate == key), 1u, candidate < key);
            }
        }
        let before = scan(slot, flag);
        let equal_before = equal + (before >> 16u);
        if flag == 1u || (flag == 0x10000u && equal_before < rank) {
            // Never behind where it was read, so that none is overwritten before it is read.
            let to = lower + (before & 0xffffu) + min(equal_before, rank);
            strip[first + to] = score;
            items[row * params.k + to] = item;
        }
        let sum = sh_scan[threads - 1u];
        lower += sum & 0xffffu;
        equal += sum >> 16u;
    }
    if slot == 0u {
        limits[row] = key;
    }
}
