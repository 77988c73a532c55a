//! The choice of k on data whose groups are known, and on data without any.
#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use throng_cluster::select::{SearchParams, Selection, auto_range, search};
use throng_cluster::{ClusterError, Init, KMeans, Metric};
use throng_compute::{Compute, Matrix};
use throng_metrics::adjusted_rand_score;

const D: usize = 16;

/// A value of mean 0 and variance 1: the sum of twelve uniform ones.
fn normal(rng: &mut ChaCha8Rng) -> f32 {
    (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0
}

/// Groups of the given sizes with centres `apart` times as spread as rows are around them, and the group of each row.
fn groups(sizes: &[usize], apart: f32, seed: u64) -> (Matrix, Vec<u32>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut x, mut truth) = (Vec::new(), Vec::new());
    for (group, &size) in sizes.iter().enumerate() {
        let centre: Vec<f32> = (0..D).map(|_| apart * normal(&mut rng)).collect();
        for _ in 0..size {
            x.extend(centre.iter().map(|c| c + normal(&mut rng)));
            truth.push(group as u32);
        }
    }
    (Compute::cpu().matrix(&x, truth.len(), D).unwrap(), truth)
}

fn searched(x: &Matrix, params: &SearchParams) -> Selection {
    search(&Compute::cpu(), x, params, &mut |_| {
        ControlFlow::Continue(())
    })
    .unwrap()
}

/// Centres 1 standard deviation of the rows spread in each of 16 features: about 5.7 of them from one another.
#[test]
fn planted_groups_of_unequal_sizes_are_found() {
    for (seed, sizes) in [
        (1, &[300, 200, 100, 60][..]),
        (2, &[150, 150, 150, 100, 80, 60][..]),
        (3, &[400, 250][..]),
        (4, &[200, 120, 110, 90, 80, 60, 50, 50][..]),
    ] {
        let (x, truth) = groups(sizes, 1.0, seed);
        let found = searched(&x, &SearchParams::new(2..=10));
        assert_eq!(
            found.chosen,
            sizes.len(),
            "seed {seed}: {:#?}",
            found.reasons
        );
        assert!(found.grouped);
        let score = adjusted_rand_score(&truth, found.model.labels()).unwrap();
        assert!(score > 0.9, "seed {seed}: {score}");
    }
}

#[test]
fn one_cloud_is_said_to_have_no_groups() {
    for seed in 1..4 {
        let (x, _) = groups(&[500], 0.0, seed);
        let found = searched(&x, &SearchParams::new(2..=6));
        assert!(!found.grouped, "{:#?}", found.candidates);
        assert!(
            found
                .reasons
                .iter()
                .any(|r| r.starts_with("No strong grouping was found"))
        );
    }
}

/// A long cloud is cut in the same place by every refit, yet has no gap.
#[test]
fn halves_of_a_long_cloud_are_no_groups() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let x: Vec<f32> = (0..1600)
        .map(|i| normal(&mut rng) * if i % 4 == 0 { 10.0 } else { 1.0 })
        .collect();
    let x = Compute::cpu().matrix(&x, 400, 4).unwrap();
    let found = searched(&x, &SearchParams::new(2..=4));
    assert!(found.candidates[0].stability > 0.8);
    assert!(!found.grouped, "{:#?}", found.candidates);
}

#[test]
fn cosine_finds_directions() {
    let (x, truth) = groups(&[120, 100, 80], 2.0, 5);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut rows = x.to_vec().unwrap();
    for row in rows.chunks_exact_mut(D) {
        let length = rng.random_range(0.01..100.0_f32);
        row.iter_mut().for_each(|v| *v *= length);
    }
    let x = Compute::cpu().matrix(&rows, 300, D).unwrap();
    let mut params = SearchParams::new(2..=6);
    params.params = KMeans::params(2).metric(Metric::Cosine);
    let found = searched(&x, &params);
    assert_eq!(found.chosen, 3);
    let score = adjusted_rand_score(&truth, found.model.labels()).unwrap();
    assert!(score > 0.95, "{score}");
}

#[test]
fn a_search_repeats_and_its_model_is_that_of_a_plain_fit() {
    let (x, _) = groups(&[60, 50, 40], 1.0, 3);
    let mut params = SearchParams::new(2..=5);
    params.seed = 11;
    let found = searched(&x, &params);
    assert_eq!(found, searched(&x, &params));
    assert_eq!(found.chosen, 3, "{:#?}", found.candidates);
    let plain = KMeans::params(3).seed(11).fit(&Compute::cpu(), &x).unwrap();
    assert_eq!(found.model, plain);
    assert_eq!(found.silhouette.len(), 150);
    assert_eq!(found.silhouette_rows, (0..150).collect::<Vec<u32>>());
    assert_eq!(
        found.candidates.iter().map(|c| c.k).collect::<Vec<_>>(),
        [2, 3, 4, 5]
    );
}

#[test]
fn many_rows_are_sampled_and_it_is_said() {
    let (x, _) = groups(&[200, 150, 100], 1.5, 3);
    let mut params = SearchParams::new(2..=5);
    params.panel_rows = 200;
    params.silhouette_rows = 100;
    let found = searched(&x, &params);
    assert_eq!(found.chosen, 3);
    assert_eq!(found.silhouette.len(), found.silhouette_rows.len());
    assert!((100..=105).contains(&found.silhouette.len()));
    assert!(found.silhouette_rows.is_sorted_by(|a, b| a < b));
    let said = found.reasons.join(" ");
    assert!(said.contains("of 200 rows taken at random"), "{said}");
    assert!(said.contains("taken from 100 rows at random"), "{said}");
}

#[test]
fn too_few_distinct_rows_end_the_search_early() {
    let compute = Compute::cpu();
    let values: Vec<f32> = (0..60).map(|i| (i % 3) as f32).collect();
    let x = compute.matrix(&values, 60, 1).unwrap();
    let found = searched(&x, &SearchParams::new(2..=8));
    assert_eq!(found.chosen, 3);
    assert_eq!(found.candidates.len(), 2);
    let equal = compute.matrix(&[5.0; 20], 20, 1).unwrap();
    let error = search(&compute, &equal, &SearchParams::new(2..=8), &mut |_| {
        ControlFlow::Continue(())
    });
    assert!(matches!(error, Err(ClusterError::Distinct { k: 2 })));
}

#[test]
fn ranges_and_parameters_are_checked() {
    let (x, _) = groups(&[10], 0.0, 1);
    let run = |params: &SearchParams| {
        search(&Compute::cpu(), &x, params, &mut |_| {
            ControlFlow::Continue(())
        })
        .unwrap_err()
        .to_string()
    };
    #[allow(clippy::reversed_empty_ranges)]
    for range in [1..=3, 4..=3, 2..=10] {
        let error = run(&SearchParams::new(range));
        assert!(error.starts_with("k: the range "), "{error}");
    }
    let with = |change: fn(&mut SearchParams)| {
        let mut params = SearchParams::new(2..=3);
        change(&mut params);
        params
    };
    for (params, name) in [
        (with(|p| p.bootstraps = 1), "bootstraps"),
        (with(|p| p.refit_n_init = 0), "refit_n_init"),
        (with(|p| p.panel_rows = 3), "panel_rows"),
        (with(|p| p.silhouette_rows = 6), "silhouette_rows"),
        (with(|p| p.params = KMeans::params(2).n_init(0)), "n_init"),
        (
            with(|p| p.params = KMeans::params(2).init(Init::Given(vec![]))),
            "init",
        ),
    ] {
        let error = run(&params);
        assert!(error.starts_with(&format!("{name}: ")), "{error}");
    }
    assert_eq!(auto_range(2), None);
    assert_eq!(auto_range(3), Some(2..=2));
    assert_eq!(auto_range(5000), Some(2..=12));
}

#[test]
fn progress_reaches_the_end_and_can_stop() {
    let (x, _) = groups(&[30, 30], 2.0, 1);
    let params = SearchParams::new(2..=3);
    let mut last = None;
    search(&Compute::cpu(), &x, &params, &mut |progress| {
        assert!(last.is_none_or(|(done, _)| done <= progress.done));
        last = Some((progress.done, progress.total));
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(last, Some((22, 22)));
    let stopped = search(
        &Compute::cpu(),
        &x,
        &params,
        &mut |_| ControlFlow::Break(()),
    );
    assert!(matches!(stopped, Err(ClusterError::Cancelled)));
}

/// The draws are the same on every device, and groups are far enough apart that rounding moves no row.
#[test]
fn a_search_on_a_software_adapter_is_that_of_the_cpu() {
    let (x, _) = groups(&[90, 60, 30], 2.0, 5);
    let mut params = SearchParams::new(2..=4);
    params.bootstraps = 3;
    for init in [Init::KMeansPlusPlus, Init::KMeansParallel, Init::Random] {
        params.params = KMeans::params(2).init(init.clone());
        let on_cpu = searched(&x, &params);
        let software = Compute::software().unwrap();
        let same = software.matrix(&x.to_vec().unwrap(), 180, D).unwrap();
        let found = search(
            &software,
            &same,
            &params,
            &mut |_| ControlFlow::Continue(()),
        );
        let found = found.unwrap();
        assert_eq!(found.chosen, 3, "{init:?}");
        assert_eq!(found.model.labels(), on_cpu.model.labels(), "{init:?}");
        for (a, b) in found.candidates.iter().zip(&on_cpu.candidates) {
            assert!(
                (a.inertia - b.inertia).abs() <= 1e-4 * b.inertia,
                "{a:?} {b:?}"
            );
            assert!((a.recovery - b.recovery).abs() <= 0.1, "{a:?} {b:?}");
        }
    }
}

/// Halves of an evenly filled square may show a dip by chance, but are not found again.
#[test]
fn squares_side_by_side_are_not_halved() {
    for seed in 0..8 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut x = Vec::new();
        for (left, low) in [(0.0, 0.0), (1.5, 0.0), (0.0, 1.5), (1.5, 1.5)] {
            for _ in 0..150 {
                x.extend([left + rng.random::<f32>(), low + rng.random::<f32>()]);
            }
        }
        let x = Compute::cpu().matrix(&x, 600, 2).unwrap();
        let found = searched(&x, &SearchParams::new(2..=9));
        assert_eq!(found.chosen, 4, "seed {seed}: {:#?}", found.candidates);
        assert!(found.grouped);
    }
}
