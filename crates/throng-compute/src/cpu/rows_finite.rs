//! The first value that no kernel takes; twin of `wgsl/rows/finite.wgsl`.

use crate::matrix::MOST;

/// The first value that is not finite or too large, with its place among all.
pub fn first_bad(values: &[f32]) -> Option<(usize, f32)> {
    let at = values
        .iter()
        .position(|v| !v.is_finite() || v.abs() > MOST)?;
    Some((at, values[at]))
}
