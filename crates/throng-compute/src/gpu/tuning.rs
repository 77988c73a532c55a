//! Which tile is the fastest on an adapter, and which way to the nearest centroid, found by timing a handful once.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use throng_shaders::Metric;

use super::context::Context;
use super::kmeans_batch::Single;
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

/// Rows, features and centroids of an assignment: few rows, fused and in two steps; and rows of which there are more until
/// it takes long enough, by differences and by products.
const FEW: [usize; 3] = [1024, 64, 1024];
const MANY: [usize; 3] = [512, 64, 1024];
const MOST_ASSIGNED: usize = 1 << 17;

/// What was found, by adapter.
type Known = BTreeMap<String, Value>;

/// Takes what the file `cache` names for this adapter, or else the fastest, which is then written there.
///
/// Returns the tile's name. Results do not depend on it.
pub fn tune(context: &Context, cache: &Path) -> Result<&'static str, ComputeError> {
    let adapter = key(&context.host().adapter);
    let mut known = read(cache);
    if let Some(name) = known
        .get(&adapter)
        .and_then(|found| believe(context, found))
    {
        return Ok(name);
    }
    let name = Tile::LARGE[fastest(context)?].0;
    let products = are_products_faster(context)?;
    let two_steps = are_two_steps_faster(context)?;
    let found = json!({ "tile": name, "products": products, "two_steps": two_steps });
    known.insert(adapter, found);
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

/// Takes what was found before; the tile's name, or none where that is not ours.
fn believe(context: &Context, found: &Value) -> Option<&'static str> {
    let place = place_of(found["tile"].as_str()?)?;
    let products = found["products"].as_bool()?;
    let two_steps = found["two_steps"].as_bool()?;
    context.take_large(place);
    context.take_products(products);
    context.take_two_steps(two_steps);
    Some(Tile::LARGE[place].0)
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

/// Whether one of many centroids is found faster by products, which are then taken.
fn are_products_faster(context: &Context) -> Result<bool, ComputeError> {
    let mut shape = MANY;
    context.take_products(false);
    let mut without = time_assignment(context, shape)?;
    while without < LONG_ENOUGH && shape[0] < MOST_ASSIGNED {
        shape[0] *= 2;
        without = time_assignment(context, shape)?;
    }
    context.take_products(true);
    let is_faster = time_assignment(context, shape)? < without;
    context.take_products(is_faster);
    Ok(is_faster)
}

/// Whether few rows are given one of many centroids faster in two steps, which are then taken.
fn are_two_steps_faster(context: &Context) -> Result<bool, ComputeError> {
    context.take_two_steps(false);
    let fused = time_assignment(context, FEW)?;
    context.take_two_steps(true);
    let is_faster = time_assignment(context, FEW)? < fused;
    context.take_two_steps(is_faster);
    Ok(is_faster)
}

/// How long it takes to give rows their centroids.
fn time_assignment(
    context: &Context,
    [rows, features, k]: [usize; 3],
) -> Result<Duration, ComputeError> {
    let values = scattered((rows + k) * features);
    let (rows, centroids) = values.split_at(rows * features);
    let x = Arc::new(Rows::upload(context, rows, features)?);
    let single = Single::new(context, &x, k)?;
    least(context, || single.assign(centroids).map(drop))
}

/// Values from 0 to 1 without order, so that products part rows of them: what rows they leave open is slow.
pub(super) fn scattered(count: usize) -> Vec<f32> {
    // Rounds of xor, shift and multiply with the constants of Wellons' lowbias32.
    let value = |at: usize| {
        let mut bits = at as u32;
        bits = (bits ^ (bits >> 16)).wrapping_mul(0x7feb_352d);
        bits = (bits ^ (bits >> 15)).wrapping_mul(0x846c_a68b);
        (bits ^ (bits >> 16)) as f32 / 2_f32.powi(32)
    };
    (0..count).map(value).collect()
}

/// How long the distances of so many rows from as many take with a tile.
fn time(context: &Context, rows: usize, place: usize) -> Result<Duration, ComputeError> {
    context.take_large(place);
    let values = vec![1.0_f32; rows * FEATURES];
    let x = Rows::upload(context, &values, FEATURES)?;
    let metric = Metric::SqEuclidean;
    let side = Side::floats(context, &x, metric)?;
    let comparison = Comparison { metric, bits: 0 };
    least(context, || {
        distances(context, &side, &side, comparison).map(drop)
    })
}

/// The least time of a few runs.
fn least(
    context: &Context,
    mut run: impl FnMut() -> Result<(), ComputeError>,
) -> Result<Duration, ComputeError> {
    let mut least = Duration::MAX;
    // The first one compiles the kernel.
    for repeat in 0..=REPEATS {
        context.wait("tuning")?;
        let start = Instant::now();
        run()?;
        context.wait("tuning")?;
        if repeat > 0 {
            least = least.min(start.elapsed());
        }
    }
    Ok(least)
}
