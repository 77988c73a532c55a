//! Which device the kernels run on.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use crate::cpu::{self, Threads};
use crate::error::ComputeError;
use crate::gpu::{self, Context};
use crate::memory::{Ledger, MemoryUse};
use crate::plan::Tile;
use crate::watch::{Meter, Watch};

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

#[derive(Debug, Clone)]
struct Inner {
    kind: DeviceKind,
    description: String,
    engine: Engine,
    is_auto: bool,
    watch: Option<Watcher>,
    /// On a GPU its context's.
    ledger: Ledger,
}

/// A watcher, which need not be [`fmt::Debug`].
#[derive(Clone)]
struct Watcher(Arc<dyn Watch>);

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a watcher")
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Engine {
    Cpu(Threads),
    Gpu(Context),
}

impl Compute {
    /// A GPU if there is one that the kernels run on, else the CPU. A software adapter is never taken.
    pub fn auto() -> Self {
        let reason = match Self::gpu() {
            Ok(compute) => return compute.taken_by_auto(),
            Err(ComputeError::NoAdapter { seen, .. }) => seen,
            Err(error) => error.to_string(),
        };
        Self::on_threads(Threads::shared(), Some(&reason)).taken_by_auto()
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
        let description = format!("{}, the host's", gpu::adapters::describe(&host.adapter));
        Self::on_host(host, description)
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

    /// The CPU and every adapter, named, or why no device can be made on it.
    pub fn all() -> Vec<(String, Result<Self, ComputeError>)> {
        let cpu = Self::cpu();
        let adapters = gpu::adapters::all().into_iter().map(|(name, host)| {
            let compute = host.and_then(|host| Self::on_host(host, name.clone()));
            (name, compute)
        });
        std::iter::once((cpu.describe().to_owned(), Ok(cpu)))
            .chain(adapters)
            .collect()
    }

    /// What this runs on.
    pub fn kind(&self) -> DeviceKind {
        self.0.kind
    }

    /// Whether [`Compute::auto`] took it, so that nobody minds what is done elsewhere because it is faster there.
    pub fn is_auto(&self) -> bool {
        self.0.is_auto
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

    /// Blocks until the device has done all that was asked of it. The CPU always has.
    ///
    /// # Errors
    /// [`ComputeError::DeviceLost`].
    pub fn wait(&self) -> Result<(), ComputeError> {
        match &self.0.engine {
            Engine::Cpu(_) => Ok(()),
            Engine::Gpu(context) => context.wait("waiting"),
        }
    }

    /// Takes the tile of the large kernels that is fastest on this adapter, and the faster ways to find the nearest of
    /// many centroids, by products or not, and for few rows in two steps or not: those that the file `cache` names for
    /// the adapter, its driver and this version, or else the fastest of a handful, timed in about a second and written there. Results do not
    /// depend on them, bit for bit. Returns the tile's name; none on the CPU.
    ///
    /// Nothing is tuned without being asked for.
    ///
    /// # Errors
    /// The device's. A cache that cannot be read or written is none.
    pub fn tune(&self, cache: &Path) -> Result<Option<&'static str>, ComputeError> {
        match self.engine() {
            Engine::Cpu(_) => Ok(None),
            Engine::Gpu(context) => gpu::tuning::tune(context, cache).map(Some),
        }
    }

    /// For tests: the tile of this name is taken; false where there is none.
    #[doc(hidden)]
    pub fn take_tile(&self, name: &str) -> bool {
        match self.engine() {
            Engine::Cpu(_) => false,
            Engine::Gpu(context) => gpu::tuning::take(context, name),
        }
    }

    /// For tests: whether few rows are given one of many centroids in two steps.
    #[doc(hidden)]
    pub fn take_two_steps(&self, takes: bool) {
        if let Engine::Gpu(context) = self.engine() {
            context.take_two_steps(takes);
        }
    }

    /// For tests: whether one of many centroids is found by products first.
    #[doc(hidden)]
    pub fn take_products(&self, takes: bool) {
        if let Engine::Gpu(context) = self.engine() {
            context.take_products(takes);
        }
    }

    /// The names of the tiles that [`Compute::tune`] chooses among.
    pub fn tiles() -> impl Iterator<Item = &'static str> {
        Tile::LARGE.iter().map(|(name, _)| *name)
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

    /// The same device, whose work reports to `watch` and can be stopped by it: what is done with this
    /// [`Compute`] and the matrices made with it, or brought to it by [`Matrix::on`](crate::Matrix::on).
    pub fn watched(&self, watch: impl Watch + 'static) -> Self {
        Self(Arc::new(Inner {
            watch: Some(Watcher(Arc::new(watch))),
            ..Inner::clone(&self.0)
        }))
    }

    /// The same device, of whose memory `bytes` may be held at most: by the matrices made with this [`Compute`], and
    /// by operations on them and on those brought to it by [`Matrix::on`](crate::Matrix::on), which cut their work
    /// into smaller parts where that keeps them below it. Results do not depend on it, bit for bit.
    ///
    /// A GPU's buffer counts until we let go of it; its driver keeps it until what was submitted is done.
    ///
    /// What would need more is refused with [`ComputeError::MemoryCap`] before it starts. A matrix counts for the
    /// [`Compute`] that it was made with. What counts, and what does not, is that of [`MemoryPlan`](crate::MemoryPlan).
    pub fn with_memory_cap(&self, bytes: u64) -> Self {
        let ledger = Ledger::new(bytes);
        let engine = match &self.0.engine {
            Engine::Cpu(threads) => Engine::Cpu(threads.clone()),
            Engine::Gpu(context) => Engine::Gpu(context.on_ledger(ledger.clone())),
        };
        Self(Arc::new(Inner {
            engine,
            ledger,
            ..Inner::clone(&self.0)
        }))
    }

    /// The memory held by way of this [`Compute`] and its clones, of which each
    /// [`Compute::with_memory_cap`] counts its own.
    pub fn memory(&self) -> MemoryUse {
        self.0.ledger.usage()
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    /// What measures a piece of work of `total` multiply-adds for the watcher.
    pub(crate) fn meter(&self, what: &'static str, total: usize) -> Meter {
        let watch = self.0.watch.as_ref().map(|watcher| &watcher.0);
        Meter::new(watch, what, total as u64)
    }

    pub(crate) fn is_same(&self, other: &Compute) -> bool {
        match (self.engine(), other.engine()) {
            (Engine::Cpu(threads), Engine::Cpu(others)) => threads.is_same(others),
            (Engine::Gpu(context), Engine::Gpu(other)) => context.is_same(other),
            _ => false,
        }
    }

    fn new(kind: DeviceKind, description: String, engine: Engine) -> Self {
        let ledger = match &engine {
            Engine::Cpu(_) => Ledger::new(u64::MAX),
            Engine::Gpu(context) => context.ledger().clone(),
        };
        Self(Arc::new(Inner {
            kind,
            description,
            engine,
            is_auto: false,
            watch: None,
            ledger,
        }))
    }

    fn taken_by_auto(self) -> Self {
        Self(Arc::new(Inner {
            is_auto: true,
            ..Inner::clone(&self.0)
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
        let description = gpu::adapters::describe(&host.adapter);
        Self::on_host(host, description)
    }

    fn on_host(host: HostDevice, description: String) -> Result<Self, ComputeError> {
        let kind = match host.adapter.get_info().device_type {
            wgpu::DeviceType::Cpu => DeviceKind::Software,
            _ => DeviceKind::Gpu,
        };
        let engine = Engine::Gpu(Context::new(host)?);
        Ok(Self::new(kind, description, engine))
    }
}
