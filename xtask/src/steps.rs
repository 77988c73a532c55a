//! Steps with their times, and a table at the end.

use std::time::Instant;

use anyhow::{Result, bail};

enum Outcome {
    Passed,
    Failed(String),
    LeftOut(String),
}

struct Row {
    name: &'static str,
    seconds: f64,
    outcome: Outcome,
}

/// Steps that run one after another; a failing one does not keep the next from running.
#[derive(Default)]
pub struct Steps {
    rows: Vec<Row>,
}

impl Steps {
    /// Runs a step and notes its time and outcome.
    pub fn run(&mut self, name: &'static str, step: impl FnOnce() -> Result<()>) {
        self.make(name, false, step);
    }

    /// Runs a step that makes what others need. Where it fails and `may_lack` it, it counts as left out.
    pub fn make<T>(
        &mut self,
        name: &'static str,
        may_lack: bool,
        step: impl FnOnce() -> Result<T>,
    ) -> Option<T> {
        eprintln!("\n== {name}");
        let start = Instant::now();
        let (made, outcome) = match step() {
            Ok(made) => (Some(made), Outcome::Passed),
            Err(error) if may_lack => {
                eprintln!("== {name} is not to be had here: {error:#}");
                (None, Outcome::LeftOut(format!("{error:#}")))
            }
            Err(error) => {
                eprintln!("== {name} FAILED: {error:#}");
                (None, Outcome::Failed(format!("{error:#}")))
            }
        };
        let seconds = start.elapsed().as_secs_f64();
        self.rows.push(Row {
            name,
            seconds,
            outcome,
        });
        made
    }

    /// Notes a step that does not run, and why.
    pub fn leave_out(&mut self, name: &'static str, why: impl Into<String>) {
        self.rows.push(Row {
            name,
            seconds: 0.0,
            outcome: Outcome::LeftOut(why.into()),
        });
    }

    /// Prints the table.
    ///
    /// # Errors
    /// If a step failed: the first of them.
    pub fn finish(self) -> Result<()> {
        eprintln!("\n{}", self.table());
        let is_left_out = |row: &&Row| matches!(row.outcome, Outcome::LeftOut(_));
        let left_out: Vec<_> = self
            .rows
            .iter()
            .filter(is_left_out)
            .map(|row| row.name)
            .collect();
        if !left_out.is_empty() {
            eprintln!("NOT RUN: {}", left_out.join(", "));
        }
        for Row { name, outcome, .. } in &self.rows {
            if let Outcome::Failed(why) = outcome {
                bail!("the step `{name}` failed first: {why}");
            }
        }
        Ok(())
    }

    fn table(&self) -> String {
        let mut text = String::from("| step | seconds | outcome |\n|---|---:|---|\n");
        for row in &self.rows {
            let (name, seconds) = (row.name, row.seconds);
            text += &match &row.outcome {
                Outcome::Passed => format!("| {name} | {seconds:.1} | passed |\n"),
                Outcome::Failed(_) => format!("| {name} | {seconds:.1} | FAILED |\n"),
                Outcome::LeftOut(why) => format!("| {name} | | left out: {why} |\n"),
            };
        }
        let total: f64 = self.rows.iter().map(|row| row.seconds).sum();
        text + &format!("| all | {total:.1} | |")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_first_failure_is_named_and_later_steps_still_run() {
        let mut steps = Steps::default();
        let mut ran = false;
        steps.run("one", || Ok(()));
        steps.run("two", || bail!("broken"));
        steps.run("three", || bail!("too"));
        steps.run("four", || {
            ran = true;
            Ok(())
        });
        assert!(ran);
        assert!(steps.table().contains("| two | 0.0 | FAILED |"));
        assert_eq!(
            steps.finish().unwrap_err().to_string(),
            "the step `two` failed first: broken"
        );
    }

    #[test]
    fn all_passed_is_no_error() {
        let mut steps = Steps::default();
        steps.run("one", || Ok(()));
        steps.leave_out("two", "no log");
        assert!(steps.table().contains("| two | | left out: no log |"));
        assert_eq!(steps.make("three", true, || Ok(3)), Some(3));
        assert_eq!(
            steps.make("four", true, || bail!("no root") as Result<()>),
            None
        );
        assert!(steps.table().contains("| four | | left out: no root |"));
        assert!(steps.finish().is_ok());
    }
}
