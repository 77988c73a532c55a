//!import shared/groups

// How fast the device multiplies and adds: eight chains an invocation in registers, enough to hide an
// instruction's latency even on a software adapter. With factor = term = 1 each chain counts its steps, from
// a start of its own so that no two are one to the compiler: the host sees whether any was left out.

struct CeilingFmaParams {
    rounds: u32,
}

@group(0) @binding(1) var<uniform> params: CeilingFmaParams;
// The factor and the term: from a buffer, so that no compiler knows them.
@group(0) @binding(2) var<storage, read> factor_and_term: array<f32>;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;

override threads: u32 = 256u;

struct Chains {
    low: vec4<f32>,
    high: vec4<f32>,
}

fn once(chains: Chains, factor: vec4<f32>, term: vec4<f32>) -> Chains {
    return Chains(fma(chains.low, factor, term), fma(chains.high, factor, term));
}

fn four_times(chains: Chains, factor: vec4<f32>, term: vec4<f32>) -> Chains {
    return once(once(once(once(chains, factor, term), factor, term), factor, term), factor, term);
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
    let factor = vec4<f32>(factor_and_term[0]);
    let term = vec4<f32>(factor_and_term[1]);
    let start = vec4<f32>(f32(local.x)) + vec4<f32>(0.0, 1.0, 2.0, 3.0);
    var chains = Chains(start, start + 4.0);
    // Sixteen steps a round, so that the loop itself costs little.
    for (var round = 0u; round < params.rounds; round++) {
        chains = four_times(chains, factor, term);
        chains = four_times(chains, factor, term);
        chains = four_times(chains, factor, term);
        chains = four_times(chains, factor, term);
    }
    let sum = chains.low + chains.high;
    sums[group * threads + local.x] = sum.x + sum.y + sum.z + sum.w;
}
