//! For tests: dispatches kept with what they read and wrote, so that another implementation of WGSL can be
//! held against this one (`cargo xtask platforms`).

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use throng_shaders::{Params, kernel_name};

use super::binding::{Bind, halves, shared};
use super::context::{Context, Job, Key};
use crate::error::ComputeError;
use crate::memory::words;

/// Dispatches kept of each kernel with the same constants: the first ones, over all processes.
const MOST: usize = 8;

/// The most values that a dispatch binds, to be kept: the first of a variant, and others.
const MOST_VALUES: [usize; 2] = [3 << 15, 1 << 15];

/// A dispatch that is being kept.
pub struct Recording {
    /// What it is called by `throng_shaders::all`.
    kernel: String,
    /// The file of its WGSL, beside the record.
    source: String,
    /// The kernel with its constants, as a file's name.
    variant: PathBuf,
    /// The values of each buffer, or piece of one.
    before: Vec<Vec<u32>>,
}

impl Context {
    /// From now on dispatches are kept in the folder `dir`.
    pub fn keep_dispatches(&self, dir: &Path) {
        // A second folder is not taken.
        let _ = self.records().set(dir.to_owned());
    }

    /// Before a dispatch: takes down what it is given, if it is one to keep.
    pub(super) fn begin_record<P: Params>(
        &self,
        job: &Job<P>,
    ) -> Result<Option<Recording>, ComputeError> {
        let Some(dir) = self.records().get() else {
            return Ok(None);
        };
        let values: usize = job
            .buffers
            .iter()
            .map(|(_, buffer)| values_of(*buffer))
            .sum();
        let mut kernel = kernel_name(P::STEP, job.metric);
        let halves = halves(job.buffers);
        if !halves.is_empty() {
            kernel += "-half";
        }
        let mut source = kernel.clone();
        for number in halves.iter().chain(&shared(job.buffers)) {
            source += &format!(",{number}");
        }
        let mut variant = source.clone();
        for (name, value) in job.constants {
            variant += &format!(",{name}={value}");
        }
        source += ".wgsl";
        let variant = dir.join(variant);
        let most_values = MOST_VALUES[usize::from(nth(&variant, 0).exists())];
        if values > most_values || nth(&variant, MOST - 1).exists() {
            return Ok(None);
        }
        let wgsl = Key::of(job).wgsl()?;
        fs::write(dir.join(&source), wgsl).map_err(unkept)?;
        let before = self.contents(job)?;
        Ok(Some(Recording {
            kernel,
            source,
            variant,
            before,
        }))
    }

    /// After it: keeps it, with what it wrote.
    pub(super) fn end_record<P: Params>(
        &self,
        recording: &Recording,
        job: &Job<P>,
    ) -> Result<(), ComputeError> {
        let after = self.contents(job)?;
        let constants: Vec<_> = job
            .constants
            .iter()
            .map(|(name, value)| format!("\"{name}\": {value}"))
            .collect();
        let params: Vec<u32> = bytemuck::pod_collect_to_vec(std::slice::from_ref(&job.params));
        let mut text = format!(
            "{{\"kernel\": \"{}\", \"source\": \"{}\", \"constants\": {{{}}}, \"groups\": {}, \"params\": {params:?}, \"buffers\": [",
            recording.kernel,
            recording.source,
            constants.join(", "),
            job.groups
        );
        for (i, (binding, _)) in job.buffers.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            let (before, after) = (&recording.before[i], &after[i]);
            // Writing to a string does not fail.
            let _ = write!(
                text,
                "{comma}{{\"binding\": {binding}, \"before\": {before:?}, \"after\": {after:?}}}"
            );
        }
        text += "]}\n";
        keep(&recording.variant, &text).map_err(unkept)
    }

    /// The values of all that is bound.
    fn contents<P>(&self, job: &Job<P>) -> Result<Vec<Vec<u32>>, ComputeError> {
        let buffers = job.buffers.iter();
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        buffers
            .map(|(_, buffer)| {
                let count = values_of(*buffer);
                // Not counted: what is held is that of a run without records.
                let staging = self.buffer("a record", words(count), usage)?;
                self.read_by("a record", *buffer, count, &staging)
            })
            .collect()
    }
}

fn values_of(buffer: &dyn Bind) -> usize {
    let at = buffer.binding();
    let rest = at.buffer.size() - at.offset;
    (at.size.map_or(rest, NonZeroU64::get) / 4) as usize
}

fn unkept(error: io::Error) -> ComputeError {
    ComputeError::Device {
        during: "keeping a dispatch".to_owned(),
        message: error.to_string(),
    }
}

fn nth(variant: &Path, index: usize) -> PathBuf {
    let mut name = variant.as_os_str().to_owned();
    name.push(format!(",{index}.json"));
    name.into()
}

/// Writes the next file of a variant, unless there are enough.
fn keep(variant: &Path, text: &str) -> io::Result<()> {
    for index in 0..MOST {
        match File::create_new(nth(variant, index)) {
            Ok(mut file) => return file.write_all(text.as_bytes()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
