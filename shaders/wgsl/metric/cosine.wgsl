// 1 - a . b / (|a| |b|), as half the squared distance of the unit rows: right for near-parallel rows too.
// A row of zeros has scale 0 and is at distance 1 from every row.

alias Value = f32;
alias Value4 = vec4<f32>;

@group(0) @binding(8) var<storage, read> scales_a: array<f32>;
@group(0) @binding(9) var<storage, read> scales_b: array<f32>;

fn metric_a(value: f32, row: u32) -> f32 {
    return value * scales_a[row];
}

fn metric_b(value: f32, column: u32) -> f32 {
    return value * scales_b[column];
}

fn metric_step(sum: vec4<f32>, a: f32, b: vec4<f32>) -> vec4<f32> {
    let difference = a - b;
    return sum + difference * difference;
}

fn metric_finish(sum: vec4<f32>, row: u32, columns: vec4<u32>) -> vec4<f32> {
    let scales = scales_a[row] * vec4<f32>(
        sign(scales_b[columns.x]),
        sign(scales_b[columns.y]),
        sign(scales_b[columns.z]),
        sign(scales_b[columns.w]),
    );
    return select(0.5 * sum, vec4<f32>(1.0), scales == vec4<f32>(0.0));
}
