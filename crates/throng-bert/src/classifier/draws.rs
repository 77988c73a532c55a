//! Draws that no other training disturbs: a device's generator is one for the whole process.

use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::Device;

static DRAWS: Mutex<()> = Mutex::new(());

/// Seeds the generator for as long as this is held.
pub(crate) fn seeded(device: &Device, seed: u64) -> MutexGuard<'static, ()> {
    let alone = DRAWS.lock().unwrap_or_else(PoisonError::into_inner);
    device.seed(seed);
    alone
}
