// Sums in two floats, the second what the first rounded off (Dekker's two-sum).

// The value itself, which the compiler cannot know: some of them take (a + b) - a for b. Groups are far
// fewer than 2^31.
fn rounded(value: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(value) ^ (groups.first >> 31u));
}

fn add_value(sum: vec2<f32>, value: f32) -> vec2<f32> {
    let is_larger = abs(sum.x) >= abs(value);
    let large = select(value, sum.x, is_larger);
    let small = select(sum.x, value, is_larger);
    let total = rounded(sum.x + value);
    return vec2<f32>(total, sum.y + (small - rounded(total - large)));
}

fn add_sum(sum: vec2<f32>, other: vec2<f32>) -> vec2<f32> {
    return add_value(add_value(sum, other.x), other.y);
}

// A device may divide with an error of a few units in the last place: what is left is divided once more.
fn quotient(sum: vec2<f32>, divisor: f32) -> f32 {
    let first = rounded(sum.x / divisor);
    return first + (fma(-first, divisor, sum.x) + sum.y) / divisor;
}
