//!import shared/groups

// The place of the first value that is not finite or too large, by the values' bits: without the sign they
// are in the order of the magnitudes, infinity and NaN above all, however a device compares NaN.

struct RowsFiniteParams {
    count: u32,
    most: u32,
}

@group(0) @binding(1) var<uniform> params: RowsFiniteParams;
@group(0) @binding(2) var<storage, read> x: array<u32>;
@group(0) @binding(3) var<storage, read_write> first_bad: atomic<u32>;

override threads: u32 = 256u;
override each: u32 = 16u;

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
    for (var step = 0u; step < each; step++) {
        let at = (group * each + step) * threads + local.x;
        if at >= params.count {
            return;
        }
        if (x[at] & 0x7fffffffu) > params.most {
            // A minimum of integers is the same in any order.
            atomicMin(&first_bad, at);
            return;
        }
    }
}
