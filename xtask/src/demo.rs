//! The demo over seeds: are the planted cohorts found, and soon enough?

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cmd;

/// The adjusted Rand index to reach on every seed.
const ARI: f64 = 0.9;
/// By how much it must be above k-means on plain event counts.
const ABOVE_COUNTS: f64 = 0.1;
/// Seconds a run may take, the build not counted.
const SECONDS: f64 = 120.0;

/// Runs `throng demo` for the seeds 0 to `seeds` - 1 and prints a table.
///
/// # Errors
/// If a seed misses one of the marks.
pub fn run(seeds: u64) -> Result<()> {
    let throng = cmd::throng()?;
    let out = cmd::scratch("demo")?;
    let mut table = String::from(
        "| seed | k | ARI | ARI of event counts | seconds |\n|---:|---:|---:|---:|---:|\n",
    );
    let mut missed = Vec::new();
    for seed in 0..seeds {
        let mut demo = cmd::program(&throng);
        demo.args(["demo", "--json", "--seed", &seed.to_string(), "--out"])
            .arg(out.join(seed.to_string()));
        let run = cmd::measure(&mut demo)?;
        let result: Value =
            serde_json::from_str(&run.stdout).context("`demo --json` wrote no JSON")?;
        let figure = |name: &str| {
            result[name]
                .as_f64()
                .with_context(|| format!("`demo --json` has no {name}"))
        };
        let (k, ari, counts) = (
            figure("k")?,
            figure("adjusted_rand_score")?,
            figure("baseline_adjusted_rand_score")?,
        );
        table += &format!(
            "| {seed} | {k} | {ari:.3} | {counts:.3} | {:.1} |\n",
            run.seconds
        );
        missed.extend(misses(ari, counts, run.seconds).map(|what| format!("seed {seed}: {what}")));
    }
    println!("{table}");
    if !missed.is_empty() {
        bail!("{}", missed.join("; "));
    }
    Ok(())
}

fn misses(ari: f64, counts: f64, seconds: f64) -> impl Iterator<Item = String> {
    let marks = [
        (ari >= ARI, format!("ARI {ari:.3} is below {ARI}")),
        (
            ari - counts >= ABOVE_COUNTS,
            format!("ARI {ari:.3} is not {ABOVE_COUNTS} above {counts:.3} of event counts"),
        ),
        (
            seconds <= SECONDS,
            format!("took {seconds:.0} s, more than {SECONDS}"),
        ),
    ];
    marks
        .into_iter()
        .filter(|(met, _)| !met)
        .map(|(_, what)| what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mark_can_be_missed() {
        assert_eq!(misses(0.95, 0.5, 60.0).count(), 0);
        for (ari, counts, seconds) in [
            (0.89, 0.5, 60.0),
            (0.95, 0.86, 60.0),
            (0.95, 0.5, 121.0),
            (f64::NAN, 0.5, 60.0),
        ] {
            assert!(
                misses(ari, counts, seconds).count() >= 1,
                "{ari} {counts} {seconds}"
            );
        }
    }
}
