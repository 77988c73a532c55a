//! `throng pretrain`: a behaviour BERT of a log, for use again.

use std::time::Instant;

use serde::Serialize;
use thousands::Separable;
use throng::bert::PretrainReport;
use throng::{Behaviour, BehaviourParams};

use crate::args::{LogArgs, OutDir};
use crate::errors::saving;
use crate::failure::Failure;
use crate::session::Session;
use crate::stop;
use crate::watch::Watch;

/// Pretrain a behaviour BERT on an event log
///
/// Masked-token training on the log's own sequences. Writes a model folder for
/// `throng segment --encoder`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  throng pretrain events.csv --out model --layers 2 --hidden 64")]
pub struct Args {
    #[command(flatten)]
    out: OutDir,
    #[command(flatten)]
    sizes: Sizes,
    #[command(flatten)]
    log: LogArgs,
}

/// The sizes of the model and of its training.
#[derive(clap::Args)]
#[command(next_help_heading = "Model (suits the log when not given)")]
struct Sizes {
    /// Layers of the encoder
    #[arg(long, value_name = "N")]
    layers: Option<usize>,
    /// Width of the encoder, a multiple of --heads
    #[arg(long, value_name = "N")]
    hidden: Option<usize>,
    /// Attention heads a layer
    #[arg(long, value_name = "N")]
    heads: Option<usize>,
    /// Times that training goes through the log
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// The most tokens of a sequence
    #[arg(long, value_name = "N")]
    max_length: Option<usize>,
}

#[derive(Serialize)]
struct Outcome {
    users: usize,
    events: usize,
    vocab_size: usize,
    num_hidden_layers: usize,
    hidden_size: usize,
    num_attention_heads: usize,
    max_length: usize,
    #[serde(flatten)]
    report: Option<PretrainReport>,
    out: String,
    seconds: f64,
    device: String,
}

/// Pretrains and writes the folder.
///
/// # Errors
/// When an argument, the log or the output is wrong, the work fails, or Ctrl-C is pressed.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let start = Instant::now();
    let out = args.out.create()?;
    args.log.check()?;
    let compute = session.compute()?;
    let mut watch = Watch::new(session);
    let read = args.log.read(&mut watch)?;
    let params = BehaviourParams {
        layers: args.sizes.layers,
        hidden: args.sizes.hidden,
        heads: args.sizes.heads,
        epochs: args.sizes.epochs,
        max_length: args.sizes.max_length,
        ..BehaviourParams::default()
    };
    let model = Behaviour::pretrain(&read.log, &params, session.seed(), &compute, &mut watch)?;
    drop(watch);
    stop::check()?;

    model
        .save(out.path())
        .map_err(|error| saving(&args.out.out, error))?;
    out.commit("pretrain")?;
    let config = model.encoder.config();
    let outcome = Outcome {
        users: read.log.users.len(),
        events: read.log.events.len(),
        vocab_size: config.vocab_size,
        num_hidden_layers: config.num_hidden_layers,
        hidden_size: config.hidden_size,
        num_attention_heads: config.num_attention_heads,
        max_length: config.max_position_embeddings,
        report: model.report,
        out: args.out.out.display().to_string(),
        seconds: start.elapsed().as_secs_f64(),
        device: compute.describe().to_string(),
    };
    session.finish(&outcome, &summary(&outcome))
}

fn summary(outcome: &Outcome) -> String {
    let mut text = format!(
        "{} layers x {} wide, {} words, of {} users: {:.1} s",
        outcome.num_hidden_layers,
        outcome.hidden_size,
        outcome.vocab_size.separate_with_commas(),
        outcome.users.separate_with_commas(),
        outcome.seconds
    );
    if let Some(report) = &outcome.report {
        text.push_str(&format!(
            "\n{} steps, {} tokens, loss {:.3}",
            report.steps, report.tokens, report.loss
        ));
        if let (Some(held_out), Some(frequency)) = (report.held_out_loss, report.frequency_loss) {
            text.push_str(&format!(
                "; on users held out {held_out:.3}, by frequency alone {frequency:.3}"
            ));
        }
    }
    text + &format!("\nwrote {}", outcome.out)
}
