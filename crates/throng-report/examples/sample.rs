//! Writes a page to look at, of a made-up report or of one that was saved as JSON; with `--json` the made-up report itself.
//! `cargo run --release -p throng-report --example sample [-- --json | report.json] > sample.html`

#[path = "../tests/fixture/mod.rs"]
mod fixture;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let page = match std::env::args_os().nth(1) {
        None => throng_report::html(&fixture::report()),
        Some(flag) if flag == "--json" => throng_report::json(&fixture::report())?,
        Some(path) => throng_report::html(&serde_json::from_slice(&std::fs::read(path)?)?),
    };
    print!("{page}");
    Ok(())
}
