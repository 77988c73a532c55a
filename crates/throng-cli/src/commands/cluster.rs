//! `throng cluster`: the clusters of a matrix's rows.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;
use throng::cluster::select::{self, Candidate, SearchParams};
use throng::cluster::{Init, KMeans, KMeansParams, Metric};
use throng::compute::{Compute, Matrix};

use crate::args::{Algorithm, Clustering, K, OutDir};
use crate::failure::{Failure, at};
use crate::npy::{self, Array};
use crate::session::{Session, pretty_json};
use crate::stop;

/// Find the clusters of a matrix's rows
///
/// Writes labels.npy (int32, [n]), centroids.npy (float32, [k, d]) and result.json.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  throng cluster --input x.npy --k 2..12 --out clusters")]
pub struct Args {
    /// The rows: a .npy matrix [n, d] of float32 or float64
    #[arg(long, value_name = "FILE.npy")]
    input: PathBuf,
    #[command(flatten)]
    out: OutDir,
    #[command(flatten)]
    clustering: Clustering,
    /// First centroids: k-means++, random (rows), or a .npy matrix [k, d]
    #[arg(
        long,
        value_name = "k-means++|random|FILE.npy",
        default_value = "k-means++"
    )]
    init: String,
    /// Restarts, of which the best is kept; 1 when --init is a file
    #[arg(long, value_name = "N", default_value_t = 10)]
    n_init: usize,
    /// The most iterations of a restart
    #[arg(long, value_name = "N", default_value_t = 300)]
    max_iter: usize,
    /// Stop when centroids move less than this share of the mean feature variance
    #[arg(long, value_name = "SHARE", default_value_t = 1e-4)]
    tol: f64,
}

/// The content of result.json.
#[derive(Serialize)]
struct Outcome {
    n: usize,
    d: usize,
    k: usize,
    algorithm: Algorithm,
    metric: Metric,
    seed: u64,
    inertia: f64,
    n_iter: usize,
    converged: bool,
    counts: Vec<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<Search>,
    seconds: f64,
    device: String,
}

/// How k was chosen.
#[derive(Serialize)]
struct Search {
    /// Whether the chosen k is one of clear groups.
    grouped: bool,
    reasons: Vec<String>,
    candidates: Vec<Candidate>,
}

/// Clusters the rows and writes the folder.
///
/// # Errors
/// When an argument, the input or the output is wrong, the device fails, or Ctrl-C is pressed.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let out = args.out.create()?;
    let x = npy::read_matrix(&args.input)?;
    check_k(args, &x)?;
    let params = params(args, &x, session.seed())?;
    stop::check()?;

    let compute = session.compute()?;
    let matrix = session.upload(&compute, &args.input, &x)?;
    let start = Instant::now();
    let (model, search) = fit(args, &params, &compute, &matrix, session)?;
    let outcome = Outcome {
        n: x.n,
        d: x.d,
        k: model.k(),
        algorithm: args.clustering.algorithm,
        metric: model.metric(),
        seed: session.seed(),
        inertia: model.inertia(),
        n_iter: model.n_iter(),
        converged: model.converged(),
        counts: model.counts().to_vec(),
        search,
        seconds: start.elapsed().as_secs_f64(),
        device: compute.describe().to_string(),
    };
    stop::check()?;

    let labels: Vec<i32> = model.labels().iter().map(|&label| label as i32).collect();
    npy::write_labels(&out.path().join("labels.npy"), &labels)?;
    npy::write_matrix(
        &out.path().join("centroids.npy"),
        model.centroids(),
        model.k(),
        model.d(),
    )?;
    let path = out.path().join("result.json");
    fs::write(&path, pretty_json(&outcome)?).map_err(|error| Failure::writing(&path, &error))?;
    out.commit("cluster")?;
    session.finish(&outcome, &summary(&outcome, args))
}

/// Refuses a number of clusters that the rows cannot have.
fn check_k(args: &Args, x: &Array) -> Result<(), Failure> {
    let input = args.input.display();
    match args.clustering.k {
        K::Fixed(k) if k > x.n => Err(at(
            format_args!("--k {k}"),
            format!("{input} has {} rows; give at most that many", x.n),
        )),
        K::Range(low, high) if high >= x.n => Err(at(
            format_args!("--k {low}..{high}"),
            format!("{input} has {} rows; a search ends below that", x.n),
        )),
        K::Auto if x.n < 3 => Err(at(
            "--k auto",
            format!("{input} has {} rows, a search needs 3; give a number", x.n),
        )),
        _ => Ok(()),
    }
}

fn params(args: &Args, x: &Array, seed: u64) -> Result<KMeansParams, Failure> {
    let k = match args.clustering.k {
        K::Fixed(k) => k,
        K::Range(low, _) => low,
        K::Auto => 2,
    };
    let (init, n_init) = match args.init.as_str() {
        "k-means++" => (Init::KMeansPlusPlus, args.n_init),
        "random" => (Init::Random, args.n_init),
        file => (Init::Given(given_centroids(file, args, x)?), 1),
    };
    Ok(KMeans::params(k)
        .metric(args.clustering.metric.into())
        .init(init)
        .n_init(n_init)
        .max_iter(args.max_iter)
        .tol(args.tol)
        .seed(seed))
}

fn given_centroids(file: &str, args: &Args, x: &Array) -> Result<Vec<f32>, Failure> {
    let K::Fixed(k) = args.clustering.k else {
        return Err(Failure::input(format!(
            "--init {file}: first centroids fix the number of clusters; give --k as a number"
        )));
    };
    let centroids = npy::read_matrix(file.as_ref())?;
    if (centroids.n, centroids.d) != (k, x.d) {
        return Err(at(
            format_args!("--init {file}"),
            format!(
                "has shape ({}, {}), but --k {k} and {} need ({k}, {})",
                centroids.n,
                centroids.d,
                args.input.display(),
                x.d
            ),
        ));
    }
    Ok(centroids.values)
}

/// Fits the k that was given, or searches for one.
fn fit(
    args: &Args,
    params: &KMeansParams,
    compute: &Compute,
    x: &Matrix,
    session: &Session,
) -> Result<(KMeans, Option<Search>), Failure> {
    let progress = session.progress();
    let range = match args.clustering.k {
        K::Fixed(_) => {
            let model = params.fit_with(compute, x, &mut |step| {
                let stage = match step.restarts {
                    1 => "fitting".to_owned(),
                    restarts => format!("{restarts} restarts"),
                };
                let total = Some(step.max_iter as u64);
                progress.at(&stage, step.iteration as u64, total);
                stop::flow()
            })?;
            return Ok((model, None));
        }
        K::Range(low, high) => low..=high,
        K::Auto => select::auto_range(x.rows()).unwrap_or(2..=2),
    };
    let mut search = SearchParams::new(range);
    search.params = params.clone();
    search.seed = session.seed();
    let selection = select::search(compute, x, &search, &mut |step| {
        let stage = format!("trying {} clusters", step.k);
        progress.at(&stage, step.done as u64, Some(step.total as u64));
        stop::flow()
    })?;
    let search = Search {
        grouped: selection.grouped,
        reasons: selection.reasons,
        candidates: selection.candidates,
    };
    Ok((selection.model.canonical(), Some(search)))
}

fn summary(outcome: &Outcome, args: &Args) -> String {
    let mut lines = vec![format!(
        "{} rows of {} features in {} clusters: inertia {:.6}, {} iterations{}, {:.2} s",
        outcome.n,
        outcome.d,
        outcome.k,
        outcome.inertia,
        outcome.n_iter,
        if outcome.converged {
            ""
        } else {
            " (not converged; raise --max-iter)"
        },
        outcome.seconds,
    )];
    if let Some(search) = &outcome.search {
        lines.extend(search.reasons.iter().cloned());
    }
    let counts: Vec<String> = outcome.counts.iter().map(ToString::to_string).collect();
    lines.push(format!("sizes: {}", counts.join(", ")));
    lines.push(format!(
        "wrote labels.npy, centroids.npy and result.json to {}",
        args.out.out.display()
    ));
    lines.join("\n")
}
