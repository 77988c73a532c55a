//! What the tests across crates share: data that anyone can make again, golden files, devices.

pub mod blobs;
pub mod devices;
pub mod golden;
pub mod public_sets;
pub mod timing;
