//! For tests: dispatches kept with what they read and wrote, so that another implementation of WGSL can be
//! held against this one (`cargo xtask platforms`).

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use throng_shaders::{Params, kernel_name};

use super::binding::{Bind, halves, shared};
use super::context::{Context, Job};
use crate::error::ComputeError;

/// Dispatches kept of each kernel with the same constants: the first ones, over all processes.
const MOST: usize = 8;

/// The most values that a dispatch binds, to be kept.
const MOST_VALUES: usize = 1 << 15;

/// A dispatch that is being kept.
pub struct Recording {
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
        let mut variant = kernel_name(P::STEP, job.metric);
        for number in shared(job.buffers) {
            variant += &format!(",{number}");
        }
        for (name, value) in job.constants {
            variant += &format!(",{name}={value}");
        }
        let variant = dir.join(variant);
        // Kernels of 16-bit floats are others, of which only the translations are checked.
        let is_half = !halves(job.buffers).is_empty();
        if is_half || values > MOST_VALUES || nth(&variant, MOST - 1).exists() {
            return Ok(None);
        }
        let before = self.contents(job)?;
        Ok(Some(Recording { variant, before }))
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
            "{{\"kernel\": \"{}\", \"shared\": {:?}, \"constants\": {{{}}}, \"groups\": {}, \"params\": {params:?}, \"buffers\": [",
            kernel_name(P::STEP, job.metric),
            shared(job.buffers),
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
        keep(&recording.variant, &text).map_err(|error| ComputeError::Device {
            during: "keeping a dispatch".to_owned(),
            message: error.to_string(),
        })
    }

    /// The values of all that is bound.
    fn contents<P>(&self, job: &Job<P>) -> Result<Vec<Vec<u32>>, ComputeError> {
        let buffers = job.buffers.iter();
        buffers
            .map(|(_, buffer)| self.read("a record", *buffer, values_of(*buffer)))
            .collect()
    }
}

fn values_of(buffer: &dyn Bind) -> usize {
    let at = buffer.binding();
    let rest = at.buffer.size() - at.offset;
    (at.size.map_or(rest, NonZeroU64::get) / 4) as usize
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
