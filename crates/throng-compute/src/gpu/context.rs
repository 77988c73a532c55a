//! A device with its pipelines, and the way to run a kernel on it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use throng_shaders::{ENTRY, Groups, Metric, Params, Step, source};

use super::slices::Slices;
use crate::device::HostDevice;
use crate::error::ComputeError;

/// A device with its compiled kernels.
#[derive(Debug)]
pub struct Context {
    host: HostDevice,
    limits: wgpu::Limits,
    pipelines: Mutex<HashMap<Key, wgpu::ComputePipeline>>,
    pub(super) slices: Slices,
    poison: AtomicBool,
    /// Where dispatches are kept, if they are.
    pub(super) records: OnceLock<PathBuf>,
}

/// Everything that changes a kernel's code.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    step: Step,
    metric: Option<Metric>,
    constants: Vec<(&'static str, u32)>,
}

/// A kernel to run.
pub struct Job<'a, P> {
    /// The metric, for kernels that have one.
    pub metric: Option<Metric>,
    /// Values for `override` constants.
    pub constants: &'a [(&'static str, u32)],
    /// The uniform at binding 1.
    pub params: P,
    /// Buffers by binding.
    pub buffers: &'a [(u32, &'a wgpu::Buffer)],
    /// Workgroups.
    pub groups: usize,
    /// Multiply-adds of a workgroup, roughly: what slices are planned by.
    pub work: usize,
    /// Rounds of all loops of an invocation, at most.
    pub rounds: usize,
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
            host,
            limits,
            pipelines: Mutex::default(),
            slices: Slices::default(),
            poison: AtomicBool::new(false),
            records: OnceLock::new(),
        })
    }

    /// The device.
    pub fn host(&self) -> &HostDevice {
        &self.host
    }

    pub(super) fn device(&self) -> &wgpu::Device {
        &self.host.device
    }

    pub(super) fn queue(&self) -> &wgpu::Queue {
        &self.host.queue
    }

    /// From now on new buffers are filled with NaN, so that a kernel that leaves some out is found.
    pub fn poison(&self) {
        self.poison.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_poisoned(&self) -> bool {
        self.poison.load(Ordering::Relaxed)
    }

    /// The most bytes of one buffer. Capped, so that indices stay far inside 32 bits.
    pub(super) fn most_bytes(&self) -> u64 {
        let most = self.limits.max_storage_buffer_binding_size;
        most.min(self.limits.max_buffer_size).min(1 << 30)
    }

    /// The most rounds of all loops of an invocation. Mesa's llvmpipe ends them at 65,535, silently, and
    /// the results are wrong: no other adapter is known to.
    pub(super) fn most_rounds(&self) -> usize {
        if self.host.adapter.get_info().driver == "llvmpipe" {
            60_000
        } else {
            usize::MAX
        }
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
    pub(super) fn wait(&self, during: &str) -> Result<(), ComputeError> {
        match self.device().poll(wgpu::PollType::wait_indefinitely()) {
            Ok(_) => Ok(()),
            Err(_) => Err(ComputeError::DeviceLost {
                during: during.to_owned(),
            }),
        }
    }

    /// Runs a kernel, in slices; returns when it is submitted.
    pub fn run<P: Params>(&self, job: &Job<P>) -> Result<(), ComputeError> {
        if job.groups == 0 {
            return Ok(());
        }
        let name = P::STEP.name();
        if job.rounds > self.most_rounds() {
            return Err(ComputeError::TooLong {
                step: name,
                rounds: job.rounds,
                limit: self.most_rounds(),
            });
        }
        let pipeline = self.pipeline(P::STEP, job.metric, job.constants)?;
        let params = self.uniform(&job.params)?;
        let recording = self.begin_record(job)?;
        self.slices.run(
            (P::STEP, job.metric),
            job.groups,
            job.work,
            |first, end| {
                let groups = self.uniform(&Groups { first, end })?;
                self.guarded(&name, || {
                    self.submit(&pipeline, &groups, &params, job.buffers, end - first)
                })
            },
            || self.wait(&name),
        )?;
        recording.map_or(Ok(()), |recording| self.end_record(&recording, job))
    }

    fn submit(
        &self,
        pipeline: &wgpu::ComputePipeline,
        groups: &wgpu::Buffer,
        params: &wgpu::Buffer,
        buffers: &[(u32, &wgpu::Buffer)],
        count: u32,
    ) {
        let entries: Vec<_> = [(0, groups), (1, params)]
            .iter()
            .chain(buffers)
            .map(|(binding, buffer)| wgpu::BindGroupEntry {
                binding: *binding,
                resource: buffer.as_entire_binding(),
            })
            .collect();
        let bind_group = self.device().create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let mut encoder = self.device().create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, &bind_group, &[]);
            let most = self.limits.max_compute_workgroups_per_dimension;
            let wide = count.min(most);
            pass.dispatch_workgroups(wide, count.div_ceil(wide), 1);
        }
        self.queue().submit([encoder.finish()]);
    }

    fn pipeline(
        &self,
        step: Step,
        metric: Option<Metric>,
        constants: &[(&'static str, u32)],
    ) -> Result<wgpu::ComputePipeline, ComputeError> {
        let key = Key {
            step,
            metric,
            constants: constants.to_vec(),
        };
        if let Some(pipeline) = lock(&self.pipelines).get(&key) {
            return Ok(pipeline.clone());
        }
        let name = step.name();
        let constants: Vec<_> = constants
            .iter()
            .map(|(name, value)| (*name, f64::from(*value)))
            .collect();
        let pipeline = self.guarded(&format!("compiling {name}"), || {
            let module = self
                .device()
                .create_shader_module(wgpu::ShaderModuleDescriptor {
                    label: Some(&name),
                    source: wgpu::ShaderSource::Wgsl(source(step, metric).into()),
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
        lock(&self.pipelines).insert(key, pipeline.clone());
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
