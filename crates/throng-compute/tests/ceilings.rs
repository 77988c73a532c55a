//! What devices are timed by.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;

#[test]
fn every_device_counts_and_copies_rightly_and_has_rates() {
    // A chain that counts wrongly or a value that is not copied is an error of `ceilings`; that the comparisons
    // notice one is tested beside the kernels.
    let mut devices = devices();
    for (instance, adapter) in adapters() {
        // The least that the kernels take, and small enough to be kept.
        devices.push(limited(&instance, &adapter, 64 << 10, 7));
    }
    for device in devices {
        let ceilings = device.compute.ceilings().unwrap();
        println!("{}: {ceilings:?}", device.name);
        // From slow software to a thousand of today's GPUs.
        let name = &device.name;
        assert!((1e7..1e17).contains(&ceilings.flops), "{name}");
        assert!((1e6..1e16).contains(&ceilings.bytes), "{name}");
    }
}
