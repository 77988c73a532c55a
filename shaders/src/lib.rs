//! The WGSL of throng, and the host's picture of its parameters. Nothing here runs it.
//!
//! A kernel is one file, `wgsl/<kernel>/<step>.wgsl`, with one entry point, [`ENTRY`]. What kernels share
//! is in `wgsl/shared/`, what a metric changes in `wgsl/metric/`; a line `//!import name` takes a file in.

mod compose;
mod params;
mod registry;
mod tables;

pub use compose::{halved, source, written};
pub use params::*;
pub use registry::{Kernel, Metric, Step, all, kernel_name};
pub use tables::*;

/// The entry point of every kernel.
pub const ENTRY: &str = "main";
