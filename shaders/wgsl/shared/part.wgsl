// Rows of a large matrix lie in parts, each in a buffer of its own.

// Those of `rows` rows from `first` on that lie in the part from part_first to before part_end: where they begin, and where
// they end, counted from `first`.
fn rows_in_part(first: u32, rows: u32, part_first: u32, part_end: u32) -> vec2<u32> {
    return vec2<u32>(max(part_first, first) - first, min(max(part_end, first) - first, rows));
}
