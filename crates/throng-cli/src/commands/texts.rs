//! `throng texts`: what users did, in words.

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::Instant;

use clap::ValueEnum;
use serde::Serialize;
use thousands::Separable;
use throng::bert::Tokenizer;
use throng::events::{
    BuysWithin, CutOff, EventLog, Outcomes, Purchases, SessionBuys, VerbalizeParams, format_time,
    parse_time,
};
use throng::{History, Observer, tell};

use crate::args::{LogArgs, OutFile};
use crate::failure::Failure;
use crate::field::field;
use crate::output::{FileKind, OutputFile};
use crate::session::Session;
use crate::stop;
use crate::watch::Watch;

/// How a table of ours begins.
const START: &str = "user,time,text";

const MINUTE: f64 = 60_000.0;
const DAY: f64 = 24.0 * 60.0 * MINUTE;

/// Tell what users did in words, for a model that knows language
///
/// Writes a table of user, time and text, and with --label of what came after: nothing at or after the time is told. `throng
/// train --text text --label label --split-by user` learns from it, `throng predict --text text` asks. The newest events that
/// fit are told, whole and oldest first.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  throng texts log.csv --model all-MiniLM-L6-v2 --label buys-again --at 2011-09-10 --out told.csv\n  throng train --data told.csv --text text --label label --split-by user --model all-MiniLM-L6-v2 --out buys-again"
)]
pub struct Args {
    /// The folder of the model that is to read them: its tokenizer counts
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// The most tokens of a text, special ones among them
    #[arg(long, value_name = "N", default_value_t = 128)]
    max_length: usize,
    /// The language of the words around titles and categories
    #[arg(long, value_enum, default_value = "english")]
    language: Language,
    /// A line for each user or session with an outcome: 1 if it came to a purchase, else 0. What the log does not see to its
    /// end is left out
    #[arg(long, value_enum)]
    label: Option<Label>,
    /// Tell of users what came before this time (all of it when not given); in the log's zone
    #[arg(long, value_name = "TIME", required_if_eq("label", "buys-again"))]
    at: Option<String>,
    /// How long after --at a purchase counts (until the log ends when not given)
    #[arg(long, value_name = "DAYS", requires = "at")]
    within: Option<f64>,
    /// The longest pause inside one session
    #[arg(long, value_name = "MINUTES", default_value_t = 30.0)]
    gap: f64,
    #[command(flatten)]
    out: OutFile,
    #[command(flatten)]
    log: LogArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Language {
    English,
    Chinese,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Label {
    /// Whether the user buys at or after --at
    BuysAgain,
    /// Whether the session ends in a purchase, told up to before it
    SessionBuys,
}

#[derive(Serialize)]
struct Outcome {
    n: usize,
    /// Lines with the label 1.
    positive: Option<usize>,
    out: String,
    seconds: f64,
}

/// Tells and writes the table.
///
/// # Errors
/// When an argument, the log, the model or the output is wrong, or Ctrl-C is pressed.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let start = Instant::now();
    let mut out = args.out.create(FileKind::Table(START), &args.log.paths())?;
    args.log.check()?;
    let tokenizer = Tokenizer::open(&args.model, args.max_length)?;
    let gap = milliseconds("--gap", args.gap, MINUTE)?;
    let within = args.within.map(|days| milliseconds("--within", days, DAY));
    let within = within.transpose()?;
    let (reading, clean) = args.log.options_from(1)?;
    // What is dropped by what comes later tells of it.
    if args.label.is_some() && (clean.min_events > 1 || clean.cancelled_sales) {
        return Err(Failure::input(
            "--min-events above 1 and --drop-cancelled-sales look at what comes after a text and give labels away; leave them out",
        ));
    }
    let at = args.at.as_deref().map(|at| parse_time(at, &reading));
    let at = at
        .transpose()
        .map_err(|error| Failure::input(format!("--at: {error}")))?;
    let mut watch = Watch::new(session);
    let log = args.log.read_by(&reading, &clean, &mut watch)?.log;
    let outcomes = args.outcomes(&log, at, within, gap)?;
    let histories = match &outcomes {
        Some(outcomes) => outcomes.examples.iter().map(History::from).collect(),
        None => History::of_users(&log, at),
    };
    if let Some(outcomes) = &outcomes {
        watch.say(&outcomes.left_out.to_string());
    }
    if histories.is_empty() {
        return Err(Failure::input(
            "no user or session is left to tell of; give another --at or --label",
        ));
    }
    let params = VerbalizeParams {
        language: match args.language {
            Language::English => throng::events::Language::English,
            Language::Chinese => throng::events::Language::Chinese,
        },
        visit_gap: gap,
        ..VerbalizeParams::default()
    };
    let length = args.max_length;
    let texts = tell(&log, &histories, params, &tokenizer, length, &mut watch)?;
    drop(watch);
    stop::check()?;
    let labels = outcomes.as_ref().map(Outcomes::classes);
    let lines = Lines {
        log: &log,
        histories: &histories,
        texts: &texts,
        labels: labels.as_deref(),
    };
    lines
        .write(&mut out)
        .map_err(|error| args.out.unwritten(&error))?;
    out.commit()?;
    let outcome = Outcome {
        n: texts.len(),
        positive: labels.map(|labels| labels.iter().filter(|&&label| label == 1).count()),
        out: args.out.path.display().to_string(),
        seconds: start.elapsed().as_secs_f64(),
    };
    session.finish(&outcome, &summary(&outcome))
}

impl Args {
    /// The labels that are asked for.
    fn outcomes(
        &self,
        log: &EventLog,
        at: Option<i64>,
        within: Option<i64>,
        gap: i64,
    ) -> Result<Option<Outcomes>, Failure> {
        let purchases = Purchases::of(log);
        let observed = None;
        Ok(match (self.label, at) {
            (Some(Label::BuysAgain), Some(at)) => {
                let question = BuysWithin {
                    cut_off: CutOff::At(at),
                    horizon: within,
                    observed,
                };
                Some(question.label(log, &purchases)?)
            }
            (Some(Label::SessionBuys), None) => {
                Some(SessionBuys { gap, observed }.label(log, &purchases)?)
            }
            (Some(Label::SessionBuys), Some(_)) => {
                return Err(Failure::input(
                    "--at is for users; sessions are told up to their first purchase",
                ));
            }
            (_, _) => None,
        })
    }
}

/// A number of minutes or days that is above 0.
fn milliseconds(option: &str, number: f64, unit: f64) -> Result<i64, Failure> {
    let milliseconds = number * unit;
    match (1.0..1e15).contains(&milliseconds) {
        true => Ok(milliseconds as i64),
        false => Err(Failure::input(format!(
            "{option} {number}: give a number above 0"
        ))),
    }
}

/// The table.
struct Lines<'a> {
    log: &'a EventLog,
    histories: &'a [History],
    texts: &'a [String],
    labels: Option<&'a [u32]>,
}

impl Lines<'_> {
    fn write(&self, out: &mut OutputFile) -> std::io::Result<()> {
        let mut file = BufWriter::new(out.file());
        let end = if self.labels.is_some() { ",label" } else { "" };
        writeln!(file, "{START}{end}")?;
        for (row, (history, text)) in self.histories.iter().zip(self.texts).enumerate() {
            let user = field(&self.log.users[history.user]);
            let time = format_time(history.now);
            write!(file, "{user},{time},{}", field(text))?;
            match self.labels {
                Some(labels) => writeln!(file, ",{}", labels[row])?,
                None => writeln!(file)?,
            }
        }
        file.flush()
    }
}

fn summary(outcome: &Outcome) -> String {
    let positive = outcome.positive.map_or_else(String::new, |positive| {
        format!(", {} came to a purchase", positive.separate_with_commas())
    });
    format!(
        "{} texts{positive}: {:.1} s\nwrote {}",
        outcome.n.separate_with_commas(),
        outcome.seconds,
        outcome.out
    )
}
