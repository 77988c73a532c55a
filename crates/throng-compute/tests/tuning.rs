//! Tiles: timed once an adapter, and without influence on results.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;
use std::ops::ControlFlow;

use common::*;
use throng_compute::{
    Compute, KMeansProblem, NeighborMetric, PairwiseMetric, kmeans_batch, pairwise, top_k,
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
            text.contains(&adapter.get_info().name) && text.contains(name),
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
