//! Writes a page on a made-up training to look at, or on one that was saved as JSON.
//! `cargo run --release -p throng-report --example training [-- binary|multiclass|many|multilabel|regression|report.json] > training.html`

#[path = "../tests/fixture/mod.rs"]
mod fixture;
#[path = "../tests/training_fixture/mod.rs"]
mod training_fixture;

use throng_report::training::html;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let what = std::env::args().nth(1);
    let page = match what.as_deref() {
        None | Some("binary") => html(&training_fixture::binary()),
        Some("multiclass") => html(&training_fixture::multiclass(6)),
        Some("many") => html(&training_fixture::multiclass(20)),
        Some("multilabel") => html(&training_fixture::multilabel()),
        Some("regression") => html(&training_fixture::regression()),
        Some(path) => html(&serde_json::from_slice(&std::fs::read(path)?)?),
    };
    print!("{page}");
    Ok(())
}
