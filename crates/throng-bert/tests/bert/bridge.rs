//! Burn's tensors in our kernels and back: the same memory, in the right order.

use std::collections::VecDeque;

use burn::backend::wgpu::{AutoCompiler, Wgpu, WgpuResource};
use burn::cubecl::wgpu::WgpuServer;
use burn::tensor::{Device, Int, Tensor, TensorData};
use throng_bert::{BertError, bridge};
use throng_compute::{Compute, ComputeError, PairwiseMetric, pairwise_into};

fn software() -> (Compute, Device) {
    let compute = crate::software();
    let device = bridge::device(&compute).unwrap();
    (compute, device)
}

/// Where Burn has a tensor, asked for without the bridge.
fn place(tensor: &Tensor<2>) -> WgpuResource {
    let cube = tensor.clone().try_into_primitive::<Wgpu>().unwrap();
    #[cfg(feature = "fusion")]
    let cube = {
        let client = cube.client.clone();
        client.resolve_tensor_float::<burn::backend::wgpu::CubeBackend>(cube)
    };
    let resource = cube
        .client
        .get_resource::<WgpuServer<AutoCompiler>>(cube.handle.clone())
        .unwrap();
    resource.resource().clone()
}

/// The integers from `first`, row by row, by way of operations that Burn puts off.
fn integers([n, d]: [usize; 2], first: i64, device: &Device) -> Tensor<2> {
    let first = first as f32;
    let all = Tensor::<1, Int>::arange(0..(n * d) as i64, device).float();
    (all * 2.0 + 2.0 * first).reshape([n, d]) * 0.5
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec_as::<f32>().unwrap()
}

/// A copy would lie in another buffer or at another offset, and would not see the write.
#[test]
fn a_matrix_is_the_tensors_own_memory() {
    let (compute, device) = software();
    let queue = compute.host_device().unwrap().queue;
    let mut offsets = Vec::new();
    // Kept, so that Burn cuts each from memory of its own.
    let tensors: Vec<_> = (0..20)
        .map(|i| integers([3 + i, 5], i as i64, &device))
        .collect();
    for (i, tensor) in tensors.iter().enumerate() {
        let x = bridge::matrix(&compute, tensor.clone()).unwrap();
        let parts = x.device_parts();
        let place = place(tensor);
        assert_eq!(parts.len(), 1);
        assert!(parts[0].buffer == place.buffer);
        assert_eq!(parts[0].offset, place.offset);
        offsets.push(place.offset);
        let mut want: Vec<f32> = (0..(3 + i) * 5).map(|v| (v + i) as f32).collect();
        assert_eq!(x.to_vec().unwrap(), want);
        // The first value is changed behind both backs: both see it.
        queue.write_buffer(&parts[0].buffer, parts[0].offset, &77.0_f32.to_le_bytes());
        want[0] = 77.0;
        assert_eq!(x.to_vec().unwrap(), want);
        assert_eq!(host(tensor.clone()), want);
    }
    assert!(
        offsets.iter().any(|&offset| offset > 0),
        "no tensor was cut from a larger buffer: {offsets:?}"
    );
}

/// Burn writes into tensors that nobody else has, and gives out memory that nobody has.
#[test]
fn what_is_lent_is_left_alone() {
    let (compute, device) = software();
    let shape = [40, 5];
    let lent: Vec<_> = (0..8)
        .map(|i| {
            let x = integers(shape, i, &device);
            let matrix = bridge::matrix(&compute, x.clone()).unwrap();
            // The last that Burn knows of x.
            let more = host(x + 1_000.0);
            assert_eq!(more[0], 1_000.0 + i as f32);
            (i, matrix)
        })
        .collect();
    let others: Vec<_> = (0..50).map(|i| integers(shape, 500 + i, &device)).collect();
    for other in others {
        assert!(host(other)[0] >= 500.0);
    }
    for (i, matrix) in lent {
        let want: Vec<f32> = (0..200).map(|v| (v + i) as f32).collect();
        assert_eq!(matrix.to_vec().unwrap(), want, "{i}");
    }
}

#[test]
fn distances_are_written_into_the_tensors_own_memory() {
    let (compute, device) = software();
    let (n, m, d) = (67, 31, 5);
    let x = integers([n, d], 0, &device);
    let y = integers([m, d], 3, &device);
    let want: Vec<f32> = distances(n, m, d, 0, 3);
    let metric = PairwiseMetric::SqEuclidean;
    let out = Tensor::<2>::empty([n, m], &device);
    let written = pairwise_into(
        &bridge::matrix(&compute, x.clone()).unwrap(),
        &bridge::matrix(&compute, y.clone()).unwrap(),
        metric,
        bridge::lend(&compute, out.clone()).unwrap(),
    )
    .unwrap();
    let (part, place) = (&written.device_parts()[0], place(&out));
    assert!(part.buffer == place.buffer);
    assert_eq!(part.offset, place.offset);
    assert_eq!(host(out), want);
    let distances = bridge::pairwise(&compute, x, y, metric).unwrap();
    assert_eq!(
        host(distances + 1.0),
        want.iter().map(|v| v + 1.0).collect::<Vec<_>>()
    );
}

/// Squared distances of rows of integers, from plain loops.
fn distances(n: usize, m: usize, d: usize, x_first: i64, y_first: i64) -> Vec<f32> {
    let mut out = Vec::new();
    for i in 0..n {
        for j in 0..m {
            let mut sum = 0;
            for f in 0..d {
                let difference = (x_first + (i * d + f) as i64) - (y_first + (j * d + f) as i64);
                sum += difference * difference;
            }
            out.push(sum as f32);
        }
    }
    out
}

/// A thousand rounds of Burn, our kernel, Burn, our kernel, Burn. Nothing is read between them, and what a round has
/// used is Burn's to use again at once. All values are integers that 32-bit floats hold.
#[test]
fn a_thousand_rounds_in_turn_are_in_order() {
    const SHAPES: [(usize, usize, usize); 5] =
        [(3, 7, 2), (17, 5, 3), (64, 9, 4), (33, 65, 2), (1, 130, 6)];
    let (compute, device) = software();
    let metric = PairwiseMetric::SqEuclidean;
    let mut waiting = VecDeque::new();
    for round in 0..1_000 {
        let (n, m, d) = SHAPES[round % SHAPES.len()];
        let (x_first, y_first) = ((round % 11) as i64, -((round % 7) as i64));
        let x = integers([n, d], x_first, &device);
        let y = integers([m, d], y_first, &device);
        let first = bridge::pairwise(&compute, x, y.clone(), metric).unwrap();
        // Burn reads what we wrote; its result is compared with itself shifted by one row.
        let halves = first.clone() * 0.5 - 4.0;
        let second = bridge::pairwise(&compute, halves.clone(), halves + 1.0, metric).unwrap();
        waiting.push_back((round, first - 1.0, second * 2.0));
        while waiting.len() > 20 || (round == 999 && !waiting.is_empty()) {
            let (round, first, second) = waiting.pop_front().unwrap();
            let (n, m, d) = SHAPES[round % SHAPES.len()];
            let want = distances(n, m, d, (round % 11) as i64, -((round % 7) as i64));
            let halves: Vec<f64> = want.iter().map(|&v| f64::from(v) * 0.5 - 4.0).collect();
            let first = host(first);
            assert!(
                first
                    .iter()
                    .zip(&want)
                    .all(|(got, want)| *got == want - 1.0),
                "round {round}"
            );
            let second = host(second);
            for i in 0..n {
                for j in 0..n {
                    let sum: f64 = (0..m)
                        .map(|f| (halves[i * m + f] - halves[j * m + f] - 1.0).powi(2))
                        .sum();
                    // Differences are exact, but squares and sums of 130 of them leave the integers that 32-bit
                    // floats hold: each is off by 2^-24, 131 times that is 7.8e-6.
                    let (got, want) = (f64::from(second[i * n + j]), 2.0 * sum);
                    assert!(
                        (got - want).abs() <= 1e-5 * want,
                        "round {round}, {i} {j}: {got}, not {want}"
                    );
                }
            }
        }
    }
}

#[test]
fn tensors_of_any_layout_are_taken() {
    let (compute, device) = software();
    let x = integers([200, 64], 0, &device);
    let values = host(x.clone());
    let transposed = bridge::matrix(&compute, x.clone().transpose()).unwrap();
    assert_eq!((transposed.rows(), transposed.cols()), (64, 200));
    let want: Vec<f32> = (0..64 * 200)
        .map(|at| values[at % 200 * 64 + at / 200])
        .collect();
    assert_eq!(transposed.to_vec().unwrap(), want);
    let columns = bridge::matrix(&compute, x.clone().slice([0..200, 3..5])).unwrap();
    let want: Vec<f32> = (0..200 * 2)
        .map(|at| values[at / 2 * 64 + 3 + at % 2])
        .collect();
    assert_eq!(columns.to_vec().unwrap(), want);
    let rows = bridge::matrix(&compute, x.clone().slice([64..128, 0..64])).unwrap();
    assert_eq!(rows.to_vec().unwrap(), values[64 * 64..128 * 64]);
    let none = bridge::matrix(&compute, x.slice([0..1, 0..64]).slice([0..0, 0..64]));
    assert!(none.is_ok_and(|none| none.rows() == 0));
}

#[test]
fn what_kernels_do_not_take_is_refused() {
    let (compute, device) = software();
    let mut values = vec![1.0_f32; 30];
    values[17] = f32::NAN;
    let tensor =
        |device: &Device| Tensor::<2>::from_data(TensorData::new(values.clone(), [10, 3]), device);
    let cpu = Compute::cpu();
    let flex = bridge::device(&cpu).unwrap();
    for (compute, device) in [(&compute, &device), (&cpu, &flex)] {
        let error = bridge::matrix(compute, tensor(device) * 2.0).unwrap_err();
        assert!(
            matches!(
                error,
                BertError::Compute(ComputeError::NotFinite {
                    row: 5,
                    column: 2,
                    ..
                })
            ),
            "{error}"
        );
    }
    // A tensor of the CPU, and one of the same adapter by another instance.
    let other = Compute::software().unwrap();
    let other_device = bridge::device(&other).unwrap();
    for (compute, device) in [
        (&compute, &flex),
        (&compute, &other_device),
        (&other, &device),
        (&cpu, &device),
    ] {
        let error = bridge::matrix(compute, integers([2, 2], 0, device)).unwrap_err();
        assert!(
            matches!(error, BertError::Compute(ComputeError::DifferentDevices)),
            "{error}"
        );
    }
    assert!(bridge::lend(&cpu, integers([2, 2], 0, &flex)).is_err());
    let tracked = integers([2, 2], 0, &device.clone().autodiff()).require_grad();
    assert!(bridge::matrix(&compute, tracked.clone()).is_err());
    assert!(bridge::matrix(&compute, tracked.inner()).is_ok());
}

#[test]
fn the_cpu_takes_and_gives_tensors_too() {
    let compute = Compute::cpu();
    let device = bridge::device(&compute).unwrap();
    let (x, y) = (integers([9, 2], 0, &device), integers([4, 2], 5, &device));
    let got = bridge::pairwise(&compute, x, y, PairwiseMetric::SqEuclidean).unwrap();
    assert_eq!(host(got), distances(9, 4, 2, 0, 5));
}
