// A number that is ordered as the float is; zeros of either sign have the same.
fn key_of(value: f32) -> u32 {
    let bits = bitcast<u32>(select(value, 0.0, value == 0.0));
    return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}
