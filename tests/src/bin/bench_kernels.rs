//! Our side of `cargo xtask bench`: prints one JSON object.
//!
//! `bench_kernels cpu|software lloyd|silhouette|pairwise|top-100 FOLDER N D K [METRIC]` reads what `xtask/peer.py data` wrote.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use throng_cluster::{Init, KMeans};
use throng_compute::{Compute, NeighborMetric, SilhouetteMetric, pairwise, top_k};
use throng_metrics::silhouette_score;
use throng_tests::devices::open;

/// Iterations, at most, of the two runs whose difference is timed, as in `xtask/peer.py`.
const FEW: usize = 2;
const MANY: usize = 22;
/// Each is run so often, and its best time counts: a slow short run would flatter the difference.
const REPEATS: usize = 3;

type Outcome = Result<Value, Box<dyn Error>>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [device, task, folder, n, d, k, metric @ ..] = &arguments[..] else {
        return Err("usage: bench_kernels DEVICE TASK FOLDER N D K [METRIC]".into());
    };
    let compute = open(device)?;
    let folder = Path::new(folder);
    let (n, d, k) = (n.parse()?, d.parse()?, k.parse()?);
    let result = match (task.as_str(), metric) {
        ("lloyd", []) => lloyd(&compute, folder, n, d, k),
        ("silhouette", []) => silhouette(&compute, folder, n, d),
        ("pairwise", [metric]) => distances(&compute, folder, n, d, k, metric),
        ("top-100", [metric]) => top_100(&compute, folder, n, d, k, metric),
        _ => Err(format!("there is no task {task}").into()),
    }?;
    println!("{result}");
    Ok(())
}

/// Seconds of one iteration of k-means, and the inertia after [`FEW`]: later on runs part at near ties.
fn lloyd(compute: &Compute, folder: &Path, n: usize, d: usize, k: usize) -> Outcome {
    let x = compute.matrix(&floats(&folder.join("x.f32"))?, n, d)?;
    let init = floats(&folder.join("centroids.f32"))?;
    let params = KMeans::params(k).init(Init::Given(init)).tol(0.0);
    let fit = |iterations| -> Result<_, Box<dyn Error>> {
        let mut best = (f64::MAX, 0, 0.0);
        for _ in 0..REPEATS {
            let start = Instant::now();
            let model = params.clone().max_iter(iterations).fit(compute, &x)?;
            let seconds = start.elapsed().as_secs_f64();
            best = (best.0.min(seconds), model.n_iter(), model.inertia());
        }
        Ok(best)
    };
    let ((few, fewer, inertia), (many, more, _)) = (fit(FEW)?, fit(MANY)?);
    if fewer != FEW || more <= 2 * FEW {
        return Err(format!("only {more} iterations").into());
    }
    Ok(json!({ "seconds": (many - few) / (more - fewer) as f64, "value": inertia }))
}

/// Seconds and value of the exact silhouette, and what it held beside its input.
fn silhouette(compute: &Compute, folder: &Path, n: usize, d: usize) -> Outcome {
    let x = compute.matrix(&floats(&folder.join("x.f32"))?, n, d)?;
    let labels: Vec<u32> = words(&folder.join("labels.u32"))?
        .into_iter()
        .map(u32::from_le_bytes)
        .collect();
    // 5 forgets the peak so far: see proc(5).
    fs::write("/proc/self/clear_refs", "5")?;
    let before = status("VmRSS")?;
    let start = Instant::now();
    let value = silhouette_score(&x, &labels, SilhouetteMetric::Euclidean)?;
    let seconds = start.elapsed().as_secs_f64();
    let bytes = status("VmHWM")?.saturating_sub(before);
    Ok(json!({ "seconds": seconds, "value": value, "bytes": bytes }))
}

/// Seconds of all distances between the rows and the centroids, and their mean magnitude.
fn distances(
    compute: &Compute,
    folder: &Path,
    n: usize,
    d: usize,
    k: usize,
    metric: &str,
) -> Outcome {
    let a = compute.matrix(&floats(&folder.join("x.f32"))?, n, d)?;
    let b = compute.matrix(&floats(&folder.join("centroids.f32"))?, k, d)?;
    let metric = metric.parse()?;
    let mut best = f64::MAX;
    let mut mean = 0.0;
    for _ in 0..REPEATS {
        let start = Instant::now();
        let distances = pairwise(&a, &b, metric)?;
        compute.wait()?;
        best = best.min(start.elapsed().as_secs_f64());
        let values = distances.to_vec()?;
        mean = values.iter().map(|v| f64::from(v.abs())).sum::<f64>() / values.len() as f64;
    }
    Ok(json!({ "seconds": best, "value": mean }))
}

/// Seconds of the search for the 100 rows nearest to each centroid, and their scores' mean magnitude.
fn top_100(
    compute: &Compute,
    folder: &Path,
    n: usize,
    d: usize,
    k: usize,
    metric: &str,
) -> Outcome {
    let items = compute.matrix(&floats(&folder.join("x.f32"))?, n, d)?;
    let queries = compute.matrix(&floats(&folder.join("centroids.f32"))?, k, d)?;
    let metric = match metric {
        "sqeuclidean" => NeighborMetric::SqEuclidean,
        "dot" => NeighborMetric::Dot,
        _ => return Err(format!("there is no metric {metric}").into()),
    };
    let mut best = f64::MAX;
    let mut mean = 0.0;
    for _ in 0..REPEATS {
        let start = Instant::now();
        let found = top_k(&queries, &items, 100, metric, &[])?;
        best = best.min(start.elapsed().as_secs_f64());
        let magnitudes = found.scores.iter().map(|v| f64::from(v.abs()));
        mean = magnitudes.sum::<f64>() / found.scores.len() as f64;
    }
    Ok(json!({ "seconds": best, "value": mean }))
}

/// A field of this process in /proc, in bytes.
fn status(field: &str) -> Result<u64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.strip_prefix(':')?.trim().strip_suffix(" kB"));
    let kib = kib.ok_or_else(|| format!("/proc/self/status has no {field}"))?;
    Ok(1024 * kib.parse::<u64>()?)
}

fn floats(path: &Path) -> Result<Vec<f32>, Box<dyn Error>> {
    Ok(words(path)?.into_iter().map(f32::from_le_bytes).collect())
}

/// A file's little-endian words.
fn words(path: &Path) -> Result<Vec<[u8; 4]>, Box<dyn Error>> {
    let bytes = fs::read(path)?;
    let (words, rest) = bytes.as_chunks();
    if !rest.is_empty() {
        return Err(format!("{} does not hold whole words", path.display()).into());
    }
    Ok(words.to_vec())
}
