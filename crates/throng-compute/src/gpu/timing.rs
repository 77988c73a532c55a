//! How long a kernel takes.

use std::time::Instant;

use throng_shaders::{Groups, Params};

use super::buffers::Buffer;
use super::context::{Context, Job, Key};
use crate::error::ComputeError;

impl Context {
    /// Seconds of a kernel run so many `times`, one after another, in one submission that the caller keeps
    /// short: by the device's own clock where it has one, else from here.
    pub(super) fn time<P: Params>(&self, job: &Job<P>, times: usize) -> Result<f64, ComputeError> {
        let name = P::STEP.name();
        self.check_rounds(job)?;
        let pipeline = self.pipeline(Key::of(job))?;
        let count = job.groups as u32;
        let groups = self.uniform(&Groups {
            first: 0,
            end: count,
        })?;
        let params = self.uniform(&job.params)?;
        let stamps = Stamps::new(self)?;
        let recording = self.begin_record(job)?;
        self.wait(&name)?;
        let start = Instant::now();
        self.guarded(&name, || {
            let bind_group = self.bind(&pipeline, &groups, &params, job.buffers);
            let mut encoder = self.device().create_command_encoder(&Default::default());
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: None,
                timestamp_writes: stamps.as_ref().map(Stamps::writes),
            });
            for _ in 0..times {
                self.dispatch(&mut pass, &pipeline, &bind_group, count);
            }
            drop(pass);
            if let Some(stamps) = &stamps {
                encoder.resolve_query_set(&stamps.set, 0..2, &stamps.values, 0);
            }
            self.queue().submit([encoder.finish()]);
        })?;
        self.wait(&name)?;
        let seconds = start.elapsed().as_secs_f64();
        // What is timed writes the same every time.
        if let Some(recording) = recording {
            self.end_record(&recording, job)?;
        }
        let stamped = stamps.map(|stamps| stamps.seconds(self)).transpose()?;
        Ok(plausible(stamped, seconds))
    }
}

/// The device's own measurement, if the time seen from here bears it out: a software adapter may stamp
/// when it takes note of work, not when it does it.
fn plausible(stamped: Option<f64>, seen: f64) -> f64 {
    stamped
        .filter(|stamped| (0.5 * seen..=seen).contains(stamped))
        .unwrap_or(seen)
}

/// The device's clock before and after a pass.
struct Stamps {
    set: wgpu::QuerySet,
    values: Buffer,
}

impl Stamps {
    /// None where the device has no clock for this.
    fn new(context: &Context) -> Result<Option<Self>, ComputeError> {
        let device = context.device();
        if !device.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return Ok(None);
        }
        let set = context.guarded("making room for timestamps", || {
            device.create_query_set(&wgpu::QuerySetDescriptor {
                label: None,
                ty: wgpu::QueryType::Timestamp,
                count: 2,
            })
        })?;
        let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
        let values = context.buffer("timestamps", 16, usage)?;
        Ok(Some(Self { set, values }))
    }

    fn writes(&self) -> wgpu::ComputePassTimestampWrites<'_> {
        wgpu::ComputePassTimestampWrites {
            query_set: &self.set,
            beginning_of_pass_write_index: Some(0),
            end_of_pass_write_index: Some(1),
        }
    }

    fn seconds(&self, context: &Context) -> Result<f64, ComputeError> {
        let ticks: Vec<u64> = context.read("timestamps", &self.values, 2)?;
        let ticks = ticks[1].saturating_sub(ticks[0]) as f64;
        Ok(ticks * f64::from(context.queue().get_timestamp_period()) * 1e-9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_far_off_is_not_taken() {
        assert_eq!(plausible(Some(0.9), 1.0), 0.9);
        assert_eq!(plausible(Some(0.0), 1.0), 1.0);
        assert_eq!(plausible(Some(2.0), 1.0), 1.0);
        assert_eq!(plausible(Some(f64::NAN), 1.0), 1.0);
        assert_eq!(plausible(None, 1.0), 1.0);
    }
}
