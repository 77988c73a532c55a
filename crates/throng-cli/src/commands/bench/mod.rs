//! `throng bench`: the kernels beside what the device can do at most.

mod kernels;
mod measure;
mod table;

use clap::ValueEnum;
use serde::Serialize;

use crate::failure::Failure;
use crate::session::Session;
use kernels::KERNELS;
use measure::{Bench, Measured};

/// Measure the kernels as shares of what this device can do at most
///
/// First the device's own ceilings are measured, by a kernel that only multiplies and adds and one that
/// only copies. Then each kernel runs at a few sizes that suit the device, and is given as the share of
/// the ceiling that bounds it: arithmetic or memory, whichever alone would take longer.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  throng bench pairwise --device cpu")]
pub struct Args {
    /// The kernels
    #[arg(value_enum, default_value = "all")]
    kernels: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    Kmeans,
    Pairwise,
    Silhouette,
    Topk,
    All,
}

#[derive(Serialize)]
struct Outcome {
    device: String,
    ceilings: Ceilings,
    kernels: Vec<Measured>,
}

#[derive(Serialize)]
struct Ceilings {
    flops_per_second: f64,
    bytes_per_second: f64,
}

/// Measures, and prints the table.
///
/// # Errors
/// When the device fails, or Ctrl-C is pressed.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let compute = session.compute()?;
    let progress = session.progress();
    progress.at("ceilings", 0, None);
    let ceilings = compute.ceilings()?;
    let mut bench = Bench::new(&compute, ceilings, session.seed());
    for (what, kernel) in KERNELS {
        if [*what, What::All].contains(&args.kernels) {
            let name = what.to_possible_value();
            progress.at(name.as_ref().map_or("", |name| name.get_name()), 0, None);
            kernel(&mut bench)?;
        }
    }
    drop(progress);
    let outcome = Outcome {
        device: compute.describe().to_owned(),
        ceilings: Ceilings {
            flops_per_second: ceilings.flops,
            bytes_per_second: ceilings.bytes,
        },
        kernels: bench.finish(),
    };
    session.finish(&outcome, &table::table(&ceilings, &outcome.kernels))
}
