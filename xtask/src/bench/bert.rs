//! The table of the encoder and its training on the CPU, beside PyTorch with sentence-transformers and transformers.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::marks::Marks;
use super::sides::turn;
use super::table::line;
use super::turn::Turn;
use super::{PYTHON, TURNS};
use crate::cmd;
use crate::python::Venv;

/// Texts that `xtask/peer_bert.py data` writes.
const TEXTS: f64 = 2_000.0;
/// How far our vectors' mean magnitude may be from the peer's (relative).
const AGREEMENT: f64 = 1e-5;

/// At least so many times the peer's rate.
const EMBEDDING: f64 = 0.8;
/// At most so many times the peer's memory.
const MEMORY: f64 = 1.5;
/// The tunings whose memory is looked at early and late.
const TUNINGS: [&str; 3] = ["full", "head", "lora"];
/// Seconds of a head's epoch, at most.
const HEAD: f64 = 5.0;
/// What memory may grow by from an early step to a late one (relative), at most.
const GROWTH: f64 = 0.01;

/// Measures, prints the table, and holds it to the marks.
///
/// # Errors
/// If a side fails, the model or the texts are not there, the two disagree, or a mark is missed; the last two after the table
/// is printed.
pub fn run() -> Result<()> {
    let sides = Sides::open()?;
    let embed = sides.both("embed")?;
    let full = sides.both("full")?;
    let head = figure(&sides.ours(&["head"])?, "seconds")?;
    let mut growth = [[0.0; 2]; 3];
    for (peaks, tuning) in growth.iter_mut().zip(TUNINGS) {
        let found = sides.ours(&["growth", tuning])?;
        *peaks = [figure(&found, "early")?, figure(&found, "late")?];
    }
    let report = Report {
        embed,
        full,
        head,
        growth,
    };
    println!("{}", report.table());
    let mut marks = Marks::default();
    report.hold(&mut marks);
    marks.finish()
}

/// The programs of both sides and what they read.
struct Sides {
    python: PathBuf,
    model: String,
    texts: String,
}

impl Sides {
    fn open() -> Result<Self> {
        let python = match env::var_os(PYTHON) {
            Some(python) => python.into(),
            None => {
                let venv = Venv::open()?;
                venv.install("requirements.txt")?;
                venv.install("requirements-bert.txt")?;
                venv.python().to_owned()
            }
        };
        let assets = cmd::root().join("assets");
        let reviews = assets.join("reviews/WomensClothingE-CommerceReviews.parquet.brotli");
        anyhow::ensure!(
            reviews.is_file(),
            "{} is not there: run `cargo xtask assets`",
            reviews.display()
        );
        let texts = cmd::scratch("bench")?.join("texts.json");
        let sides = Self {
            python,
            model: assets.join("minilm").display().to_string(),
            texts: texts.display().to_string(),
        };
        sides.peer(&["data", &reviews.display().to_string(), &sides.texts])?;
        Ok(sides)
    }

    fn peer(&self, words: &[&str]) -> Result<String> {
        let mut command = cmd::program(&self.python);
        command.arg(Path::new("xtask/peer_bert.py")).args(words);
        turn(&mut command)
    }

    fn ours(&self, words: &[&str]) -> Result<String> {
        let mut command = cmd::cargo(["bench", "--quiet", "--workspace", "--exclude", "xtask"]);
        command.args(["--bench", "bert", "--"]);
        let (task, rest) = words.split_first().context("no task")?;
        command.arg(task).arg(&self.model).args(rest);
        turn(&mut command)
    }

    /// Ours and the peer's turn at a task, each the median of some.
    fn both(&self, task: &str) -> Result<[Turn; 2]> {
        let mut turns = [Vec::new(), Vec::new()];
        for _ in 0..TURNS {
            let found = [
                self.ours(&[task, &self.texts])?,
                self.peer(&[task, &self.model, &self.texts])?,
            ];
            for (turns, found) in turns.iter_mut().zip(found) {
                turns.push(Turn::parse(&found)?);
            }
        }
        let [ours, theirs] = turns;
        Ok([Turn::median(ours)?, Turn::median(theirs)?])
    }
}

fn figure(text: &str, name: &str) -> Result<f64> {
    let value: Value = serde_json::from_str(text)?;
    let figure = value[name].as_f64();
    figure.with_context(|| format!("no {name} in {text}"))
}

/// How many times the peer's rate ours is.
fn rate([ours, theirs]: &[Turn; 2]) -> f64 {
    theirs.seconds / ours.seconds
}

/// All figures: of pairs, ours comes first.
struct Report {
    /// Of all texts, and what they hold beside the model.
    embed: [Turn; 2],
    /// Of a step that trains every tensor, and what such steps hold beside the model.
    full: [Turn; 2],
    /// Seconds of an epoch of a head on cached features.
    head: f64,
    /// Of each tuning the peak of memory from the first step to an early one, and from there to a late one.
    growth: [[f64; 2]; 3],
}

/// What both sides held.
fn bytes(turns: &[Turn; 2]) -> [f64; 2] {
    turns
        .each_ref()
        .map(|turn| turn.bytes().unwrap_or(f64::NAN))
}

/// How many times the peer's memory ours is.
fn memory(turns: &[Turn; 2]) -> f64 {
    let [ours, theirs] = bytes(turns);
    ours / theirs
}

fn growth([early, late]: [f64; 2]) -> f64 {
    late / early - 1.0
}

impl Report {
    fn hold(&self, marks: &mut Marks) {
        let [ours, theirs] = &self.embed;
        let off = (ours.value / theirs.value - 1.0).abs();
        marks.at_most("vectors, off from the peer's", off, AGREEMENT);
        marks.at_least(
            "embedding, times the peer's rate",
            rate(&self.embed),
            EMBEDDING,
        );
        marks.at_most(
            "embedding, times the peer's memory",
            memory(&self.embed),
            MEMORY,
        );
        marks.at_most(
            "fine-tuning, times the peer's memory",
            memory(&self.full),
            MEMORY,
        );
        marks.at_most("seconds of a head's epoch", self.head, HEAD);
        for (tuning, peaks) in TUNINGS.iter().zip(self.growth) {
            let what = format!("growth of memory while training ({tuning})");
            marks.at_most(&what, growth(peaks), GROWTH);
        }
    }

    fn table(&self) -> String {
        let texts = |turn: &Turn| {
            let seconds = turn.seconds;
            format!("{seconds:.1} s, {:.0} texts/s", TEXTS / seconds)
        };
        let [ours, theirs] = &self.embed;
        let [step, other] = &self.full;
        let mib = |bytes: f64| format!("{:.0} MiB", bytes / f64::from(1 << 20));
        let held = |what: &str, turns: &[Turn; 2]| {
            let [ours, theirs] = bytes(turns);
            let ratio = format!("{:.2} of it, mark {MEMORY}", memory(turns));
            [what.to_owned(), mib(ours), mib(theirs), ratio]
        };
        let mut rows = vec![
            [
                "2,000 reviews embedded, at most 128 tokens".to_owned(),
                texts(ours),
                texts(theirs),
                format!("{:.2} of its rate, mark {EMBEDDING}", rate(&self.embed)),
            ],
            held("what that holds at its peak beside the model", &self.embed),
            [
                "a step of full fine-tuning, 16 reviews of at most 64 tokens".to_owned(),
                format!("{:.2} s", step.seconds),
                format!("{:.2} s", other.seconds),
                format!("{:.2} of its rate", rate(&self.full)),
            ],
            held(
                "what 20 such steps hold at their peak beside the model",
                &self.full,
            ),
            [
                "an epoch of a head on 20,000 cached features".to_owned(),
                format!("{:.2} s", self.head),
                String::new(),
                format!("mark {HEAD} s"),
            ],
        ];
        for (tuning, peaks) in TUNINGS.iter().zip(self.growth) {
            rows.push([
                format!("peak of a process that trains ({tuning}), steps 1 to 50 and 50 to 500"),
                peaks.map(mib).join(", "),
                String::new(),
                format!("{:+.1}%, mark {:+.0}%", 1e2 * growth(peaks), 1e2 * GROWTH),
            ]);
        }
        let head = ["all-MiniLM-L6-v2, CPU", "throng", "PyTorch", ""].map(str::to_owned);
        let mut text = line(&head) + "|---|---:|---:|---|\n";
        for row in rows {
            text += &line(&row);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn turns(seconds: [f64; 2], values: [f64; 2], bytes: [f64; 2]) -> [Turn; 2] {
        [0, 1].map(|side| {
            let (seconds, value, bytes) = (seconds[side], values[side], bytes[side]);
            let text = format!(r#"{{"seconds": {seconds}, "value": {value}, "bytes": {bytes}}}"#);
            Turn::parse(&text).unwrap()
        })
    }

    fn report() -> Report {
        Report {
            embed: turns([20.0, 16.0], [0.05, 0.05], [1.5e8, 1e8]),
            full: turns([1.0, 2.0], [0.7; 2], [1.5e9, 1e9]),
            head: 5.0,
            growth: [[1e9, 1.009e9]; 3],
        }
    }

    #[test]
    fn each_mark_is_held() {
        let missed = |report: Report| {
            let mut marks = Marks::default();
            report.hold(&mut marks);
            marks.finish().map_err(|error| error.to_string())
        };
        missed(report()).unwrap();
        let worse = Report {
            embed: turns([20.0, 15.9], [0.05, 0.05001], [1.6e8, 1e8]),
            full: turns([1.0, 2.0], [0.7; 2], [1.6e9, 1e9]),
            head: 5.1,
            growth: [[1e9, 1.009e9], [1e9, 1.02e9], [1e9, 1e9]],
        };
        let all = missed(worse).unwrap_err();
        for what in [
            "vectors",
            "embedding, times the peer's rate",
            "embedding, times the peer's memory",
            "fine-tuning",
            "head's epoch",
            "growth of memory while training (head)",
        ] {
            assert!(all.contains(what), "{all}");
        }
    }

    #[test]
    fn rows_have_the_columns_of_the_head() {
        let text = report().table();
        assert!(text.contains("| 20.0 s, 100 texts/s | 16.0 s, 125 texts/s | 0.80 of its rate"));
        assert!(
            text.lines().all(|line| line.matches('|').count() == 5),
            "{text}"
        );
    }
}
