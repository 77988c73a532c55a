//! A device with its pipelines, and the way to run a kernel on it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use throng_shaders::{ENTRY, Groups, Metric, Params, Step, halved, source, written};

use super::binding::{Bind, halves, shared};
use super::buffers::Buffer;
use super::slices::{Pace, Slices};
use crate::device::HostDevice;
use crate::error::ComputeError;
use crate::memory::Ledger;
use crate::plan::Tile;
use crate::watch::Meter;

/// A device with its compiled kernels, and the work that it is used for. Cloning it gives the same device.
#[derive(Debug, Clone)]
pub struct Context {
    shared: Arc<Shared>,
    meter: Meter,
    ledger: Ledger,
}

#[derive(Debug)]
struct Shared {
    host: HostDevice,
    limits: wgpu::Limits,
    pipelines: Mutex<HashMap<Key, wgpu::ComputePipeline>>,
    slices: Slices,
    poison: AtomicBool,
    /// The place in [`Tile::LARGE`] of the fastest.
    large: AtomicUsize,
    /// Whether centroids are found in two steps where they may be.
    two_steps: AtomicBool,
    /// Whether they are found by products where they may be.
    products: AtomicBool,
    /// Where dispatches are kept, if they are.
    records: OnceLock<PathBuf>,
}

/// Everything that changes a kernel's code.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    step: Step,
    metric: Option<Metric>,
    constants: Vec<(&'static str, u32)>,
    /// Bindings that are pieces of one buffer.
    shared: Vec<u32>,
    /// Bindings of 16-bit floats.
    halves: Vec<u32>,
}

/// A kernel to run.
pub struct Job<'a, P> {
    /// The metric, for kernels that have one.
    pub metric: Option<Metric>,
    /// Values for `override` constants.
    pub constants: &'a [(&'static str, u32)],
    /// The uniform at binding 1.
    pub params: P,
    /// Buffers, or pieces of them, by binding.
    pub buffers: &'a [(u32, &'a dyn Bind)],
    /// Workgroups.
    pub groups: usize,
    /// Multiply-adds of a workgroup, roughly: what slices are planned by.
    pub work: usize,
    /// Rounds of all loops of an invocation, at most.
    pub rounds: usize,
}

impl Key {
    pub(super) fn of<P: Params>(job: &Job<P>) -> Self {
        Self {
            step: P::STEP,
            metric: job.metric,
            constants: job.constants.to_vec(),
            shared: shared(job.buffers),
            halves: halves(job.buffers),
        }
    }

    /// The kernel's code, but for the values of its constants.
    pub(super) fn wgsl(&self) -> Result<String, ComputeError> {
        let mut wgsl = source(self.step, self.metric);
        for &binding in &self.halves {
            wgsl = halved(&wgsl, binding).ok_or_else(|| ComputeError::Device {
                during: format!("compiling {}", self.step.name()),
                message: format!("binding {binding} takes no 16-bit floats"),
            })?;
        }
        Ok(written(&wgsl, &self.shared))
    }
}

impl Context {
    /// Takes a device, if it offers what the kernels need.
    pub fn new(host: HostDevice) -> Result<Self, ComputeError> {
        let limits = host.device.limits();
        let needs = [
            (
                "max_compute_invocations_per_workgroup",
                u64::from(limits.max_compute_invocations_per_workgroup),
                256,
            ),
            (
                "max_compute_workgroup_size_x",
                u64::from(limits.max_compute_workgroup_size_x),
                256,
            ),
            (
                "max_compute_workgroup_size_y",
                u64::from(limits.max_compute_workgroup_size_y),
                64,
            ),
            (
                "max_compute_workgroup_storage_size",
                u64::from(limits.max_compute_workgroup_storage_size),
                16_384,
            ),
            (
                "max_storage_buffers_per_shader_stage",
                u64::from(limits.max_storage_buffers_per_shader_stage),
                8,
            ),
            (
                "max_storage_buffer_binding_size",
                limits.max_storage_buffer_binding_size,
                1 << 16,
            ),
            ("max_buffer_size", limits.max_buffer_size, 1 << 16),
        ];
        for (limit, found, needed) in needs {
            if found < needed {
                return Err(ComputeError::Limit {
                    limit,
                    needed,
                    found,
                });
            }
        }
        Ok(Self {
            shared: Arc::new(Shared {
                host,
                limits,
                pipelines: Mutex::default(),
                slices: Slices::default(),
                poison: AtomicBool::new(false),
                large: AtomicUsize::new(0),
                two_steps: AtomicBool::new(false),
                products: AtomicBool::new(true),
                records: OnceLock::new(),
            }),
            meter: Meter::default(),
            ledger: Ledger::new(u64::MAX),
        })
    }

    /// The same device, for work that `meter` measures.
    pub fn metered(&self, meter: Meter) -> Self {
        Self {
            shared: self.shared.clone(),
            meter,
            ledger: self.ledger.clone(),
        }
    }

    /// What measures the work.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The same device, whose buffers `ledger` counts.
    pub fn on_ledger(&self, ledger: Ledger) -> Self {
        Self {
            shared: self.shared.clone(),
            meter: self.meter.clone(),
            ledger,
        }
    }

    /// What counts the buffers.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Whether both are one device.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// The device.
    pub fn host(&self) -> &HostDevice {
        &self.shared.host
    }

    /// Where dispatches are kept, if they are.
    pub(super) fn records(&self) -> &OnceLock<PathBuf> {
        &self.shared.records
    }

    pub(super) fn device(&self) -> &wgpu::Device {
        &self.shared.host.device
    }

    pub(super) fn queue(&self) -> &wgpu::Queue {
        &self.shared.host.queue
    }

    /// From now on new buffers are filled with NaN, so that a kernel that leaves some out is found.
    pub fn poison(&self) {
        self.shared.poison.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_poisoned(&self) -> bool {
        self.shared.poison.load(Ordering::Relaxed)
    }

    /// The tile to take for `tile`: another one for [`Tile::SQUARE`] where that was found to be faster.
    pub(super) fn tuned(&self, tile: Tile) -> Tile {
        match tile {
            Tile::SQUARE => Tile::LARGE[self.shared.large.load(Ordering::Relaxed)].1,
            tile => tile,
        }
    }

    /// From now on the tile at this place of [`Tile::LARGE`] is taken for large problems.
    pub(super) fn take_large(&self, place: usize) {
        self.shared.large.store(place, Ordering::Relaxed);
    }

    pub(super) fn takes_two_steps(&self) -> bool {
        self.shared.two_steps.load(Ordering::Relaxed)
    }

    /// Whether from now on few rows are given one of many centroids in two steps.
    pub fn take_two_steps(&self, takes: bool) {
        self.shared.two_steps.store(takes, Ordering::Relaxed);
    }

    pub(super) fn takes_products(&self) -> bool {
        self.shared.products.load(Ordering::Relaxed)
    }

    /// Whether from now on one of many centroids is found by products.
    pub fn take_products(&self, takes: bool) {
        self.shared.products.store(takes, Ordering::Relaxed);
    }

    /// The most bytes of one buffer. Capped, so that indices stay far inside 32 bits.
    pub(super) fn most_bytes(&self) -> u64 {
        let most = self.shared.limits.max_storage_buffer_binding_size;
        most.min(self.shared.limits.max_buffer_size).min(1 << 30)
    }

    /// What offsets of bindings are multiples of, in bytes.
    pub fn offset_alignment(&self) -> u64 {
        u64::from(self.shared.limits.min_storage_buffer_offset_alignment)
    }

    /// The most rounds of all loops of an invocation. Mesa's llvmpipe ends them at 65,535, silently, and
    /// the results are wrong: no other adapter is known to.
    pub(super) fn most_rounds(&self) -> usize {
        if self.shared.host.adapter.get_info().driver == "llvmpipe" {
            60_000
        } else {
            usize::MAX
        }
    }

    /// The most workgroups of a dispatch, folded to two dimensions.
    pub(super) fn most_groups(&self) -> usize {
        let most = self.shared.limits.max_compute_workgroups_per_dimension as usize;
        most.saturating_mul(most)
    }

    /// Does something on the device, and turns its errors into ours.
    pub(super) fn guarded<R>(
        &self,
        during: &str,
        work: impl FnOnce() -> R,
    ) -> Result<R, ComputeError> {
        let device = self.device();
        let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let internal = device.push_error_scope(wgpu::ErrorFilter::Internal);
        let result = work();
        let internal = pollster::block_on(internal.pop());
        let validation = pollster::block_on(validation.pop());
        let memory = pollster::block_on(memory.pop());
        match memory.or(validation).or(internal) {
            None => Ok(result),
            Some(wgpu::Error::OutOfMemory { .. }) => Err(ComputeError::OutOfMemory {
                during: during.to_owned(),
            }),
            Some(error) => Err(ComputeError::Device {
                during: during.to_owned(),
                message: one_line(&error.to_string()),
            }),
        }
    }

    /// Blocks until the device is done.
    pub fn wait(&self, during: &str) -> Result<(), ComputeError> {
        match self.device().poll(wgpu::PollType::wait_indefinitely()) {
            Ok(_) => Ok(()),
            Err(_) => Err(ComputeError::DeviceLost {
                during: during.to_owned(),
            }),
        }
    }

    /// Runs a kernel, in slices; returns when it is submitted.
    pub fn run<P: Params>(&self, job: &Job<P>) -> Result<(), ComputeError> {
        self.run_at(job, Pace::Own)
    }

    /// The same, in slices of this pace.
    pub fn run_at<P: Params>(&self, job: &Job<P>, pace: Pace) -> Result<(), ComputeError> {
        if job.groups == 0 {
            return Ok(());
        }
        let name = P::STEP.name();
        self.check_rounds(job)?;
        let pipeline = self.pipeline(Key::of(job))?;
        let params = self.uniform(&job.params)?;
        let recording = self.begin_record(job)?;
        self.shared.slices.run(
            (P::STEP, job.metric),
            pace,
            job.groups,
            job.work,
            |first, end| {
                self.meter.check()?;
                // Two dimensions hold the square of one.
                let most = self.shared.limits.max_compute_workgroups_per_dimension;
                let most = most.saturating_mul(most);
                for first in (first..end).step_by(most as usize) {
                    let end = end.min(first.saturating_add(most));
                    let groups = self.uniform(&Groups { first, end })?;
                    self.guarded(&name, || {
                        let bind_group = self.bind(&pipeline, &groups, &params, job.buffers);
                        let mut encoder = self.device().create_command_encoder(&Default::default());
                        let mut pass = encoder.begin_compute_pass(&Default::default());
                        self.dispatch(&mut pass, &pipeline, &bind_group, end - first);
                        drop(pass);
                        self.queue().submit([encoder.finish()]);
                    })?;
                }
                if matches!(pace, Pace::Own) {
                    self.meter
                        .add(((end - first) as usize).saturating_mul(job.work));
                }
                Ok(())
            },
            || self.wait(&name),
        )?;
        if let Some(recording) = recording {
            self.end_record(&recording, job)?;
        }
        Ok(())
    }

    pub(super) fn check_rounds<P: Params>(&self, job: &Job<P>) -> Result<(), ComputeError> {
        if job.rounds <= self.most_rounds() {
            return Ok(());
        }
        Err(ComputeError::TooLong {
            step: P::STEP.name(),
            rounds: job.rounds,
            limit: self.most_rounds(),
        })
    }

    pub(super) fn bind(
        &self,
        pipeline: &wgpu::ComputePipeline,
        groups: &Buffer,
        params: &Buffer,
        buffers: &[(u32, &dyn Bind)],
    ) -> wgpu::BindGroup {
        let uniforms: [(u32, &dyn Bind); 2] = [(0, groups), (1, params)];
        let entries: Vec<_> = uniforms
            .iter()
            .chain(buffers)
            .map(|(binding, buffer)| wgpu::BindGroupEntry {
                binding: *binding,
                resource: wgpu::BindingResource::Buffer(buffer.binding()),
            })
            .collect();
        self.device().create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        })
    }

    /// `count` workgroups, folded where one dimension does not hold them.
    pub(super) fn dispatch(
        &self,
        pass: &mut wgpu::ComputePass,
        pipeline: &wgpu::ComputePipeline,
        bind_group: &wgpu::BindGroup,
        count: u32,
    ) {
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, bind_group, &[]);
        let most = self.shared.limits.max_compute_workgroups_per_dimension;
        let wide = count.min(most);
        pass.dispatch_workgroups(wide, count.div_ceil(wide), 1);
    }

    pub(super) fn pipeline(&self, key: Key) -> Result<wgpu::ComputePipeline, ComputeError> {
        if let Some(pipeline) = lock(&self.shared.pipelines).get(&key) {
            return Ok(pipeline.clone());
        }
        let name = key.step.name();
        let wgsl = key.wgsl()?;
        let constants: Vec<_> = key
            .constants
            .iter()
            .map(|(name, value)| (*name, f64::from(*value)))
            .collect();
        let pipeline = self.guarded(&format!("compiling {name}"), || {
            let module = self
                .device()
                .create_shader_module(wgpu::ShaderModuleDescriptor {
                    label: Some(&name),
                    source: wgpu::ShaderSource::Wgsl(wgsl.into()),
                });
            self.device()
                .create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                    label: Some(&name),
                    layout: None,
                    module: &module,
                    entry_point: Some(ENTRY),
                    // The kernels write workgroup memory before they read it.
                    compilation_options: wgpu::PipelineCompilationOptions {
                        constants: &constants,
                        zero_initialize_workgroup_memory: false,
                    },
                    cache: None,
                })
        })?;
        lock(&self.shared.pipelines).insert(key, pipeline.clone());
        Ok(pipeline)
    }
}

/// A lock that another thread's panic does not spoil: what it guards is only added to.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// wgpu's messages run over many lines; ours have one.
fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Keeps wgpu's default handler, which panics, away from a device that is ours.
pub(super) fn quieten(device: &wgpu::Device) {
    device.on_uncaptured_error(Arc::new(|_error: wgpu::Error| {}));
}
