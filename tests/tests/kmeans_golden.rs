//! k-means and its measures against scikit-learn, on every device. The device is part of a test's name.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use libtest_mimic::{Arguments, Failed, Trial};
use throng_cluster::{Init, KMeans};
use throng_metrics::{
    SilhouetteMetric, adjusted_rand_score, calinski_harabasz_score, davies_bouldin_score, inertia,
    silhouette_samples,
};
use throng_tests::devices::{devices, open};
use throng_tests::golden::Golden;

/// Cases, and whether they are small enough for a software adapter.
const CASES: [(&str, bool); 8] = [
    ("iris", true),
    ("iris_empty", true),
    ("wine", true),
    ("digits", true),
    ("blobs_flat", true),
    ("blobs_odd", true),
    ("blobs_10k", true),
    ("blobs_100k", false),
];

const SILHOUETTES: [(&str, SilhouetteMetric); 3] = [
    ("euclidean", SilhouetteMetric::Euclidean),
    ("sqeuclidean", SilhouetteMetric::SqEuclidean),
    ("cosine", SilhouetteMetric::Cosine),
];

fn main() {
    let mut trials = vec![Trial::test("a_perturbed_value_is_caught", || {
        a_perturbed_value_is_caught().map_err(Failed::from)
    })];
    for device in devices() {
        for (case, small) in CASES {
            if device == "software" && !small {
                continue;
            }
            trials.push(Trial::test(format!("fit::{case}::{device}"), move || {
                fit(case, device).map_err(Failed::from)
            }));
            trials.push(Trial::test(
                format!("measures::{case}::{device}"),
                move || measures(case, device).map_err(Failed::from),
            ));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// From the same start: the same labels, iterations and inertia; and the model gives its own labels again.
fn fit(case: &str, device: &str) -> Result<(), String> {
    let golden = Golden::read(case)?;
    let data = golden.data()?;
    let compute = open(device)?;
    let x = compute.matrix(&data.x, golden.n, golden.d).unwrap();
    let model = KMeans::params(golden.k)
        .init(Init::Given(data.init))
        .fit(&compute, &x)
        .unwrap();
    golden.compare_fit(model.labels(), model.n_iter(), model.inertia())?;
    golden.compare_fit(
        &model.predict(&compute, &x).unwrap(),
        model.n_iter(),
        inertia(&x, model.labels(), model.centroids()).unwrap(),
    )
}

/// The measures of scikit-learn's labels.
fn measures(case: &str, device: &str) -> Result<(), String> {
    let golden = Golden::read(case)?;
    let data = golden.data()?;
    let compute = open(device)?;
    let x = compute.matrix(&data.x, golden.n, golden.d).unwrap();
    let labels = &golden.labels;
    let figure = |name: &str, value| golden.compare_figure(name, value);
    figure(
        "calinski_harabasz_score",
        calinski_harabasz_score(&x, labels).unwrap(),
    )?;
    figure(
        "davies_bouldin_score",
        davies_bouldin_score(&x, labels).unwrap(),
    )?;
    figure(
        "adjusted_rand_score",
        adjusted_rand_score(&data.truth, labels).unwrap(),
    )?;
    if golden.silhouette_samples.is_empty() {
        return Ok(());
    }
    // All pairs of many rows take a software adapter long: there one metric does, the others have smaller cases.
    let few = device == "software" && golden.n > 5000;
    for (name, metric) in SILHOUETTES.into_iter().take(if few { 1 } else { 3 }) {
        let samples = silhouette_samples(&x, labels, metric).unwrap();
        golden.compare_silhouettes(name, &samples)?;
        let mean = samples.iter().map(|&s| f64::from(s)).sum::<f64>() / samples.len() as f64;
        figure(&format!("silhouette_score_{name}"), mean)?;
    }
    Ok(())
}

/// The comparers accept the golden values themselves, and nothing a little beside them.
fn a_perturbed_value_is_caught() -> Result<(), String> {
    let golden = Golden::read("blobs_odd")?;
    let (labels, n_iter, sum) = (golden.labels.clone(), golden.n_iter, golden.inertia);
    golden.compare_fit(&labels, n_iter, sum)?;
    let refused = |result: Result<(), String>, what: &str| match result {
        Ok(()) => Err(format!("{what} was accepted")),
        Err(_) => Ok(()),
    };
    let mut wrong = labels.clone();
    wrong[4096] = (wrong[4096] + 1) % 17;
    refused(golden.compare_fit(&wrong, n_iter, sum), "a wrong label")?;
    refused(
        golden.compare_fit(&labels[1..], n_iter, sum),
        "a missing label",
    )?;
    refused(
        golden.compare_fit(&labels, n_iter + 1, sum),
        "a wrong n_iter",
    )?;
    for inertia in [sum * 1.000_02, sum * 0.999_98, f64::NAN] {
        refused(
            golden.compare_fit(&labels, n_iter, inertia),
            "a wrong inertia",
        )?;
    }
    for (name, &value) in &golden.figures {
        golden.compare_figure(name, value)?;
        let off = 2e-5 * value.abs().max(1.0);
        for wrong in [value + off, value - off, f64::NAN] {
            refused(golden.compare_figure(name, wrong), name)?;
        }
    }
    for (metric, values) in &golden.silhouette_samples {
        let mut samples = vec![0.0_f32; golden.n];
        for (index, &value) in values.iter().enumerate() {
            samples[37 * index] = value as f32;
        }
        golden.compare_silhouettes(metric, &samples)?;
        let last = 37 * (values.len() - 1);
        samples[last] += 3e-5;
        refused(golden.compare_silhouettes(metric, &samples), metric)?;
    }
    Ok(())
}
