//! The tables of docs/benchmarks.md: our kernels and their peers, in turns, on the same cores or the same GPU.

pub mod bert;
pub mod gpu;
mod growth;
mod marks;
mod sides;
mod table;
mod tasks;
mod turn;

use anyhow::Result;

use marks::Marks;
use sides::Sides;

/// The Python that has PyTorch, of which there are kinds, in several GB.
pub const PYTHON: &str = "THRONG_BENCH_PYTHON";
/// Both sides run on so many threads.
const THREADS: usize = 2;
/// Turns that each side takes; the median counts.
const TURNS: usize = 3;

/// Measures every task and the growth of every kernel, prints the tables, and holds the CPU path to its marks; or
/// does so with the tasks alone that have `only` in their title.
///
/// # Errors
/// If a side fails, two disagree on a result, or a mark is missed; the last two after the tables are printed.
pub fn run(only: Option<&str>) -> Result<()> {
    let sides = Sides::open()?;
    let mut marks = Marks::default();
    let mut results = Vec::new();
    let mut tasks = tasks::all();
    tasks.retain(|task| only.is_none_or(|only| task.title().contains(only)));
    for task in tasks {
        let result = sides.measure(task)?;
        result.hold(&mut marks);
        results.push(result);
    }
    println!("{}", table::table(&results)?);
    if only.is_none() {
        let growth = growth::measure(&sides)?;
        growth::hold(&growth, &mut marks);
        println!("{}", growth::table(&growth));
    }
    marks.finish()
}
