//! A whole log, segmented from several files that say the same: same users, same labels, same bits.

mod compare;
mod generate;
mod shuffle;

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cmd::{self, Measured};
use compare::Segmented;
use generate::Expected;

/// Seconds and bytes that one run may take on two cores.
const SECONDS: f64 = 300.0;
const BYTES: u64 = 2 << 30;

/// How many customers the generated log has.
const CUSTOMERS: usize = 600;

/// Segments the log, or a generated one, in every shape it comes in, and a shuffled copy.
///
/// # Errors
/// If two runs differ, a count is not as expected, or a run takes too long or too much memory.
pub fn run(log: Option<&Path>) -> Result<()> {
    let throng = cmd::throng()?;
    let out = cmd::scratch(if log.is_some() { "real" } else { "generated" })?;
    let (files, expected) = match log {
        Some(path) => given(path, &out)?,
        None => generated(&out)?,
    };
    let mut table =
        String::from("| log | users | clusters | seconds | MiB |\n|---|---:|---:|---:|---:|\n");
    let mut first: Option<Segmented> = None;
    for (name, file) in files {
        let dir = out.join(name);
        let mut segment = cmd::program(&throng);
        segment
            .arg("segment")
            .arg(&file)
            .args(["--device", "cpu", "--seed", "7", "--quiet", "--out"])
            .arg(&dir);
        let run = cmd::measure(&mut segment)?;
        let segmented = Segmented::read(&dir)?;
        table += &row(name, &segmented, &run);
        within(&run).with_context(|| format!("{name}\n{table}"))?;
        expected
            .check(&segmented)
            .with_context(|| name.to_owned())?;
        match &first {
            Some(first) => first
                .same_as(&segmented)
                .with_context(|| format!("{name} differs from the first"))?,
            None => first = Some(segmented),
        }
    }
    println!("{table}");
    Ok(())
}

fn row(name: &str, segmented: &Segmented, run: &Measured) -> String {
    let mib = run
        .peak
        .map_or("?".to_owned(), |peak| (peak >> 20).to_string());
    format!(
        "| {name} | {} | {} | {:.1} | {mib} |\n",
        segmented.users(),
        segmented.clusters(),
        run.seconds
    )
}

fn within(run: &Measured) -> Result<()> {
    if run.seconds > SECONDS {
        bail!("took {:.0} s, more than {SECONDS}", run.seconds);
    }
    match run.peak {
        Some(peak) if peak > BYTES => bail!("held {} MiB, more than {}", peak >> 20, BYTES >> 20),
        None if cfg!(target_os = "linux") => {
            bail!("the peak of memory could not be read from /proc")
        }
        _ => Ok(()),
    }
}

/// Named files that say the same, in the order they are run.
type Files = Vec<(&'static str, PathBuf)>;

/// A copy of UCI Online Retail: the file given, its siblings, and a shuffled copy.
fn given(log: &Path, out: &Path) -> Result<(Files, Expected)> {
    let log = log
        .canonicalize()
        .with_context(|| format!("no log at {}", log.display()))?;
    let name = log
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let stem = name.split('.').next().unwrap_or_default();
    let mut files = Files::new();
    for end in ["parquet", "csv.gz", "csv"] {
        let path = log.with_file_name(format!("{stem}.{end}"));
        if path.is_file() {
            files.push((end, path));
        }
    }
    let Some((_, text)) = files.iter().find(|(end, _)| end.starts_with("csv")) else {
        bail!(
            "there must be a {stem}.csv.gz or {stem}.csv beside {name}, to make a shuffled copy of"
        );
    };
    let shuffled = out.join("shuffled.csv");
    shuffle::copy(text, &shuffled)?;
    files.push(("shuffled", shuffled));
    Ok((files, Expected::online_retail()))
}

/// A generated log of the same shape, as it is, packed, and shuffled.
fn generated(out: &Path) -> Result<(Files, Expected)> {
    let plain = out.join("generated.csv");
    let expected = generate::write(CUSTOMERS, BufWriter::new(File::create(&plain)?))?;
    let packed = out.join("generated.csv.gz");
    let mut encoder =
        flate2::write::GzEncoder::new(File::create(&packed)?, flate2::Compression::fast());
    std::io::copy(&mut File::open(&plain)?, &mut encoder)?;
    encoder.finish()?;
    let shuffled = out.join("generated-shuffled.csv");
    shuffle::copy(&plain, &shuffled)?;
    eprintln!("{}: {} bytes", plain.display(), fs::metadata(&plain)?.len());
    Ok((
        vec![("csv", plain), ("csv.gz", packed), ("shuffled", shuffled)],
        expected,
    ))
}
