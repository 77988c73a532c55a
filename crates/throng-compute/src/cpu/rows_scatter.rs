//! Rows put into their places; twin of `wgsl/rows/scatter.wgsl`.

/// Row i of `x` becomes row `places[i]` of `out`.
pub fn scatter(x: &[f32], features: usize, places: &[u32], out: &mut [f32]) {
    for (row, &place) in x.chunks_exact(features).zip(places) {
        out[place as usize * features..][..features].copy_from_slice(row);
    }
}
