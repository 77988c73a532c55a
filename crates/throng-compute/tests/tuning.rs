//! Tiles, and ways to the nearest centroid: timed once an adapter, and without influence on results.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;
use std::ops::ControlFlow;

use common::*;
use throng_compute::{
    Compute, KMeansFit, KMeansProblem, Lloyd, NeighborMetric, PairwiseMetric, kmeans_batch,
    pairwise, top_k,
};

/// Distances, neighbours and k-means of more than 32 columns, which is where large tiles are taken.
fn results(compute: &Compute) -> (Vec<f32>, Vec<u32>, Vec<f32>, Vec<f32>) {
    let (n, m, d, k) = (203, 131, 21, 37);
    let x = compute.matrix(&blobs(n, d, 5, 81), n, d).unwrap();
    let y = compute.matrix(&blobs(m, d, 5, 82), m, d).unwrap();
    let distances = pairwise(&x, &y, PairwiseMetric::Euclidean).unwrap();
    let near = top_k(&x, &y, 9, NeighborMetric::SqEuclidean, &[]).unwrap();
    let start = blobs(k, d, 5, 83);
    let problem = KMeansProblem::new(0..n, k, start);
    let fits = kmeans_batch(&x, &[problem], &mut |_| ControlFlow::Continue(())).unwrap();
    let fit = fits.unwrap().remove(0);
    (
        distances.to_vec().unwrap(),
        near.indices,
        near.scores,
        fit.centroids,
    )
}

#[test]
fn no_tile_changes_a_bit() {
    for device in devices() {
        let first = results(&device.compute);
        if device.name.starts_with("cpu") {
            assert!(!device.compute.take_tile("64x64x16"));
            continue;
        }
        for name in Compute::tiles() {
            assert!(device.compute.take_tile(name));
            assert_eq!(
                results(&device.compute),
                first,
                "{}, tile {name}",
                device.name
            );
        }
        assert!(!device.compute.take_tile("1x1x1"));
    }
}

/// Few rows and many clusters, in three problems that share rows and end one after another.
fn fits(compute: &Compute) -> Vec<KMeansFit> {
    let (n, d) = (1_001, 70);
    let x = blobs(n, d, 9, 84);
    let on = compute.matrix(&x, n, d).unwrap();
    let problem = |rows: std::ops::Range<usize>, k: usize, max_iter| KMeansProblem {
        max_iter,
        ..KMeansProblem::new(rows.clone(), k, x[rows.start * d..][..k * d].to_vec())
    };
    // Two centroids of the first are alike: ties go to the lower.
    let mut problems = [
        problem(0..n, 258, 9),
        problem(3..900, 513, 1),
        problem(257..700, 256, 2),
    ];
    problems[0].start.extend_from_within(257 * d..);
    problems[0].k += 1;
    kmeans_batch(&on, &problems, &mut |_| ControlFlow::Continue(()))
        .unwrap()
        .unwrap()
}

#[test]
fn two_steps_change_no_bit() {
    for device in devices() {
        let fused = fits(&device.compute);
        device.compute.take_two_steps(true);
        for tile in ["64x64x16", "32x64x16"] {
            device.compute.take_tile(tile);
            assert_eq!(fits(&device.compute), fused, "{}, {tile}", device.name);
        }
    }
}

#[test]
fn two_steps_take_a_matrix_in_parts() {
    // Two parts where a buffer holds 512 KiB, and all distances in one buffer. The small ones are kept for other
    // checks.
    for [n, d, k] in [[500, 300, 256], [257, 12, 256]] {
        let (x, centroids) = (blobs(n, d, 9, 85), blobs(k, d, 9, 86));
        for device in devices() {
            let on = device.compute.matrix(&x, n, d).unwrap();
            let assign = || {
                let mut lloyd = Lloyd::new(&on, k).unwrap();
                let stats = lloyd.assign(&centroids).unwrap();
                (stats, lloyd.labels().unwrap(), lloyd.distances().unwrap())
            };
            let fused = assign();
            device.compute.take_two_steps(true);
            assert_eq!(assign(), fused, "{}", device.name);
            if n == 500 && device.name.contains("512 KiB") {
                assert_eq!(on.device_parts().len(), 2);
            }
        }
    }
}

#[test]
fn the_fastest_is_found_once() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("new/tiles.json");
    assert_eq!(Compute::cpu().tune(&cache).unwrap(), None);
    assert!(!cache.exists());
    for (instance, adapter) in adapters() {
        let open = || {
            let host = request(&instance, &adapter, wgpu::Limits::default());
            Compute::from_host(host).unwrap()
        };
        let name = open().tune(&cache).unwrap().unwrap();
        assert!(Compute::tiles().any(|tile| tile == name));
        let text = fs::read_to_string(&cache).unwrap();
        assert!(
            text.contains(&adapter.get_info().name)
                && text.contains(name)
                && text.contains("two_steps"),
            "{text}"
        );

        // What the file says is believed, and what it does not know is measured again.
        let other = Compute::tiles().find(|tile| *tile != name).unwrap();
        fs::write(&cache, text.replace(name, other)).unwrap();
        assert_eq!(open().tune(&cache).unwrap(), Some(other));
        fs::write(&cache, "no JSON").unwrap();
        assert!(open().tune(&cache).unwrap().is_some());
        assert!(fs::read_to_string(&cache).unwrap().starts_with('{'));
        fs::remove_file(&cache).unwrap();
    }
}
