//! Matrices in a host's buffers: bound where they lie, with the bits that uploaded ones give.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::*;
use throng_compute::*;

/// Binds the most buffers.
const COSINE: PairwiseMetric = PairwiseMetric::Cosine;

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// What every kernel says of `x` and `y`.
fn all_kernels(x: &Matrix, y: &Matrix) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let distances = pairwise(x, y, COSINE).unwrap().to_vec().unwrap();
    let seeds = kmeans_plus_plus(x, 3, 7).unwrap();
    let all = x.to_vec().unwrap();
    let centroids: Vec<f32> = seeds
        .iter()
        .flat_map(|&i| row(&all, x.cols(), i as usize).to_vec())
        .collect();
    let mut lloyd = Lloyd::new(x, 3).unwrap();
    lloyd.step(&centroids).unwrap();
    let labels = lloyd.labels().unwrap();
    let silhouettes = silhouette(x, &labels, 3, SilhouetteMetric::Cosine).unwrap();
    (bits(&distances), labels, bits(&silhouettes))
}

#[test]
fn a_lent_matrix_gives_the_bits_of_an_uploaded_one() {
    for device in devices() {
        let Some(host) = device.compute.host_device() else {
            continue;
        };
        // 4,000 x 40 values are more than 512 KiB: on that device the lent matrix is bound in parts; and in parts of
        // 176 rows where 256 are too many.
        let sizes = [
            (100, 5, 0),
            (100, 5, 512),
            (4_000, 40, 256),
            (100, 5, 4),
            (200, 700, 256),
            (200, 700, 4),
        ];
        for (n, d, offset) in sizes {
            let (x, y) = (blobs(n, d, 3, 1), blobs(7, d, 2, 2));
            let lent = |values: &[f32]| {
                let rows = values.len() / d;
                let buffer = lend(&host, values, offset);
                device.compute.matrix_from_buffer(buffer, rows, d).unwrap()
            };
            let own = |values: &[f32]| {
                let rows = values.len() / d;
                device.compute.matrix(values, rows, d).unwrap()
            };
            assert_eq!(bits(&lent(&x).to_vec().unwrap()), bits(&x));
            assert_eq!(
                all_kernels(&lent(&x), &lent(&y)),
                all_kernels(&own(&x), &own(&y)),
                "{}, {n} x {d}, offset {offset}",
                device.name
            );
        }
    }
}

/// A copy would lie elsewhere.
#[test]
fn an_aligned_matrix_stays_where_it_lies_and_another_is_copied() {
    for device in devices() {
        let Some(host) = device.compute.host_device() else {
            let x = device.compute.matrix(&[1.0], 1, 1).unwrap();
            assert!(x.device_parts().is_empty());
            continue;
        };
        let n = 200_000;
        let values = uniform(n, 3);
        for offset in [0, 256, 768, 4, 260] {
            let buffer = host_buffer(&host, &values, offset);
            let lent = HostBuffer::new(buffer.clone(), offset);
            let x = device.compute.matrix_from_buffer(lent, n, 1).unwrap();
            let is_aligned = offset.is_multiple_of(u64::from(
                host.device.limits().min_storage_buffer_offset_alignment,
            ));
            let mut next = 0;
            for part in x.device_parts() {
                assert_eq!(part.first_row, next);
                assert_eq!(part.buffer == buffer, is_aligned, "{offset}");
                if is_aligned {
                    assert_eq!(part.offset, offset + 4 * next as u64);
                }
                next += part.rows;
            }
            assert_eq!(next, n);
            assert_eq!(bits(&x.to_vec().unwrap()), bits(&values));
        }
    }
}

/// A binding may not begin at a row of an odd width, and 64 of them are too many.
#[test]
fn a_part_that_cannot_be_bound_is_refused_unless_it_is_copied() {
    let (n, d) = (60, 3_001);
    let values = uniform(n * d, 4);
    for device in devices() {
        let Some(host) = device.compute.host_device() else {
            continue;
        };
        let lent = |offset| {
            let buffer = lend(&host, &values, offset);
            device.compute.matrix_from_buffer(buffer, n, d)
        };
        let copied = lent(4).unwrap();
        assert_eq!(
            bits(&copied.to_vec().unwrap()),
            bits(&values),
            "{}",
            device.name
        );
        if device.name.contains("512 KiB") {
            let (what, bytes, limit) = ("a part of a matrix", 64 * 4 * 3_001, 512 << 10);
            let error = ComputeError::TooBig { what, bytes, limit };
            assert_eq!(lent(256).unwrap_err(), error);
        } else {
            let x = lent(256).unwrap();
            assert_eq!(bits(&x.to_vec().unwrap()), bits(&values), "{}", device.name);
        }
    }
}

/// What the host writes afterwards, against the rules, is seen: there is no copy.
#[test]
fn the_bytes_are_the_hosts() {
    for device in devices() {
        let Some(host) = device.compute.host_device() else {
            continue;
        };
        let buffer = host_buffer(&host, &[1.0, 2.0, 3.0, 4.0], 256);
        let lent = HostBuffer::new(buffer.clone(), 256);
        let x = device.compute.matrix_from_buffer(lent, 2, 2).unwrap();
        host.queue
            .write_buffer(&buffer, 256, bytemuck::cast_slice(&[5.0_f32, 6.0]));
        let products = pairwise(&x, &x, PairwiseMetric::Dot).unwrap();
        assert_eq!(
            products.to_vec().unwrap(),
            [61.0, 39.0, 39.0, 25.0],
            "{}",
            device.name
        );
    }
}

/// Inputs and output are pieces of one buffer, which wgpu refuses to both read and write.
#[test]
fn distances_are_written_into_the_buffer_of_their_inputs() {
    for device in devices() {
        let Some(host) = device.compute.host_device() else {
            continue;
        };
        let (n, m, d) = (67, 31, 9);
        let (x, y) = (uniform(n * d, 4), uniform(m * d, 5));
        let at_y = (4 * x.len() as u64).next_multiple_of(256);
        let at_out = (at_y + 4 * y.len() as u64).next_multiple_of(256);
        let mut page = vec![f32::NAN; at_out as usize / 4 + n * m];
        page[..x.len()].copy_from_slice(&x);
        page[at_y as usize / 4..][..y.len()].copy_from_slice(&y);
        let page = host_buffer(&host, &page, 0);
        let piece = |offset| HostBuffer::new(page.clone(), offset);
        let lent_x = device.compute.matrix_from_buffer(piece(0), n, d).unwrap();
        let lent_y = device
            .compute
            .matrix_from_buffer(piece(at_y), m, d)
            .unwrap();
        let own_x = device.compute.matrix(&x, n, d).unwrap();
        let own_y = device.compute.matrix(&y, m, d).unwrap();
        for metric in [
            PairwiseMetric::SqEuclidean,
            PairwiseMetric::Euclidean,
            PairwiseMetric::Cosine,
            PairwiseMetric::Dot,
        ] {
            let got = pairwise_into(&lent_x, &lent_y, metric, piece(at_out)).unwrap();
            let want = pairwise(&own_x, &own_y, metric).unwrap().to_vec().unwrap();
            assert_eq!(bits(&got.to_vec().unwrap()), bits(&want), "{metric:?}");
            let parts = got.device_parts();
            assert!(parts.iter().all(|part| part.buffer == page));
            assert_eq!(parts[0].offset, at_out);
        }
        // The same piece twice, and another written.
        let got = pairwise_into(&lent_y, &lent_y, COSINE, piece(at_out)).unwrap();
        let want = pairwise(&own_y, &own_y, COSINE).unwrap().to_vec().unwrap();
        assert_eq!(bits(&got.to_vec().unwrap()), bits(&want));
        // The inputs are as they were.
        assert_eq!(bits(&lent_x.to_vec().unwrap()), bits(&x));
        assert_eq!(bits(&lent_y.to_vec().unwrap()), bits(&y));
        let error = pairwise_into(&lent_x, &lent_y, COSINE, piece(at_y)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the buffer cannot hold a matrix: an input lies there"
        );
    }
}

#[test]
fn a_guard_is_kept_until_the_work_is_done() {
    struct Guard(Arc<AtomicBool>);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    for device in devices() {
        let Some(host) = device.compute.host_device() else {
            continue;
        };
        let is_released = Arc::new(AtomicBool::new(false));
        let lent = lend(&host, &uniform(3_000, 6), 0).held_by(Guard(is_released.clone()));
        let x = device.compute.matrix_from_buffer(lent, 300, 10).unwrap();
        let again = x.clone();
        drop(x);
        let distances = pairwise(&again, &again, COSINE).unwrap();
        host.device
            .poll(wgpu::PollType::wait_indefinitely())
            .unwrap();
        assert!(!is_released.load(Ordering::SeqCst), "{}", device.name);
        drop(again);
        host.device
            .poll(wgpu::PollType::wait_indefinitely())
            .unwrap();
        assert!(is_released.load(Ordering::SeqCst), "{}", device.name);
        assert_eq!(distances.rows(), 300);
    }
}

#[test]
fn a_buffer_that_cannot_be_used_is_refused() {
    let refused = |error: ComputeError, words: &str| {
        let line = error.to_string();
        assert!(line.contains(words), "{line}");
    };
    for device in devices() {
        let compute = &device.compute;
        let Some(host) = compute.host_device() else {
            let (instance, adapter) = adapters().swap_remove(0);
            let other = request(&instance, &adapter, wgpu::Limits::default());
            let error = compute
                .matrix_from_buffer(lend(&other, &[1.0], 0), 1, 1)
                .unwrap_err();
            refused(error, "the CPU has no buffers");
            continue;
        };
        let buffer = host_buffer(&host, &[1.0; 8], 256);
        let lent = |offset| HostBuffer::new(buffer.clone(), offset);
        let error = |offset, n, d| compute.matrix_from_buffer(lent(offset), n, d).unwrap_err();
        let another = request(&host.instance, &host.adapter, wgpu::Limits::default());
        let foreign = lend(&another, &[1.0], 0);
        assert!(matches!(
            compute.matrix_from_buffer(foreign, 1, 1),
            Err(ComputeError::Device { .. })
        ));
        refused(error(258, 1, 1), "not a multiple of 4 bytes");
        assert_eq!(error(256, 1, 0), ComputeError::NoColumns);
        assert_eq!(
            error(256, 73, 1).to_string(),
            "the buffer has 288 bytes after the offset, but 292 are needed"
        );
        assert!(compute.matrix_from_buffer(lent(1 << 40), 1, 1).is_err());
        assert!(compute.matrix_from_buffer(lent(0), usize::MAX, 2).is_err());
        let x = compute.matrix_from_buffer(lent(256), 2, 2).unwrap();
        refused(
            pairwise_into(&x, &x, COSINE, lend(&host, &[0.0; 4], 4)).unwrap_err(),
            "min_storage_buffer_offset_alignment",
        );
        let vertices = host.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: 64,
            usage: wgpu::BufferUsages::VERTEX | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        refused(
            compute
                .matrix_from_buffer(HostBuffer::new(vertices, 0), 1, 1)
                .unwrap_err(),
            "STORAGE and COPY_SRC",
        );
    }
}
