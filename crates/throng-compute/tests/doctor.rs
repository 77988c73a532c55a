//! The examination of devices, on every device. That it notices faults is tested beside it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use throng_compute::{Compute, DeviceKind, Outcome};

#[test]
fn this_machines_devices_are_right() {
    let found = Compute::all();
    // One processor and every adapter.
    assert_eq!(found.len(), 1 + adapters().len());
    for (name, compute) in found {
        let compute = compute.unwrap();
        let findings = compute.examine();
        let seconds: f64 = findings.iter().map(|finding| finding.seconds).sum();
        println!("{name}: {} checks, {seconds:.1} s", findings.len());
        let wrong: Vec<_> = findings
            .iter()
            .filter(|finding| !finding.is_safe())
            .collect();
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
        let kernels = [
            "pairwise distances",
            "nearest centroids",
            "sums by cluster",
            "k-means++",
            "silhouette",
        ];
        for kernel in kernels {
            let of_kernel = findings.iter().filter(|finding| finding.kernel == kernel);
            // Adapters may have limits; the processor has none.
            let right = of_kernel
                .filter(|finding| finding.outcome == Outcome::Right)
                .count();
            assert!(right >= 3, "{name}, {kernel}: {right}");
        }
        if compute.kind() == DeviceKind::Cpu {
            assert!(
                findings
                    .iter()
                    .all(|finding| finding.outcome == Outcome::Right)
            );
        }
    }
}
