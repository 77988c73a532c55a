//! Counting what a test run did: a test that did not run proves nothing.

use std::fmt;

use anyhow::{Result, bail};

/// The adapters that every kernel is tested on, as they stand in the tests' names.
const ADAPTERS: [&str; 2] = ["cpu", "software"];

/// The variable that names the folder of a log that cannot be fetched. Tests may be left out for want of it alone,
/// and say so in their reason.
pub const LOG: &str = "THRONG_ONLINE_RETAIL";

/// What became of the tests, from the lines that Rust's test harness prints.
#[derive(Debug, Default)]
pub struct Tally {
    passed: Vec<String>,
    failed: Vec<String>,
    ignored: Vec<String>,
    /// Left out because [`LOG`] names nothing.
    without_log: Vec<String>,
}

impl Tally {
    /// Reads the output of `cargo test`.
    pub fn parse(output: &str) -> Self {
        let mut tally = Self::default();
        for line in output.lines() {
            let words = line.strip_prefix("test ");
            let Some((name, outcome)) = words.and_then(|words| words.rsplit_once(" ... ")) else {
                continue;
            };
            let names = match outcome.split([' ', ',']).next() {
                Some("ok") => &mut tally.passed,
                Some("FAILED") => &mut tally.failed,
                Some("ignored") if outcome.contains(LOG) => &mut tally.without_log,
                Some("ignored") => &mut tally.ignored,
                _ => continue,
            };
            names.push(name.trim().to_owned());
        }
        tally
    }

    /// How many tests passed.
    pub fn passed(&self) -> usize {
        self.passed.len()
    }

    /// How many tests passed that carry the adapter's name.
    fn on(&self, adapter: &str) -> usize {
        let carries = |name: &&String| name.split([':', '_']).any(|word| word == adapter);
        self.passed.iter().filter(carries).count()
    }

    /// # Errors
    /// If a test failed or was left out, or if none ran on one of the adapters.
    pub fn check(&self) -> Result<()> {
        if !self.failed.is_empty() {
            bail!("{} failed: {}", self.failed.len(), self.failed.join(", "));
        }
        if !self.ignored.is_empty() {
            let names = self.ignored.join(", ");
            bail!("{} tests did not run: {names}", self.ignored.len());
        }
        match ADAPTERS.iter().find(|adapter| self.on(adapter) == 0) {
            Some(adapter) => bail!("no test ran on the adapter `{adapter}`"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tests passed", self.passed.len())?;
        for adapter in ADAPTERS {
            write!(f, ", {} of them on `{adapter}`", self.on(adapter))?;
        }
        write!(f, "; {} failed", self.failed.len())?;
        if !self.without_log.is_empty() {
            let names = self.without_log.join(", ");
            write!(f, "; DID NOT RUN, because {LOG} names no folder: {names}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const GOOD: &str = "running 4 tests
test kmeans_assign::software   ... ok
test kmeans_assign::cpu        ... ok
test silhouette_on_cpu ... ok
test src/lib.rs - KMeans::params (line 12) ... ok
test whole_log ... ignored, needs the folder THRONG_ONLINE_RETAIL

test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    fn error(output: &str) -> String {
        Tally::parse(output).check().unwrap_err().to_string()
    }

    #[test]
    fn a_good_run_is_counted_by_adapter() {
        let tally = Tally::parse(GOOD);
        tally.check().unwrap();
        assert_eq!(tally.passed.len(), 4);
        assert_eq!((tally.on("cpu"), tally.on("software")), (2, 1));
        assert!(tally.to_string().ends_with("names no folder: whole_log"));
    }

    #[test]
    fn a_failed_a_left_out_and_a_missing_adapter_are_errors() {
        let failed = GOOD.replace("on_cpu ... ok", "on_cpu ... FAILED");
        assert!(error(&failed).contains("silhouette_on_cpu"));
        let ignored = GOOD.replace("on_cpu ... ok", "on_cpu ... ignored, slow");
        assert!(error(&ignored).contains("did not run: silhouette_on_cpu"));
        let missing = GOOD.replace("assign::software", "assign::hardware");
        assert!(error(&missing).contains("`software`"));
        assert!(Tally::parse("").check().is_err());
    }
}
