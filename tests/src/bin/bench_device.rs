//! The large kernels of one device, for `cargo xtask bench --gpu`: prints one JSON object.
//!
//! `bench_device DEVICE SHIFT` measures the device's ceilings, then each kernel with 2^SHIFT times fewer rows than
//! on a real GPU.

use std::error::Error;
use std::ops::ControlFlow;

use serde_json::{Value, json};
use throng_compute::{
    Ceilings, Compute, HostBuffer, KMeansProblem, Lloyd, PairwiseMetric, kmeans_batch, pairwise,
    pairwise_into,
};
use throng_tests::devices::open;
use throng_tests::timing::{best, uniform};

/// Iterations of a timed fit, at most.
const ITERATIONS: usize = 5;

type Outcome = Result<Value, Box<dyn Error>>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [device, shift] = &arguments[..] else {
        return Err("usage: bench_device DEVICE SHIFT".into());
    };
    let compute = open(device)?;
    let shift: u32 = shift.parse()?;
    // As the command does.
    compute.tune(&tempfile::tempdir()?.path().join("tiles.json"))?;
    let ceilings = compute.ceilings()?;
    let million = (1 << 20) >> shift;
    let result = json!({
        "device": compute.describe(),
        "flops": ceilings.flops,
        "bytes": ceilings.bytes,
        "assign": [
            assign(&compute, &ceilings, million, 128, 256)?,
            assign(&compute, &ceilings, million, 128, 1024)?,
            assign(&compute, &ceilings, million / 4, 512, 1024)?,
        ],
        // So few features that the output is most of what is moved, and moving most of the work.
        "pairwise": [distances(&compute, &ceilings, (1 << 14) >> (shift / 2), 4)?],
        "lloyd": [
            lloyd(&compute, 1, million, 128, 1024)?,
            lloyd(&compute, 32, (1 << 17) >> shift, 128, 1024)?,
        ],
    });
    println!("{result}");
    Ok(())
}

/// The fused assignment, as a share of the multiply-add ceiling.
fn assign(compute: &Compute, ceilings: &Ceilings, n: usize, d: usize, k: usize) -> Outcome {
    let x = compute.matrix(&uniform(n * d, 1), n, d)?;
    let centroids = uniform(k * d, 2);
    let mut problem = Lloyd::new(&x, k)?;
    let seconds = best(|| problem.assign(&centroids).map(drop))?;
    let rate = 2.0 * (n * d * k) as f64 / seconds;
    Ok(json!({ "n": n, "d": d, "k": k, "seconds": seconds, "share": rate / ceilings.flops }))
}

/// Times that distances are computed before the device is waited for.
const CALLS: usize = 8;

/// Squared distances of n x n pairs into a buffer that is there, as a share of the copy ceiling.
fn distances(compute: &Compute, ceilings: &Ceilings, n: usize, d: usize) -> Outcome {
    let a = compute.matrix(&uniform(n * d, 3), n, d)?;
    let b = compute.matrix(&uniform(n * d, 4), n, d)?;
    let metric = PairwiseMetric::SqEuclidean;
    let parts = pairwise(&a, &b, metric)?.device_parts();
    let [part] = &parts[..] else {
        return Err("no buffer holds all distances".into());
    };
    let seconds = best(|| {
        for _ in 0..CALLS {
            let room = HostBuffer::new(part.buffer.clone(), part.offset);
            pairwise_into(&a, &b, metric, room)?;
        }
        compute.wait()
    })? / CALLS as f64;
    let rate = 4.0 * (n * n + 2 * n * d) as f64 / seconds;
    Ok(json!({ "n": n, "d": d, "seconds": seconds, "share": rate / ceilings.bytes }))
}

/// One iteration, assignment and new centroids, of `b` problems in one batch.
fn lloyd(compute: &Compute, b: usize, n: usize, d: usize, k: usize) -> Outcome {
    let k = k.min(n / 4);
    let x = compute.matrix(&uniform(b * n * d, 6), b * n, d)?;
    let start = uniform(k * d, 5);
    let fit = |iterations: usize| {
        let problems: Vec<KMeansProblem> = (0..b)
            .map(|problem| KMeansProblem {
                max_iter: iterations,
                ..KMeansProblem::new(problem * n..(problem + 1) * n, k, start.clone())
            })
            .collect();
        kmeans_batch(&x, &problems, &mut |_| ControlFlow::Continue(()))
    };
    // So many that none is done before.
    let fits = fit(ITERATIONS)?.unwrap_or_default();
    let iterations = fits.iter().map(|fit| fit.n_iter).min().unwrap_or(0);
    if iterations < 2 {
        return Err(format!("b={b}, n={n}, d={d}, k={k} ends too early to be timed").into());
    }
    // What a fit takes beside its iterations is in both.
    let one = best(|| fit(1).map(drop))?;
    let all = best(|| fit(iterations).map(drop))?;
    let seconds = (all - one) / (iterations - 1) as f64;
    Ok(json!({ "b": b, "n": n, "d": d, "k": k, "seconds": seconds }))
}
