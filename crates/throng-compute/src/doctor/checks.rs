//! What is checked, with which data.

use super::kernels::{Kernels, Step};
use super::oracle::{distance, rounding, silhouettes, squared};
use super::rows::Rows;
use crate::error::ComputeError;
use crate::kmeans_batch::{KMeansFit, KMeansProblem};
use crate::neighbors::{NeighborMetric, Neighbors};
use crate::pairwise::PairwiseMetric;
use crate::silhouette::SilhouetteMetric;

type Run = dyn Fn(&dyn Kernels) -> Result<Option<String>, ComputeError>;

/// One check of one kernel: finds what is wrong, in words.
pub struct Check {
    pub kernel: &'static str,
    pub case: String,
    pub run: Box<Run>,
}

const METRICS: [PairwiseMetric; 6] = [
    PairwiseMetric::SqEuclidean,
    PairwiseMetric::Euclidean,
    PairwiseMetric::Cosine,
    PairwiseMetric::Dot,
    PairwiseMetric::Manhattan,
    PairwiseMetric::Chebyshev,
];

const SILHOUETTE_METRICS: [SilhouetteMetric; 3] = [
    SilhouetteMetric::Euclidean,
    SilhouetteMetric::SqEuclidean,
    SilhouetteMetric::Cosine,
];

/// Every check.
pub fn all() -> Vec<Check> {
    let mut checks = Vec::new();
    for metric in METRICS {
        for [n, m, d] in [[1, 1, 1], [63, 65, 17], [129, 127, 7], [5, 67, 613]] {
            let (a, b) = (Rows::uniform(n, d, 1), Rows::uniform(m, d, 2));
            let case = format!("{metric:?}, {n} x {m} rows, {d} features");
            checks.push(pairwise(case, a, b, metric));
        }
        let (a, b) = (
            Rows::uniform(67, 37, 3).far(),
            Rows::uniform(61, 37, 4).far(),
        );
        let case = format!("{metric:?}, far from the origin");
        checks.push(pairwise(case, a, b, metric));
    }
    // One more tile of 64 rows than one dimension of a dispatch holds workgroups.
    let (a, b) = (Rows::uniform((1 << 22) + 1, 1, 5), Rows::uniform(1, 1, 6));
    let case = "more than 65,535 workgroups".to_owned();
    checks.push(pairwise(case, a, b, PairwiseMetric::SqEuclidean));

    let mut lloyd = Vec::new();
    for [n, d, k] in [[2, 1, 2], [65, 17, 15], [301, 31, 65], [1025, 4, 129]] {
        let case = format!("{n} rows, {d} features, {k} clusters");
        lloyd.push((case, Rows::uniform(n, d, 7), Rows::uniform(k, d, 8)));
    }
    let (x, centroids) = (
        Rows::uniform(301, 31, 9).far(),
        Rows::uniform(65, 31, 10).far(),
    );
    lloyd.push(("far from the origin".to_owned(), x, centroids));
    let mut twice = Rows::whole(40, 5, 12);
    twice.values.extend_from_within(..);
    lloyd.push(("ties".to_owned(), Rows::whole(203, 5, 11), twice));
    let rows = Rows::uniform(64, 65_700, 13);
    let case = "more than 65,535 workgroups".to_owned();
    lloyd.push((case, rows.clone(), rows));
    for (case, x, centroids) in lloyd {
        let (also, also_x, also_centroids) = (case.clone(), x.clone(), centroids.clone());
        checks.push(Check {
            kernel: "nearest centroids",
            case,
            run: Box::new(move |kernels| {
                Ok(wrong_labels(&kernels.step(&x, &centroids)?, &x, &centroids))
            }),
        });
        checks.push(Check {
            kernel: "sums by cluster",
            case: also,
            run: Box::new(move |kernels| {
                Ok(wrong_sums(
                    &kernels.step(&also_x, &also_centroids)?,
                    &also_x,
                    also_centroids.n(),
                ))
            }),
        });
    }

    for [n, d, k] in [[257, 17, 9], [601, 7, 5], [1300, 3, 33]] {
        let x = Rows::groups(n, d, k, 14);
        checks.push(Check {
            kernel: "k-means++",
            case: format!("{n} rows, {d} features, {k} groups"),
            run: Box::new(move |kernels| Ok(wrong_groups(&kernels.plus_plus(&x, k, 15)?, n, k))),
        });
    }

    for [n, d, k] in [[5, 1, 2], [257, 17, 9], [1300, 3, 33]] {
        let x = Rows::groups(n, d, k, 18);
        // A batch of two: the groups from a row of each, and all rows in one.
        let problems = [k, 1].map(|k| KMeansProblem::new(0..n, k, x.values[..k * d].to_vec()));
        checks.push(Check {
            kernel: "k-means",
            case: format!("{n} rows, {d} features, {k} groups"),
            run: Box::new(move |kernels| Ok(wrong_fits(&kernels.fit(&x, &problems)?, &x, k))),
        });
    }

    for (metric, same) in [
        (NeighborMetric::SqEuclidean, PairwiseMetric::SqEuclidean),
        (NeighborMetric::Cosine, PairwiseMetric::Cosine),
        (NeighborMetric::Dot, PairwiseMetric::Dot),
    ] {
        for [n, m, d, k] in [[1, 2, 2, 1], [65, 129, 17, 10], [3, 1025, 31, 1000]] {
            let (queries, items) = (Rows::uniform(n, d, 19), Rows::uniform(m, d, 20));
            checks.push(Check {
                kernel: "nearest items",
                case: format!("{metric:?}, {k} of {m} items for {n} queries, {d} features"),
                run: Box::new(move |kernels| {
                    let found = kernels.top_k(&queries, &items, k, metric)?;
                    Ok(wrong_neighbors(&found, &queries, &items, k, same))
                }),
            });
        }
    }

    for metric in SILHOUETTE_METRICS {
        for [n, d, k] in [[3, 2, 2], [65, 17, 7], [301, 3, 40]] {
            let x = Rows::uniform(n, d, 16);
            checks.push(silhouette(
                format!("{metric:?}, {n} rows, {d} features, {k} clusters"),
                x,
                k,
                metric,
            ));
        }
    }
    // Of cosine distances, of which 32 bits hold no digit there, no silhouette is meaningful.
    for metric in [SilhouetteMetric::Euclidean, SilhouetteMetric::SqEuclidean] {
        let x = Rows::uniform(131, 29, 17).far();
        checks.push(silhouette(
            format!("{metric:?}, far from the origin"),
            x,
            3,
            metric,
        ));
    }
    checks
}

fn pairwise(case: String, a: Rows, b: Rows, metric: PairwiseMetric) -> Check {
    Check {
        kernel: "pairwise distances",
        case,
        run: Box::new(move |kernels| {
            Ok(wrong_distance(
                &kernels.pairwise(&a, &b, metric)?,
                &a,
                &b,
                metric,
            ))
        }),
    }
}

fn silhouette(case: String, x: Rows, k: usize, metric: SilhouetteMetric) -> Check {
    let labels: Vec<u32> = (0..x.n()).map(|i| (i % k) as u32).collect();
    Check {
        kernel: "silhouette",
        case,
        run: Box::new(move |kernels| {
            let found = kernels.silhouette(&x, &labels, k, metric)?;
            Ok(wrong_silhouette(&found, &silhouettes(&x, &labels, metric)))
        }),
    }
}

fn wrong_distance(found: &[f32], a: &Rows, b: &Rows, metric: PairwiseMetric) -> Option<String> {
    if found.len() != a.n() * b.n() {
        return Some(format!(
            "{} distances of {} x {}",
            found.len(),
            a.n(),
            b.n()
        ));
    }
    let pairs = a.iter().flat_map(|a| b.iter().map(move |b| (a, b)));
    found
        .iter()
        .zip(pairs)
        .enumerate()
        .find_map(|(at, (&found, (x, y)))| {
            let (want, bound) = distance(x, y, metric);
            is_off(f64::from(found), want, bound).then(|| {
                let (row, column) = (at / b.n(), at % b.n());
                format!("row {row}, column {column} is {found}, not {want}")
            })
        })
}

fn wrong_labels(step: &Step, x: &Rows, centroids: &Rows) -> Option<String> {
    if (step.labels.len(), step.distances.len()) != (x.n(), x.n()) {
        return Some(format!("{} labels of {} rows", step.labels.len(), x.n()));
    }
    let rounding = rounding(x.d);
    let mut inertia = 0.0;
    for (i, row) in x.iter().enumerate() {
        let label = step.labels[i] as usize;
        let distances: Vec<f64> = centroids
            .iter()
            .map(|centroid| squared(row, centroid))
            .collect();
        let least = distances.iter().copied().fold(f64::MAX, f64::min);
        let Some(&own) = distances.get(label) else {
            return Some(format!("row {i} has label {label} of {}", distances.len()));
        };
        if own > least * (1.0 + 2.0 * rounding) {
            return Some(format!(
                "row {i} has label {label} at {own}; the nearest is at {least}"
            ));
        }
        // Equal rows are a tie in any arithmetic.
        let lowest = centroids
            .iter()
            .position(|other| other == centroids.row(label));
        if lowest != Some(label) {
            return Some(format!(
                "row {i} has label {label}, an equal centroid is lower"
            ));
        }
        let found = step.distances[i];
        if is_off(f64::from(found), own, rounding * own) {
            return Some(format!(
                "row {i} is at {found} from its centroid, not {own}"
            ));
        }
        inertia += own;
    }
    let found = step.stats.inertia;
    // Sums over many rows in 32 bits.
    is_off(found, inertia, 1e-5 * inertia).then(|| format!("the inertia is {found}, not {inertia}"))
}

/// By the labels that the kernel gave: they are another check's.
fn wrong_sums(step: &Step, x: &Rows, k: usize) -> Option<String> {
    let mut sums = vec![0.0; k * x.d];
    let mut magnitudes = vec![0.0; k * x.d];
    let mut counts = vec![0; k];
    for (row, &label) in x.iter().zip(&step.labels) {
        let label = label as usize;
        if label >= k {
            return None;
        }
        counts[label] += 1;
        for (at, &value) in (label * x.d..).zip(row) {
            sums[at] += f64::from(value);
            magnitudes[at] += f64::from(value).abs();
        }
    }
    if step.sums.counts != counts {
        let cluster = counts
            .iter()
            .zip(&step.sums.counts)
            .position(|(want, found)| want != found);
        return Some(format!("the count of cluster {cluster:?} is wrong"));
    }
    // A block's rows are added in 32 bits.
    (0..k * x.d).find_map(|at| {
        let (want, found) = (sums[at], step.sums.sums[at]);
        is_off(found, want, 1e-6 * magnitudes[at]).then(|| {
            let (cluster, feature) = (at / x.d, at % x.d);
            format!("feature {feature} of cluster {cluster} sums to {found}, not {want}")
        })
    })
}

/// Groups are so far apart that no seeding leaves one out: chances are below one in a million.
fn wrong_groups(chosen: &[u32], n: usize, k: usize) -> Option<String> {
    let mut is_taken = vec![false; k];
    for &row in chosen.iter().filter(|&&row| (row as usize) < n) {
        is_taken[row as usize % k] = true;
    }
    let missed = is_taken.iter().position(|taken| !taken);
    missed.map(|group| format!("no row of group {group} of {k} is chosen: {chosen:?}"))
}

/// Groups are so far apart that k-means from a row of each ends at them.
fn wrong_fits(fits: &[KMeansFit], x: &Rows, k: usize) -> Option<String> {
    if fits.len() != 2 {
        return Some(format!("{} results of 2 problems", fits.len()));
    }
    fits.iter().zip([k, 1]).find_map(|(fit, k)| {
        let mut means = vec![0.0; k * x.d];
        for (i, row) in x.iter().enumerate() {
            let group = i % k;
            if fit.labels.get(i) != Some(&(group as u32)) {
                return Some(format!(
                    "row {i} of group {group} has {:?}",
                    fit.labels.get(i)
                ));
            }
            let rows = (x.n() - group).div_ceil(k) as f64;
            for (mean, &value) in means[group * x.d..].iter_mut().zip(row) {
                *mean += f64::from(value) / rows;
            }
        }
        let mut inertia = 0.0;
        for (i, row) in x.iter().enumerate() {
            let mean = &means[i % k * x.d..][..x.d];
            let terms = row
                .iter()
                .zip(mean)
                .map(|(&v, m)| (f64::from(v) - m).powi(2));
            inertia += terms.sum::<f64>();
        }
        let off = |(&found, &want): (&f32, &f64)| {
            // Rounded once, from a sum that holds more than 32 bits.
            is_off(f64::from(found), want, rounding(1) * (want.abs() + 1.0))
        };
        if fit.centroids.len() != means.len() || fit.centroids.iter().zip(&means).any(off) {
            return Some(format!("the centroids of {k} groups are not their means"));
        }
        let found = fit.inertia;
        is_off(found, inertia, 1e-5 * inertia)
            .then(|| format!("the inertia of {k} groups is {found}, not {inertia}"))
    })
}

/// Near ties may come in either order: what is looked at is each score, and that nothing nearer is left out.
fn wrong_neighbors(
    found: &Neighbors,
    queries: &Rows,
    items: &Rows,
    k: usize,
    metric: PairwiseMetric,
) -> Option<String> {
    if (found.indices.len(), found.scores.len()) != (queries.n() * k, queries.n() * k) {
        return Some(format!(
            "{} items for {} queries",
            found.indices.len(),
            queries.n()
        ));
    }
    let sign = if metric == PairwiseMetric::Dot {
        -1.0
    } else {
        1.0
    };
    queries.iter().enumerate().find_map(|(query, row)| {
        let mut all: Vec<(f64, f64)> = items
            .iter()
            .map(|item| distance(row, item, metric))
            .collect();
        let mut is_seen = vec![false; items.n()];
        let mut worst = f64::MIN;
        for place in query * k..(query + 1) * k {
            let (item, score) = (
                found.indices[place] as usize,
                f64::from(found.scores[place]),
            );
            let Some(&(want, bound)) = all.get(item) else {
                return Some(format!("query {query} has item {item} of {}", items.n()));
            };
            if std::mem::replace(&mut is_seen[item], true) {
                return Some(format!("query {query} has item {item} twice"));
            }
            if is_off(score, want, bound) {
                return Some(format!(
                    "query {query}, item {item} has {score}, not {want}"
                ));
            }
            worst = worst.max(sign * want - bound);
        }
        all.sort_by(|a, b| (sign * a.0).total_cmp(&(sign * b.0)));
        let (last, bound) = all[k - 1];
        (worst > sign * last + bound).then(|| format!("query {query} misses an item at {last}"))
    })
}

fn wrong_silhouette(found: &[f32], want: &[f64]) -> Option<String> {
    if found.len() != want.len() {
        return Some(format!(
            "{} silhouettes of {} rows",
            found.len(),
            want.len()
        ));
    }
    // A few parts in a million of the mean distances.
    found
        .iter()
        .zip(want)
        .enumerate()
        .find_map(|(row, (&found, &want))| {
            is_off(f64::from(found), want, 5e-6)
                .then(|| format!("row {row} has {found}, not {want}"))
        })
}

/// NaN is off, too. Differences below every number that matters here are not.
fn is_off(found: f64, want: f64, bound: f64) -> bool {
    let off = (found - want).abs();
    off.is_nan() || off > bound + 1e-30
}
