//! Which device the kernels run on.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use crate::cpu::{self, Threads};
use crate::error::ComputeError;
use crate::gpu::{self, Context};

/// What a [`Compute`] runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceKind {
    /// A GPU.
    Gpu,
    /// A software adapter of a graphics API, such as lavapipe.
    Software,
    /// This process's threads.
    Cpu,
}

/// What to run on, as asked for by a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DeviceChoice {
    /// A GPU if there is one, else the CPU.
    #[default]
    Auto,
    /// A GPU, or an error.
    Gpu,
    /// A software adapter, or an error.
    Software,
    /// The CPU.
    Cpu,
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DeviceChoice::Auto => "auto",
            DeviceChoice::Gpu => "gpu",
            DeviceChoice::Software => "software",
            DeviceChoice::Cpu => "cpu",
        })
    }
}

impl FromStr for DeviceChoice {
    type Err = ComputeError;

    fn from_str(value: &str) -> Result<Self, ComputeError> {
        match value {
            "auto" => Ok(DeviceChoice::Auto),
            "gpu" => Ok(DeviceChoice::Gpu),
            "software" => Ok(DeviceChoice::Software),
            "cpu" => Ok(DeviceChoice::Cpu),
            _ => Err(ComputeError::UnknownName {
                argument: "device",
                value: value.to_owned(),
                choices: "auto, gpu, software, cpu",
            }),
        }
    }
}

/// A wgpu device with what it came from: a host application's, or ours lent out.
#[derive(Debug, Clone)]
pub struct HostDevice {
    /// The instance.
    pub instance: wgpu::Instance,
    /// The adapter.
    pub adapter: wgpu::Adapter,
    /// The device, made with the adapter's limits.
    pub device: wgpu::Device,
    /// The device's queue.
    pub queue: wgpu::Queue,
}

impl HostDevice {
    /// The graphics API.
    pub fn backend(&self) -> wgpu::Backend {
        self.adapter.get_info().backend
    }
}

/// A device that the kernels run on. Cloning it gives the same device.
#[derive(Debug, Clone)]
pub struct Compute(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kind: DeviceKind,
    description: String,
    engine: Engine,
}

#[derive(Debug)]
pub(crate) enum Engine {
    Cpu(Threads),
    Gpu(Box<Context>),
}

impl Compute {
    /// A GPU if there is one that the kernels run on, else the CPU. A software adapter is never taken.
    pub fn auto() -> Self {
        let reason = match Self::gpu() {
            Ok(compute) => return compute,
            Err(ComputeError::NoAdapter { seen, .. }) => seen,
            Err(error) => error.to_string(),
        };
        Self::on_threads(Threads::shared(), Some(&reason))
    }

    /// The best GPU: discrete before integrated before virtual.
    ///
    /// # Errors
    /// [`ComputeError::NoAdapter`] without a GPU; what the driver says where its device cannot be made.
    pub fn gpu() -> Result<Self, ComputeError> {
        Self::on_adapter("GPU", gpu::adapters::is_gpu)
    }

    /// The first software adapter, such as Mesa's lavapipe: for tests, far slower than the CPU path.
    ///
    /// # Errors
    /// [`ComputeError::NoAdapter`] without one; what the driver says where its device cannot be made.
    pub fn software() -> Result<Self, ComputeError> {
        Self::on_adapter("software adapter", gpu::adapters::is_software)
    }

    /// The CPU, on the program's own rayon threads.
    pub fn cpu() -> Self {
        Self::on_threads(Threads::shared(), None)
    }

    /// The CPU, on `threads` threads of its own; 0 is as many as there are cores. Results do not depend
    /// on it.
    ///
    /// # Errors
    /// [`ComputeError::Threads`] where the system gives no threads.
    pub fn cpu_with_threads(threads: usize) -> Result<Self, ComputeError> {
        Ok(Self::on_threads(Threads::new(threads)?, None))
    }

    /// A host application's device, shared: its callbacks stay as they are, and matrices live beside its
    /// own buffers. Calls block until the device is done where they return data.
    ///
    /// # Errors
    /// [`ComputeError::Limit`] where the device was made with less than the kernels need.
    pub fn from_host(host: HostDevice) -> Result<Self, ComputeError> {
        let kind = match host.adapter.get_info().device_type {
            wgpu::DeviceType::Cpu => DeviceKind::Software,
            _ => DeviceKind::Gpu,
        };
        let description = format!("{}, the host's", gpu::adapters::describe(&host.adapter));
        let engine = Engine::Gpu(Box::new(Context::new(host)?));
        Ok(Self::new(kind, description, engine))
    }

    /// What `choice` asks for.
    ///
    /// # Errors
    /// Those of [`Compute::gpu`] and [`Compute::software`].
    pub fn choose(choice: DeviceChoice) -> Result<Self, ComputeError> {
        match choice {
            DeviceChoice::Auto => Ok(Self::auto()),
            DeviceChoice::Gpu => Self::gpu(),
            DeviceChoice::Software => Self::software(),
            DeviceChoice::Cpu => Ok(Self::cpu()),
        }
    }

    /// What this runs on.
    pub fn kind(&self) -> DeviceKind {
        self.0.kind
    }

    /// What this runs on and why, in one line.
    pub fn describe(&self) -> &str {
        &self.0.description
    }

    /// The wgpu device, for others to share; none on the CPU.
    pub fn host_device(&self) -> Option<HostDevice> {
        match &self.0.engine {
            Engine::Cpu(_) => None,
            Engine::Gpu(context) => Some(context.host().clone()),
        }
    }

    /// For tests: from now on the device's new buffers are filled with NaN before a kernel writes them.
    #[doc(hidden)]
    pub fn poison_new_buffers(&self) {
        if let Engine::Gpu(context) = &self.0.engine {
            context.poison();
        }
    }

    /// For tests: from now on the device's dispatches are kept in the folder `dir`, a few of each kernel.
    #[doc(hidden)]
    pub fn keep_dispatches(&self, dir: &Path) {
        if let Engine::Gpu(context) = &self.0.engine {
            context.keep_dispatches(dir);
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn is_same(&self, other: &Compute) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn new(kind: DeviceKind, description: String, engine: Engine) -> Self {
        Self(Arc::new(Inner {
            kind,
            description,
            engine,
        }))
    }

    fn on_threads(threads: Threads, reason: Option<&str>) -> Self {
        let count = threads.count();
        let plural = if count == 1 { "" } else { "s" };
        let lanes = cpu::lanes();
        let mut description = format!("cpu, {count} thread{plural}, {lanes} lanes");
        if let Some(reason) = reason {
            description += &format!(" ({reason})");
        }
        Self::new(DeviceKind::Cpu, description, Engine::Cpu(threads))
    }

    fn on_adapter(
        wanted: &'static str,
        is_wanted: fn(wgpu::DeviceType) -> bool,
    ) -> Result<Self, ComputeError> {
        let host = gpu::adapters::open(wanted, is_wanted)?;
        let kind = match host.adapter.get_info().device_type {
            wgpu::DeviceType::Cpu => DeviceKind::Software,
            _ => DeviceKind::Gpu,
        };
        let description = gpu::adapters::describe(&host.adapter);
        let engine = Engine::Gpu(Box::new(Context::new(host)?));
        Ok(Self::new(kind, description, engine))
    }
}
