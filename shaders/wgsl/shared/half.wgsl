// A 16-bit float, exactly. By integers: unpack2x16float may take the smallest ones for 0.
fn float_of_half(half: u32) -> f32 {
    let magnitude = half & 0x7fffu;
    let normal = bitcast<f32>((magnitude << 13u) + 0x38000000u);
    // Below 2^-14 a half is a multiple of 2^-24.
    let value = select(normal, f32(magnitude) * 5.9604645e-8, magnitude < 0x400u);
    return select(value, -value, half >= 0x8000u);
}
