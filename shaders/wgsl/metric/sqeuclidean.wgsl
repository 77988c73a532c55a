// |a - b|^2, by differences: right for near-equal rows too.

alias Value = f32;
alias Value4 = vec4<f32>;

fn metric_a(value: f32, row: u32) -> f32 {
    return value;
}

fn metric_b(value: f32, column: u32) -> f32 {
    return value;
}

fn metric_step(sum: vec4<f32>, a: f32, b: vec4<f32>) -> vec4<f32> {
    let difference = a - b;
    return sum + difference * difference;
}

fn metric_finish(sum: vec4<f32>, row: u32, columns: vec4<u32>) -> vec4<f32> {
    return sum;
}
