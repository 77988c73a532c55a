//!import shared/groups

// How fast the device moves memory: one vector read and written an invocation, neighbours side by side.

struct CeilingCopyParams {
    vectors: u32,
}

@group(0) @binding(1) var<uniform> params: CeilingCopyParams;
@group(0) @binding(2) var<storage, read> from_values: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> to_values: array<vec4<u32>>;

override threads: u32 = 256u;

@compute @workgroup_size(threads)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let group = group_index(id, count);
    let at = group * threads + local.x;
    if group >= groups.end || at >= params.vectors {
        return;
    }
    to_values[at] = from_values[at];
}
