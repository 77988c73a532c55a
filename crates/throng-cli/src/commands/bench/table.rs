//! The figures, for people.

use throng::compute::Ceilings;

use super::measure::{Bound, Measured};

/// The ceilings and the table.
pub fn table(ceilings: &Ceilings, kernels: &[Measured]) -> String {
    let mut text = format!(
        "ceilings: {:.1} GFLOP/s of 32-bit multiply-adds, {:.1} GB/s of copying\n\n{:<17} {:<12} {:<24} {:>10} {:>10} {:>8}  {}\n",
        ceilings.flops / 1e9,
        ceilings.bytes / 1e9,
        "kernel",
        "metric",
        "shape",
        "ms",
        "GFLOP/s",
        "GB/s",
        "share of its ceiling"
    );
    for row in kernels {
        let shape: Vec<String> = row
            .shape
            .iter()
            .map(|(name, size)| format!("{name}={size}"))
            .collect();
        let bound = match row.bound {
            Bound::Arithmetic => "arithmetic",
            Bound::Memory => "memory",
        };
        text += &format!(
            "{:<17} {:<12} {:<24} {:>10.3} {:>10.1} {:>8.2}  {:.0}% of {bound}\n",
            row.kernel,
            row.metric,
            shape.join(" "),
            1e3 * row.seconds,
            row.flops_per_second / 1e9,
            row.bytes_per_second / 1e9,
            100.0 * row.share,
        );
    }
    text
}
