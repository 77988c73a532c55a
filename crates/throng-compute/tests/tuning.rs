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

/// Distances, neighbours and k-means of more than 32 columns, which is where large tiles are taken, and of more than
/// 64 clusters, which are found by products.
fn results(compute: &Compute) -> (Vec<f32>, Vec<u32>, Vec<f32>, Vec<KMeansFit>) {
    let (n, m, d) = (203, 131, 21);
    let x = compute.matrix(&blobs(n, d, 5, 81), n, d).unwrap();
    let y = compute.matrix(&blobs(m, d, 5, 82), m, d).unwrap();
    let distances = pairwise(&x, &y, PairwiseMetric::Euclidean).unwrap();
    let near = top_k(&x, &y, 9, NeighborMetric::SqEuclidean, &[]).unwrap();
    let problems = [37, 65, 129].map(|k| KMeansProblem::new(0..n, k, blobs(k, d, 5, 83)));
    let fits = kmeans_batch(&x, &problems, &mut |_| ControlFlow::Continue(())).unwrap();
    (
        distances.to_vec().unwrap(),
        near.indices,
        near.scores,
        fits.unwrap(),
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
            for products in [true, false] {
                device.compute.take_products(products);
                assert_eq!(
                    results(&device.compute),
                    first,
                    "{}, tile {name}, products {products}",
                    device.name
                );
            }
        }
        assert!(!device.compute.take_tile("1x1x1"));
    }
}

#[test]
fn products_change_no_bit() {
    // Rows that products part, rows that they cannot, for they are far from the origin, alike or have equally near
    // centroids, and rows of both kinds; problems of few and many clusters that share rows and end one after another.
    let (n, d) = (700, 45);
    let near = uniform(n * d, 87);
    let far: Vec<f32> = near.iter().map(|v| v + 1e4).collect();
    let mut mixed = blobs(n, d, 9, 88);
    mixed.copy_within(..100 * d, 300 * d);
    mixed[200 * d..220 * d].fill(0.0);
    for x in [near, far, mixed] {
        let problem = |rows: std::ops::Range<usize>, k: usize, max_iter| KMeansProblem {
            max_iter,
            ..KMeansProblem::new(rows.clone(), k, x[rows.start * d..][..k * d].to_vec())
        };
        let mut problems = [
            problem(0..n, 129, 6),
            problem(5..690, 65, 1),
            problem(290..n, 128, 3),
            problem(0..n, 9, 2),
        ];
        problems[0].weights = Some((0..n).map(|i| (i % 5) as f32).collect());
        problems[2].start.extend_from_within(127 * d..);
        problems[2].k += 1;
        for device in devices() {
            let on = device.compute.matrix(&x, n, d).unwrap();
            let run = || {
                let fits = kmeans_batch(&on, &problems, &mut |_| ControlFlow::Continue(()));
                let mut lloyd = Lloyd::new(&on, 200).unwrap();
                let stats = lloyd.assign(&x[..200 * d]).unwrap();
                let labels = lloyd.labels().unwrap();
                (fits.unwrap(), stats, labels, lloyd.distances().unwrap())
            };
            let by_products = run();
            device.compute.take_products(false);
            assert_eq!(run(), by_products, "{}", device.name);
        }
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
                && text.contains("two_steps")
                && text.contains("products"),
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
