//! Which tile is the fastest on an adapter, found by timing a handful once.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use throng_shaders::Metric;

use super::context::Context;
use super::pairwise_distances::{Comparison, Side, distances};
use super::rows::Rows;
use crate::error::ComputeError;
use crate::plan::Tile;

/// No candidate is begun after so long.
const BUDGET: Duration = Duration::from_millis(700);
/// Features, and the rows of each side at first and at most.
const FEATURES: usize = 128;
const ROWS: usize = 512;
const MOST_ROWS: usize = 4096;
/// Problems grow until one takes so long: shorter ones measure what a dispatch costs.
const LONG_ENOUGH: Duration = Duration::from_millis(2);
/// The least time of so many counts.
const REPEATS: usize = 3;

/// The names of tiles by adapter.
type Known = BTreeMap<String, String>;

/// Takes the tile that the file `cache` names for this adapter, or else the fastest one, which is then written there.
///
/// Returns the tile's name. Results do not depend on it.
pub fn tune(context: &Context, cache: &Path) -> Result<&'static str, ComputeError> {
    let adapter = key(&context.host().adapter);
    let mut known = read(cache);
    if let Some(place) = known.get(&adapter).and_then(|name| place_of(name)) {
        context.take_large(place);
        return Ok(Tile::LARGE[place].0);
    }
    let place = fastest(context)?;
    let name = Tile::LARGE[place].0;
    known.insert(adapter, name.to_owned());
    // A cache that cannot be written is measured again next time.
    let _ = write(cache, &known);
    Ok(name)
}

/// Takes the tile of this name; false where there is none.
pub fn take(context: &Context, name: &str) -> bool {
    let place = place_of(name);
    if let Some(place) = place {
        context.take_large(place);
    }
    place.is_some()
}

fn place_of(name: &str) -> Option<usize> {
    Tile::LARGE.iter().position(|(known, _)| *known == name)
}

/// Everything that may change what is fast.
fn key(adapter: &wgpu::Adapter) -> String {
    let info = adapter.get_info();
    format!(
        "{} / {} / {} {} / {}",
        info.name,
        info.backend,
        info.driver,
        info.driver_info,
        env!("CARGO_PKG_VERSION")
    )
}

/// Nothing where there is no such file, or it is none of ours.
fn read(cache: &Path) -> Known {
    let text = fs::read_to_string(cache).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Whole or not at all: other programs may read it.
fn write(cache: &Path, known: &Known) -> io::Result<()> {
    let dir = cache.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(dir)?;
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    serde_json::to_writer_pretty(&mut file, known)?;
    file.persist(cache)?;
    Ok(())
}

/// The place in [`Tile::LARGE`] of the fastest, which is taken.
fn fastest(context: &Context) -> Result<usize, ComputeError> {
    let begin = Instant::now();
    let mut rows = ROWS;
    let mut best = (0, time(context, rows, 0)?);
    while best.1 < LONG_ENOUGH && rows < MOST_ROWS && begin.elapsed() < BUDGET {
        rows *= 2;
        best.1 = time(context, rows, 0)?;
    }
    for place in 1..Tile::LARGE.len() {
        if begin.elapsed() > BUDGET {
            break;
        }
        let took = time(context, rows, place)?;
        if took < best.1 {
            best = (place, took);
        }
    }
    context.take_large(best.0);
    Ok(best.0)
}

/// How long the distances of so many rows from as many take with a tile.
fn time(context: &Context, rows: usize, place: usize) -> Result<Duration, ComputeError> {
    context.take_large(place);
    let values = vec![1.0_f32; rows * FEATURES];
    let x = Rows::upload(context, &values, FEATURES)?;
    let metric = Metric::SqEuclidean;
    let side = Side::floats(context, &x, metric)?;
    let comparison = Comparison { metric, bits: 0 };
    let mut least = Duration::MAX;
    // The first one compiles the kernel.
    for repeat in 0..=REPEATS {
        context.wait("tuning")?;
        let start = Instant::now();
        distances(context, &side, &side, comparison)?;
        context.wait("tuning")?;
        if repeat > 0 {
            least = least.min(start.elapsed());
        }
    }
    Ok(least)
}
