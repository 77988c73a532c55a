//! Which adapters there are, and their devices.

use super::context::quieten;
use crate::device::HostDevice;
use crate::error::ComputeError;

/// Whether a device of this type is a GPU.
pub fn is_gpu(kind: wgpu::DeviceType) -> bool {
    kind != wgpu::DeviceType::Cpu
}

/// Whether a device of this type is software.
pub fn is_software(kind: wgpu::DeviceType) -> bool {
    kind == wgpu::DeviceType::Cpu
}

/// An adapter in a few words.
pub fn describe(adapter: &wgpu::Adapter) -> String {
    let info = adapter.get_info();
    let kind = if is_gpu(info.device_type) {
        "gpu"
    } else {
        "software"
    };
    format!("{kind}, {} by {}", info.name, info.backend)
}

/// A device on the best adapter of the wanted kind, with all that the adapter offers, so that others can
/// share it.
pub fn open(
    wanted: &'static str,
    is_wanted: fn(wgpu::DeviceType) -> bool,
) -> Result<HostDevice, ComputeError> {
    let (instance, adapters) = enumerate();
    let mut failures = Vec::new();
    for adapter in &adapters {
        if !is_wanted(adapter.get_info().device_type) {
            continue;
        }
        match request(&instance, adapter) {
            Ok(host) => return Ok(host),
            Err(error) => failures.push(format!("{}: {error}", describe(adapter))),
        }
    }
    let seen = if failures.is_empty() {
        seen(&adapters)
    } else {
        failures.join("; ")
    };
    Err(ComputeError::NoAdapter { wanted, seen })
}

/// A device on every adapter, the best first, with the adapter in a few words.
pub fn all() -> Vec<(String, Result<HostDevice, ComputeError>)> {
    let (instance, adapters) = enumerate();
    let device = |adapter: &wgpu::Adapter| {
        let name = describe(adapter);
        let host = request(&instance, adapter).map_err(|error| ComputeError::Device {
            during: format!("opening {name}"),
            message: error.to_string(),
        });
        (name, host)
    };
    adapters.iter().map(device).collect()
}

fn enumerate() -> (wgpu::Instance, Vec<wgpu::Adapter>) {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::PRIMARY;
    let instance = wgpu::Instance::new(descriptor.with_env());
    let mut adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
    adapters.sort_by_key(|adapter| rank(adapter.get_info().device_type));
    (instance, adapters)
}

fn rank(kind: wgpu::DeviceType) -> u8 {
    match kind {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    }
}

fn seen(adapters: &[wgpu::Adapter]) -> String {
    let software = adapters
        .iter()
        .map(wgpu::Adapter::get_info)
        .find(|info| is_software(info.device_type));
    match (software, adapters.first()) {
        (Some(info), Some(first)) if is_software(first.get_info().device_type) => format!(
            "no GPU here; the software adapter {} is taken only when asked for",
            info.name
        ),
        (_, Some(first)) => format!("there is {}", describe(first)),
        (_, None) => "no graphics adapter here".to_owned(),
    }
}

fn request(
    instance: &wgpu::Instance,
    adapter: &wgpu::Adapter,
) -> Result<HostDevice, wgpu::RequestDeviceError> {
    // Mappable primary buffers would move all buffers to slow memory on some drivers.
    let unwanted =
        wgpu::Features::all_experimental_mask() | wgpu::Features::MAPPABLE_PRIMARY_BUFFERS;
    let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
        label: Some("throng"),
        required_features: adapter.features() - unwanted,
        required_limits: adapter.limits(),
        ..Default::default()
    }))?;
    quieten(&device);
    Ok(HostDevice {
        instance: instance.clone(),
        adapter: adapter.clone(),
        device,
        queue,
    })
}
