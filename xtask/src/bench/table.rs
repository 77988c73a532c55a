//! The table of tasks, for docs/benchmarks.md.

use std::thread;

use anyhow::Result;

use super::tasks::{Outcome, Task};
use super::turn::Turn;
use super::{THREADS, TURNS};

const PEERS: [&str; 3] = ["scikit-learn", "faiss", "scipy"];

/// Every task, a column a side.
///
/// # Errors
/// If the system does not tell its cores.
pub fn table(outcomes: &[Outcome]) -> Result<String> {
    let cores = thread::available_parallelism()?;
    let mut text = format!(
        "On {THREADS} threads of {} ({cores} cores), the median of {TURNS} turns; in brackets how many times as fast \
         throng is, and the mark:\n\n| | throng, CPU | {} | throng, software Vulkan |\n|---|---:|---:|---:|---:|---:|\n",
        processor(),
        PEERS.join(" | ")
    );
    for outcome in outcomes {
        text += &row(outcome);
        text += &memory(outcome);
    }
    Ok(text)
}

fn row(outcome: &Outcome) -> String {
    let task = &outcome.task;
    let mut cells = vec![task.title(), figure(&outcome.cpu, task)];
    for name in PEERS {
        cells.push(peer(outcome, name, |turn, index| {
            let ratio = turn.seconds / outcome.cpu.seconds;
            let mark = task.peers[index].speed;
            Some(format!("{} ({ratio:.2}, mark {mark})", figure(turn, task)))
        }));
    }
    let software = figure(&outcome.software[0], &task.small());
    cells.push(format!("{software} at n={}", task.few));
    line(&cells)
}

/// The memory of both sides, where it was measured.
fn memory(outcome: &Outcome) -> String {
    let mib = |bytes: f64| format!("{:.1} MiB", bytes / f64::from(1 << 20));
    let Some(ours) = outcome.cpu.bytes() else {
        return String::new();
    };
    let mut cells = vec!["its memory beside the input".to_owned(), mib(ours)];
    for name in PEERS {
        cells.push(peer(outcome, name, |turn, index| {
            let bytes = turn.bytes()?;
            let (part, mark) = (ours / bytes, outcome.task.peers[index].memory);
            Some(format!("{} ({part:.3} of it, mark {mark})", mib(bytes)))
        }));
    }
    cells.push(outcome.software[0].bytes().map(mib).unwrap_or_default());
    line(&cells)
}

/// A peer's cell; empty where it has no part in the task.
fn peer(outcome: &Outcome, name: &str, cell: impl Fn(&Turn, usize) -> Option<String>) -> String {
    let mut peers = outcome.task.peers.iter();
    let found = peers.position(|peer| peer.name == name);
    let cell = found.and_then(|index| cell(outcome.peers.get(index)?, index));
    cell.unwrap_or_default()
}

fn figure(turn: &Turn, task: &Task) -> String {
    let rate = task.operations() / turn.seconds / 1e9;
    format!("{:.1} ms, {rate:.1} GFLOP/s", 1e3 * turn.seconds)
}

/// A line of a table.
pub fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// The processor's name, where the system tells it.
fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    line.map_or("an unnamed processor".to_owned(), |(_, name)| {
        name.trim().to_owned()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::bench::tasks;

    #[test]
    fn every_side_has_its_column() {
        let turn = |seconds: f64| {
            let text = format!(r#"{{"seconds": {seconds}, "value": 1, "bytes": 1048576}}"#);
            Turn::parse(&text).unwrap()
        };
        let task = tasks::all().remove(0);
        let outcome = Outcome {
            task,
            cpu: turn(0.016_384),
            peers: vec![turn(0.032_768), turn(0.024_576)],
            software: [turn(0.1), turn(0.1)],
        };
        assert_eq!(
            row(&outcome),
            "| Lloyd iteration, n=100000, d=128, k=64 | 16.4 ms, 100.0 GFLOP/s \
             | 32.8 ms, 50.0 GFLOP/s (2.00, mark 2) | 24.6 ms, 66.7 GFLOP/s (1.50, mark 1.5) |  \
             | 100.0 ms, 1.0 GFLOP/s at n=6250 |\n"
        );
        assert!(memory(&outcome).contains("| 1.0 MiB (1.000 of it, mark 0.1) |"));
        let text = table(&[outcome]).unwrap();
        let columns = |line: &str| line.matches('|').count();
        let lines: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(lines.len(), 4);
        assert!(
            lines.iter().all(|line| columns(line) == columns(lines[0])),
            "{text}"
        );
    }
}
