//! The options of every subcommand.

use clap::{Args, ValueEnum};
use throng::compute::DeviceChoice;

/// The options of every subcommand.
#[derive(Args, Clone)]
#[command(next_help_heading = "Common options")]
pub struct Common {
    /// Print one JSON object on stdout; everything else goes to stderr
    #[arg(long, global = true)]
    pub json: bool,

    /// Where to compute: a GPU if there is one, but for small models (auto), a GPU, a software GPU, or the CPU
    #[arg(
        long,
        global = true,
        env = "THRONG_DEVICE",
        default_value = "auto",
        hide_env_values = true
    )]
    pub device: Device,

    /// The seed of everything random
    #[arg(long, global = true, default_value_t = 0, value_name = "N")]
    pub seed: u64,

    /// Say nothing but errors and what --json prints
    #[arg(long, global = true)]
    pub quiet: bool,
}

/// Where to compute.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "lower")]
pub enum Device {
    // An empty variable is one that is not set.
    #[value(alias = "")]
    Auto,
    Gpu,
    Software,
    Cpu,
}

impl From<Device> for DeviceChoice {
    fn from(device: Device) -> Self {
        match device {
            Device::Auto => Self::Auto,
            Device::Gpu => Self::Gpu,
            Device::Software => Self::Software,
            Device::Cpu => Self::Cpu,
        }
    }
}
