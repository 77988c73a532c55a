// The share of bits that differ, of rows of bits in words of 32. The kernel gives params.bits.

alias Value = u32;
alias Value4 = vec4<u32>;

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
    return vec4<f32>(sum) / f32(params.bits);
}
