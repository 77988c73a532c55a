//! k-means: what it must find, its edges and what it refuses. Against scikit-learn: `tests/tests/kmeans_golden.rs`.
#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;

use throng_cluster::{ClusterError, Init, KMeans, Metric};
use throng_compute::{Compute, Matrix};
use throng_metrics::MetricError;

/// Three tight groups on a line, of 3, 2 and 4 rows, in mixed order.
const LINE: [f32; 9] = [0.0, 50.0, 100.0, 1.0, 101.0, 51.0, 2.0, 102.0, 103.0];

fn line(values: &[f32]) -> (Compute, Matrix) {
    let compute = Compute::cpu();
    let x = compute.matrix(values, values.len(), 1).unwrap();
    (compute, x)
}

/// Centroids are exact to a few units in the last place of their spread (100), not of their value.
fn assert_near(found: &[f32], wanted: &[f32]) {
    assert_eq!(found.len(), wanted.len());
    for (a, b) in found.iter().zip(wanted) {
        assert!((a - b).abs() <= 1e-5, "{found:?} {wanted:?}");
    }
}

#[test]
fn groups_are_numbered_by_size() {
    let (compute, x) = line(&LINE);
    for seed in 0..5 {
        let model = KMeans::params(3).seed(seed).fit(&compute, &x).unwrap();
        assert_eq!(model.labels(), [1, 2, 0, 1, 0, 2, 1, 0, 0]);
        assert_near(model.centroids(), &[101.5, 1.0, 50.5]);
        assert_eq!(model.counts(), [4, 3, 2]);
        // 5 + 2 + 0.5.
        assert!((model.inertia() - 7.5).abs() < 1e-4);
        assert!(model.converged());
    }
}

#[test]
fn equal_sizes_are_numbered_by_first_row() {
    let (compute, x) = line(&[9.0, 0.0, 9.5, 0.5]);
    let model = KMeans::params(2).fit(&compute, &x).unwrap();
    assert_eq!(model.labels(), [0, 1, 0, 1]);
}

#[test]
fn given_centroids_keep_their_order() {
    let (compute, x) = line(&LINE);
    let params = KMeans::params(3).init(Init::Given(vec![40.0, 0.0, 90.0]));
    let model = params.fit(&compute, &x).unwrap();
    assert_near(model.centroids(), &[50.5, 1.0, 101.5]);
    // The first assignment is final; the second repeats it.
    assert_eq!(model.n_iter(), 2);
    assert_eq!(
        model.canonical().centroids(),
        KMeans::params(3).fit(&compute, &x).unwrap().centroids()
    );
}

#[test]
fn random_starts_are_different_rows_and_find_the_groups() {
    let (compute, x) = line(&LINE);
    let params = KMeans::params(3).init(Init::Random).n_init(20);
    assert_eq!(params.fit(&compute, &x).unwrap().counts(), [4, 3, 2]);
    // As many clusters as rows: only a start from different rows has every one.
    let all = KMeans::params(9).init(Init::Random).n_init(1);
    assert_eq!(all.fit(&compute, &x).unwrap().counts(), [1; 9]);
}

#[test]
fn parallel_starts_find_the_groups() {
    let (compute, x) = line(&LINE);
    let params = KMeans::params(3).init(Init::KMeansParallel);
    assert_eq!(params.fit(&compute, &x).unwrap().counts(), [4, 3, 2]);
}

#[test]
fn one_cluster_is_the_mean_and_one_row_is_itself() {
    let (compute, x) = line(&LINE);
    let one = KMeans::params(1).fit(&compute, &x).unwrap();
    assert!((one.centroids()[0] - 510.0 / 9.0).abs() < 1e-5);
    let (compute, x) = line(&[7.0]);
    let row = KMeans::params(1).fit(&compute, &x).unwrap();
    assert_eq!((row.labels(), row.centroids()), (&[0][..], &[7.0][..]));
    assert_eq!(row.inertia(), 0.0);
}

#[test]
fn an_empty_cluster_takes_the_farthest_row() {
    let (compute, x) = line(&[0.0, 1.0, 2.0, 10.0]);
    // Nothing is nearest to 1000. Of the centroid 1 the row 10 is farthest.
    let params = KMeans::params(2).init(Init::Given(vec![1.0, 1000.0]));
    let model = params.fit(&compute, &x).unwrap();
    assert_eq!(model.labels(), [0, 0, 0, 1]);
    assert_near(model.centroids(), &[1.0, 10.0]);
}

#[test]
fn several_empty_clusters_take_the_farthest_rows_in_order() {
    let (compute, x) = line(&[0.0, 1.0, 2.0, 10.0, -20.0]);
    let params = KMeans::params(3).init(Init::Given(vec![1.0, 1000.0, 2000.0]));
    let model = params.fit(&compute, &x).unwrap();
    assert_eq!(model.labels(), [0, 0, 0, 2, 1]);
}

#[test]
fn fewer_distinct_rows_than_clusters_leave_clusters_empty() {
    let (compute, x) = line(&[3.0, 3.0, 8.0, 3.0, 8.0]);
    let model = KMeans::params(4).fit(&compute, &x).unwrap();
    assert_eq!(model.labels(), [0, 0, 1, 0, 1]);
    assert_eq!(model.counts(), [3, 2, 0, 0]);
    assert_eq!(model.inertia(), 0.0);
    assert!(model.centroids().iter().all(|c| c.is_finite()));
}

#[test]
fn equal_rows_are_one_cluster() {
    let (compute, x) = line(&[0.1; 6]);
    let model = KMeans::params(3).fit(&compute, &x).unwrap();
    assert_eq!(model.counts(), [6, 0, 0]);
    assert_near(model.centroids(), &[0.1; 3]);
}

#[test]
fn values_of_any_size_are_told_apart() {
    // Far from the origin, very large, very small: squares in f32 would lose digits or vanish.
    for (offset, unit) in [(1e6, 1.0), (0.0, 1e13), (0.0, 1e-36)] {
        let values: Vec<f32> = LINE.iter().map(|v| offset + v * unit).collect();
        let (compute, x) = line(&values);
        let model = KMeans::params(3).fit(&compute, &x).unwrap();
        assert_eq!(
            model.labels(),
            [1, 2, 0, 1, 0, 2, 1, 0, 0],
            "{offset} {unit}"
        );
        assert_eq!(model.predict(&compute, &x).unwrap(), model.labels());
    }
}

#[test]
fn iterations_can_run_out() {
    let (compute, x) = line(&LINE);
    let params = KMeans::params(3).init(Init::Given(vec![0.0, 1.0, 2.0]));
    let model = params.max_iter(1).fit(&compute, &x).unwrap();
    assert_eq!((model.n_iter(), model.converged()), (1, false));
    // The labels are those of the final centroids all the same.
    assert_eq!(model.labels(), model.predict(&compute, &x).unwrap());
}

#[test]
fn a_wide_tolerance_stops_early() {
    let (compute, x) = line(&LINE);
    let start = Init::Given(vec![0.0, 1.0, 2.0]);
    let params = KMeans::params(3).init(start).tol(10.0);
    let model = params.fit(&compute, &x).unwrap();
    assert_eq!((model.n_iter(), model.converged()), (1, true));
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let values: Vec<f32> = (0..600).map(|i| ((i * 7919) % 613) as f32 / 7.0).collect();
    let compute = Compute::cpu();
    let x = compute.matrix(&values, 200, 3).unwrap();
    let params = KMeans::params(6).seed(3).n_init(2);
    let first = params.fit(&compute, &x).unwrap();
    let again = params.fit(&compute, &x).unwrap();
    assert_eq!(first.labels(), again.labels());
    let bits = |m: &KMeans| -> Vec<u32> { m.centroids().iter().map(|c| c.to_bits()).collect() };
    assert_eq!(bits(&first), bits(&again));
}

#[test]
fn cosine_ignores_length() {
    let compute = Compute::cpu();
    let rows = [1.0, 0.1, 100.0, 9.0, 0.1, 1.0, 2.0, 30.0, 0.001, 0.0];
    let x = compute.matrix(&rows, 5, 2).unwrap();
    let params = KMeans::params(2).metric(Metric::Cosine);
    let model = params.fit(&compute, &x).unwrap();
    assert_eq!(model.labels(), [0, 0, 1, 1, 0]);
    for centroid in model.centroids().chunks(2) {
        let length = centroid[0].hypot(centroid[1]);
        assert!((length - 1.0).abs() < 1e-6);
    }
    // Inertia is twice the sum of the cosine distances.
    let distances = model.distances(&x, model.labels()).unwrap();
    let sum: f64 = distances.iter().map(|&d| f64::from(d)).sum();
    assert!((model.inertia() - 2.0 * sum).abs() < 1e-6);
    let far = model.transform(&compute, &x).unwrap().to_vec().unwrap();
    for (row, (&label, &own)) in model.labels().iter().zip(&distances).enumerate() {
        // 1 - cosine in f32.
        assert!((far[2 * row + label as usize] - own).abs() < 1e-6);
    }
}

#[test]
fn cosine_refuses_a_row_of_zeros() {
    let compute = Compute::cpu();
    let x = compute.matrix(&[1.0, 0.0, 0.0, 0.0], 2, 2).unwrap();
    let params = KMeans::params(1).metric(Metric::Cosine);
    assert!(matches!(
        params.fit(&compute, &x),
        Err(ClusterError::Metric(MetricError::ZeroRow { row: 1 }))
    ));
}

#[test]
fn distances_are_those_of_the_metric() {
    let (compute, x) = line(&LINE);
    let model = KMeans::params(3).fit(&compute, &x).unwrap();
    let (_, new) = line(&[104.5, -1.0]);
    assert_eq!(model.predict(&compute, &new).unwrap(), [0, 1]);
    let own = model.distances(&new, &[0, 1]).unwrap();
    assert!((own[0] - 9.0).abs() < 1e-4 && (own[1] - 4.0).abs() < 1e-4);
    let all = model.transform(&compute, &new).unwrap().to_vec().unwrap();
    // f32 after moving the origin.
    for (found, wanted) in all.iter().zip([3.0, 103.5, 54.0, 102.5, 2.0, 51.5]) {
        assert!((found - wanted).abs() < 1e-4, "{found} {wanted}");
    }
    assert!(model.distances(&new, &[0, 3]).is_err());
    assert!(model.distances(&new, &[0]).is_err());
}

#[test]
fn fewer_new_rows_than_clusters_are_placed() {
    let (compute, x) = line(&LINE);
    let model = KMeans::params(3).fit(&compute, &x).unwrap();
    let (_, new) = line(&[49.0]);
    assert_eq!(model.predict(&compute, &new).unwrap(), [2]);
}

#[test]
fn new_rows_must_have_the_features_of_the_model() {
    let (compute, x) = line(&LINE);
    let model = KMeans::params(3).fit(&compute, &x).unwrap();
    let wide = compute.matrix(&[1.0, 2.0], 1, 2).unwrap();
    assert!(matches!(
        model.predict(&compute, &wide),
        Err(ClusterError::Features {
            got: 2,
            expected: 1
        })
    ));
}

#[test]
fn k_must_fit_the_rows() {
    let (compute, x) = line(&LINE);
    for k in [0, 10] {
        let error = KMeans::params(k).fit(&compute, &x).unwrap_err();
        assert!(matches!(error, ClusterError::K { rows: 9, .. }));
        assert!(
            error
                .to_string()
                .starts_with(&format!("k: {k} clusters asked for"))
        );
    }
}

#[test]
fn parameters_are_checked() {
    let (compute, x) = line(&LINE);
    let two = || KMeans::params(2);
    for (params, name) in [
        (two().n_init(0), "n_init"),
        (two().max_iter(0), "max_iter"),
        (two().tol(-1.0), "tol"),
        (two().tol(f64::NAN), "tol"),
        (two().init(Init::Given(vec![1.0])), "init"),
        (two().init(Init::Given(vec![1.0, f32::NAN])), "init"),
    ] {
        let error = params.fit(&compute, &x).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name}: ")), "{error}");
    }
}

#[test]
fn the_observer_counts_and_can_stop() {
    let (compute, x) = line(&LINE);
    let mut seen = Vec::new();
    let params = KMeans::params(3).n_init(2);
    let _ = params
        .fit_with(&compute, &x, &mut |step| {
            seen.push((step.restart, step.iteration));
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen.first(), Some(&(0, 1)));
    assert_eq!(seen.last().map(|s| s.0), Some(1));
    let stopped = params.fit_with(&compute, &x, &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(ClusterError::Cancelled)));
}

#[test]
fn metrics_have_names() {
    for name in ["sqeuclidean", "cosine"] {
        assert_eq!(name.parse::<Metric>().unwrap().to_string(), name);
    }
    let error = "euclid".parse::<Metric>().unwrap_err().to_string();
    assert_eq!(
        error,
        "metric: 'euclid' is not allowed; use sqeuclidean or cosine"
    );
}

#[test]
fn a_model_survives_its_file() {
    let (compute, x) = line(&LINE);
    let model = KMeans::params(3).fit(&compute, &x).unwrap();
    let text = serde_json::to_string(&model).unwrap();
    let opened: KMeans = serde_json::from_str(&text).unwrap();
    assert_eq!(opened.centroids(), model.centroids());
    assert_eq!(opened.counts(), model.counts());
    assert!(opened.labels().is_empty());
    assert_eq!(opened.predict(&compute, &x).unwrap(), model.labels());
    // A file that was cut or edited is refused, not believed.
    for (from, to) in [
        ("\"k\":3", "\"k\":4"),
        ("\"counts\":[4,3,2]", "\"counts\":[4,3]"),
        ("\"d\":1", "\"d\":0"),
    ] {
        assert!(text.contains(from));
        assert!(serde_json::from_str::<KMeans>(&text.replace(from, to)).is_err());
    }
}

#[test]
fn known_centroids_make_a_model() {
    let (compute, x) = line(&LINE);
    let model = KMeans::from_centroids(vec![0.0, 100.0], 2, Metric::SqEuclidean).unwrap();
    // 50 is a tie: the lower.
    assert_eq!(
        model.predict(&compute, &x).unwrap(),
        [0, 0, 1, 0, 1, 1, 0, 1, 1]
    );
    assert!(KMeans::from_centroids(vec![0.0; 3], 2, Metric::SqEuclidean).is_err());
    assert!(KMeans::from_centroids(vec![], 0, Metric::SqEuclidean).is_err());
    assert!(KMeans::from_centroids(vec![0.0; 2], 2, Metric::Cosine).is_err());
}
