//! The tables of docs/benchmarks.md: our kernels and their peers, in turns, on the same cores or the same GPU.

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

/// Both sides run on so many threads.
const THREADS: usize = 2;
/// Turns that each side takes; the median counts.
const TURNS: usize = 3;

/// Measures every task and the growth of every kernel, prints the tables, and holds the CPU path to its marks.
///
/// # Errors
/// If a side fails, two disagree on a result, or a mark is missed; the last two after the tables are printed.
pub fn run() -> Result<()> {
    let sides = Sides::open()?;
    let mut marks = Marks::default();
    let mut results = Vec::new();
    for task in tasks::all() {
        let result = sides.measure(task)?;
        result.hold(&mut marks);
        results.push(result);
    }
    let growth = growth::measure(&sides)?;
    growth::hold(&growth, &mut marks);
    println!("{}", table::table(&results)?);
    println!("{}", growth::table(&growth));
    marks.finish()
}
