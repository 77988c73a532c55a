// Bits that differ as a share of those that are set in either row, 0 where none is. Of rows of bits in
// words of 32; |a or b| is (|a| + |b| + |a xor b|) / 2.

alias Value = u32;
alias Value4 = vec4<u32>;

// The bits set in each row.
@group(0) @binding(8) var<storage, read> counts_a: array<u32>;
@group(0) @binding(9) var<storage, read> counts_b: array<u32>;

fn metric_a(value: u32, row: u32) -> u32 {
    return value;
}

fn metric_b(value: u32, column: u32) -> u32 {
    return value;
}

fn metric_step(sum: vec4<u32>, a: u32, b: vec4<u32>) -> vec4<u32> {
    return sum + countOneBits(vec4<u32>(a) ^ b);
}

fn metric_finish(sum: vec4<u32>, row: u32, columns: vec4<u32>) -> vec4<f32> {
    let counts = counts_a[row] + vec4<u32>(
        counts_b[columns.x],
        counts_b[columns.y],
        counts_b[columns.z],
        counts_b[columns.w],
    );
    let either = (counts + sum) / 2u;
    return vec4<f32>(sum) / vec4<f32>(max(either, vec4<u32>(1u)));
}
