//! Burn on the device that throng-compute has: the one place where the two meet.

use std::sync::{Mutex, PoisonError};

use burn::tensor::Device;
use burn::tensor::wgpu::WgpuSetup;
use throng_compute::{Compute, HostDevice};

use crate::BertError;

/// Devices that Burn knows already: a registration lasts as long as the program, so each is made once.
static REGISTERED: Mutex<Vec<(HostDevice, Device)>> = Mutex::new(Vec::new());

/// The Burn device that computes where `compute` does: its wgpu device, or the CPU by Flex.
pub(crate) fn device(compute: &Compute) -> Result<Device, BertError> {
    let Some(host) = compute.host_device() else {
        return Ok(Device::flex());
    };
    let mut registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, device)) = registered
        .iter()
        .find(|(known, _)| known.device == host.device)
    {
        return Ok(device.clone());
    }
    let setup = WgpuSetup {
        backend: host.adapter.get_info().backend,
        instance: host.instance.clone(),
        adapter: host.adapter.clone(),
        device: host.device.clone(),
        queue: host.queue.clone(),
    };
    let device = Device::wgpu_options()
        .setup(setup)
        .init()
        .map_err(|e| BertError::Device(e.to_string()))?;
    registered.push((host, device.clone()));
    Ok(device)
}
