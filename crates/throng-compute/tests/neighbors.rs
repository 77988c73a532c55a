//! Nearest items against plain f64 loops and scikit-learn, on every device.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use common::*;
use throng_compute::{
    Compute, ComputeError, NO_NEIGHBOR, NeighborMetric, Neighbors, PairwiseMetric, k_nearest_graph,
    pairwise, top_k,
};

const EPS: f64 = f32::EPSILON as f64;

const METRICS: [NeighborMetric; 4] = [
    NeighborMetric::SqEuclidean,
    NeighborMetric::Euclidean,
    NeighborMetric::Cosine,
    NeighborMetric::Dot,
];

fn oracle(a: &[f32], b: &[f32], metric: NeighborMetric) -> f64 {
    match metric {
        NeighborMetric::SqEuclidean => squared(a, b),
        NeighborMetric::Euclidean => squared(a, b).sqrt(),
        NeighborMetric::Cosine => cosine(a, b),
        NeighborMetric::Dot => dot(a, b),
    }
}

/// What adding d terms in 32 bits may be off by: one rounding a term and a few for the term itself.
fn bound(a: &[f32], b: &[f32], metric: NeighborMetric) -> f64 {
    let steps = (a.len() + 4) as f64 * EPS;
    match metric {
        NeighborMetric::SqEuclidean => steps * squared(a, b),
        NeighborMetric::Euclidean => steps * squared(a, b).sqrt(),
        NeighborMetric::Cosine => 4.0 * steps,
        NeighborMetric::Dot => {
            let magnitudes = a.iter().zip(b).map(|(x, y)| f64::from((x * y).abs()));
            steps * magnitudes.sum::<f64>()
        }
    }
}

struct Case<'a> {
    queries: &'a [f32],
    items: &'a [f32],
    d: usize,
    metric: NeighborMetric,
    excluded: &'a HashSet<(u32, u32)>,
}

impl Case<'_> {
    /// What is wrong with the neighbours found, if anything: scores off by more than rounding, a wrong order,
    /// an item twice or excluded, a nearer one left out.
    fn wrong(&self, found: &Neighbors) -> Option<String> {
        let (k, m) = (found.k, self.items.len() / self.d);
        let q = self.queries.len() / self.d;
        assert_eq!((found.indices.len(), found.scores.len()), (q * k, q * k));
        (0..q).find_map(|i| {
            let indices = &found.indices[i * k..][..k];
            let scores = &found.scores[i * k..][..k];
            self.wrong_row(i, m, indices, scores)
                .map(|problem| format!("query {i}: {problem} in {indices:?}, {scores:?}"))
        })
    }

    fn wrong_row(&self, i: usize, m: usize, indices: &[u32], scores: &[f32]) -> Option<String> {
        let query = row(self.queries, self.d, i);
        let is_out = |j: usize| self.excluded.contains(&(i as u32, j as u32));
        let less = |score: f32| match self.metric {
            NeighborMetric::Dot => -f64::from(score),
            _ => f64::from(score),
        };
        let allowed = (0..m).filter(|&j| !is_out(j)).count();
        let found = allowed.min(indices.len());
        for at in found..indices.len() {
            if indices[at] != NO_NEIGHBOR || !scores[at].is_nan() {
                return Some(format!("no item is left for place {at}"));
            }
        }
        let mut seen = HashSet::new();
        for at in 0..found {
            let j = indices[at] as usize;
            if j >= m || is_out(j) || !seen.insert(j) {
                return Some(format!("item {j} at {at}"));
            }
            let item = row(self.items, self.d, j);
            let off = (f64::from(scores[at]) - oracle(query, item, self.metric)).abs();
            if off.is_nan() || off > bound(query, item, self.metric) + 1e-30 {
                return Some(format!("score {at} is off by {off:e}"));
            }
            if at > 0 {
                let (before, here) = (less(scores[at - 1]), less(scores[at]));
                if before > here || (before == here && indices[at - 1] > indices[at]) {
                    return Some(format!("places {} and {at} are in the wrong order", at - 1));
                }
            }
        }
        let last = less(scores[found.checked_sub(1)?]);
        for j in (0..m).filter(|&j| !is_out(j) && !seen.contains(&j)) {
            let item = row(self.items, self.d, j);
            let exact = match self.metric {
                NeighborMetric::Dot => -oracle(query, item, self.metric),
                _ => oracle(query, item, self.metric),
            };
            if exact < last - bound(query, item, self.metric) - 1e-30 {
                return Some(format!("item {j} at {exact} is left out"));
            }
        }
        None
    }
}

fn check(queries: &[f32], items: &[f32], d: usize, k: usize, pairs: &[(u32, u32)]) {
    check_metrics(&METRICS, queries, items, d, k, pairs);
}

fn check_metrics(
    metrics: &[NeighborMetric],
    queries: &[f32],
    items: &[f32],
    d: usize,
    k: usize,
    pairs: &[(u32, u32)],
) {
    let (q, m) = (queries.len() / d, items.len() / d);
    let excluded = pairs.iter().copied().collect();
    let mut of_cpu: Vec<Vec<Neighbors>> = Vec::new();
    for device in devices() {
        let name = &device.name;
        let on_queries = device.compute.matrix(queries, q, d).unwrap();
        let on_items = device.compute.matrix(items, m, d).unwrap();
        let mut all = Vec::new();
        for &metric in metrics {
            let found = top_k(&on_queries, &on_items, k, metric, pairs).unwrap();
            let case = Case {
                queries,
                items,
                d,
                metric,
                excluded: &excluded,
            };
            let wrong = case.wrong(&found);
            assert_eq!(
                wrong, None,
                "{name}, {metric:?}, q {q}, m {m}, d {d}, k {k}"
            );
            all.push(found);
        }
        if name.starts_with("cpu") {
            of_cpu.push(all);
        }
    }
    // As text, for NaN is not itself.
    assert_eq!(format!("{:?}", of_cpu[0]), format!("{:?}", of_cpu[1]));
}

#[test]
fn the_check_notices_what_is_wrong() {
    let (d, m) = (3, 40);
    let (queries, items) = (uniform(2 * d, 1), uniform(m * d, 2));
    let excluded = HashSet::new();
    for metric in METRICS {
        let case = Case {
            queries: &queries,
            items: &items,
            d,
            metric,
            excluded: &excluded,
        };
        let mut right = Neighbors {
            k: 5,
            indices: Vec::new(),
            scores: Vec::new(),
        };
        let mut next = Vec::new();
        for i in 0..2 {
            let score = |j: u32| oracle(row(&queries, d, i), row(&items, d, j as usize), metric);
            let mut order: Vec<u32> = (0..m as u32).collect();
            order.sort_by(|&a, &b| score(a).total_cmp(&score(b)));
            if metric == NeighborMetric::Dot {
                order.reverse();
            }
            right.indices.extend(&order[..5]);
            let scores = order[..5].iter().map(|&j| score(j) as f32);
            right.scores.extend(scores);
            next.push((order[5], score(order[5]) as f32));
        }
        assert_eq!(case.wrong(&right), None);
        let mut swapped = right.clone();
        swapped.indices.swap(5, 6);
        swapped.scores.swap(5, 6);
        let mut twice = right.clone();
        twice.indices[1] = twice.indices[0];
        twice.scores[1] = twice.scores[0];
        let mut off = right.clone();
        off.scores[3] += 1e-4;
        let mut left_out = right.clone();
        (left_out.indices[4], left_out.scores[4]) = next[0];
        let mut nothing = right.clone();
        nothing.indices[9] = NO_NEIGHBOR;
        for wrong in [swapped, twice, off, left_out, nothing] {
            assert!(case.wrong(&wrong).is_some(), "{metric:?}: {wrong:?}");
        }
        let excluded = [(1, right.indices[5])].into();
        let case = Case {
            excluded: &excluded,
            ..case
        };
        assert!(case.wrong(&right).is_some());
    }
}

#[test]
fn the_nearest_agree_with_loops_at_odd_sizes() {
    let sizes = [
        (1, 1, 1, 1),
        (1, 65, 3, 65),
        (7, 2, 2, 1),
        (63, 64, 15, 10),
        (64, 63, 16, 63),
        (65, 257, 17, 3),
        (3, 127, 128, 31),
        (2, 70, 200, 70),
    ];
    for (q, m, d, k) in sizes {
        check(&uniform(q * d, 1), &uniform(m * d, 2), d, k, &[]);
    }
}

#[test]
fn a_thousand_neighbours_among_items_in_many_pieces() {
    // 512 KiB hold a strip of 64 queries and 1,024 items beside the 1,000 kept.
    let (q, m, d) = (3, 3_100, 5);
    let (queries, items) = (uniform(q * d, 3), uniform(m * d, 4));
    check(&queries, &items, d, 1_000, &[]);
    check(&queries, &items[..1_000 * d], d, 1_000, &[]);
}

#[test]
fn queries_and_items_in_parts_agree_with_loops() {
    // 512 KiB hold 256 rows of 512 features.
    let (q, m, d) = (300, 600, 512);
    check_metrics(
        &[NeighborMetric::Euclidean, NeighborMetric::Cosine],
        &uniform(q * d, 5),
        &uniform(m * d, 6),
        d,
        4,
        &[],
    );
}

#[test]
fn pools_that_are_cut_many_times_keep_the_nearest() {
    // Each item is nearer than the one before, so that every one goes into the pool.
    let (m, d) = (3_100, 2);
    let items: Vec<f32> = (0..m * d).map(|i| (m * d - i) as f32).collect();
    check(&[-3.0, -1.0], &items, d, 7, &[]);
    check(&uniform(20 * 24, 7), &uniform(m * 24, 8), 24, 11, &[]);
}

/// Small whole numbers: all distances are exact in 32 bits, and many are equal.
fn whole(count: usize, most: u32, seed: u64) -> Vec<f32> {
    let values = uniform(count, seed);
    let whole = |v: &f32| ((v + 1.0) / 2.0 * most as f32).floor();
    values.iter().map(whole).collect()
}

#[test]
fn ties_go_to_the_lowest_index() {
    let (q, m, d) = (9, 1_500, 3);
    let (queries, items) = (whole(q * d, 4, 9), whole(m * d, 4, 10));
    for device in devices() {
        let on_queries = device.compute.matrix(&queries, q, d).unwrap();
        let on_items = device.compute.matrix(&items, m, d).unwrap();
        for metric in [NeighborMetric::SqEuclidean, NeighborMetric::Dot] {
            for k in [1, 2, 100, 333] {
                let found = top_k(&on_queries, &on_items, k, metric, &[]).unwrap();
                for i in 0..q {
                    let key = |j: u32| {
                        let score = oracle(row(&queries, d, i), row(&items, d, j as usize), metric);
                        let less = if metric == NeighborMetric::Dot {
                            -score
                        } else {
                            score
                        };
                        (less as i64, j)
                    };
                    let mut want: Vec<u32> = (0..m as u32).collect();
                    want.sort_by_key(|&j| key(j));
                    let name = &device.name;
                    assert_eq!(
                        found.indices[i * k..][..k],
                        want[..k],
                        "{name}, {metric:?}, query {i}, k {k}"
                    );
                    for (at, &j) in want[..k].iter().enumerate() {
                        let score = oracle(row(&queries, d, i), row(&items, d, j as usize), metric);
                        assert_eq!(f64::from(found.scores[i * k + at]), score);
                    }
                }
            }
        }
    }
}

#[test]
fn items_that_are_all_the_same_are_taken_in_order() {
    let (q, m, d, k) = (3, 3_000, 4, 1_000);
    let items = [1.5, -2.0, 0.25, 1e4].repeat(m);
    let queries = uniform(q * d, 11);
    for device in devices() {
        let on_queries = device.compute.matrix(&queries, q, d).unwrap();
        let on_items = device.compute.matrix(&items, m, d).unwrap();
        for metric in METRICS {
            let found = top_k(&on_queries, &on_items, k, metric, &[]).unwrap();
            let want: Vec<u32> = (0..k as u32).collect();
            for i in 0..q {
                let name = &device.name;
                assert_eq!(found.indices[i * k..][..k], want, "{name}, {metric:?}");
            }
        }
    }
}

#[test]
fn near_equal_rows_far_from_the_origin_are_told_apart() {
    let (q, m, d) = (20, 700, 33);
    let mut items = uniform(m * d, 12);
    items.iter_mut().for_each(|v| *v += 1e4);
    let mut queries = uniform(q * d, 13);
    queries.iter_mut().for_each(|v| *v += 1e4);
    check(&queries, &items, d, 9, &[]);
    // A few far outliers: the bound on rounding then covers whole clouds, and differences decide.
    for outlier in 0..3 {
        items[outlier * 200 * d..][..d].fill(-3e7);
    }
    check(&queries, &items, d, 9, &[]);
}

#[test]
fn the_cpu_gives_what_a_sort_of_pairwise_distances_gives_bit_for_bit() {
    let compute = Compute::cpu();
    let metrics = [
        PairwiseMetric::SqEuclidean,
        PairwiseMetric::Euclidean,
        PairwiseMetric::Cosine,
        PairwiseMetric::Dot,
    ];
    for (q, m, d, k, shift, scale) in [
        (30, 2_500, 20, 50, 0.0, 1.0),
        (30, 2_500, 20, 50, 1e4, 1e-2),
        (5, 1_100, 3, 1_000, 10.0, 1.0),
    ] {
        let put = |v: f32| v * scale + shift;
        let queries: Vec<f32> = uniform(q * d, 14).into_iter().map(put).collect();
        let items: Vec<f32> = uniform(m * d, 15).into_iter().map(put).collect();
        let queries = compute.matrix(&queries, q, d).unwrap();
        let items = compute.matrix(&items, m, d).unwrap();
        for (metric, of_pairs) in METRICS.into_iter().zip(metrics) {
            let distances = pairwise(&queries, &items, of_pairs)
                .unwrap()
                .to_vec()
                .unwrap();
            let found = top_k(&queries, &items, k, metric, &[]).unwrap();
            for i in 0..q {
                let of_row = &distances[i * m..][..m];
                let mut want: Vec<u32> = (0..m as u32).collect();
                want.sort_by(|&a, &b| {
                    let (x, y) = (of_row[a as usize], of_row[b as usize]);
                    let order = x.partial_cmp(&y).unwrap();
                    match metric {
                        NeighborMetric::Dot => order.reverse().then(a.cmp(&b)),
                        _ => order.then(a.cmp(&b)),
                    }
                });
                assert_eq!(
                    found.indices[i * k..][..k],
                    want[..k],
                    "{metric:?}, query {i}"
                );
                for (at, &j) in want[..k].iter().enumerate() {
                    assert_eq!(found.scores[i * k + at], of_row[j as usize]);
                }
            }
        }
    }
}

#[test]
fn rows_of_zeros_are_at_cosine_distance_1() {
    let items = [
        0.0, 0.0, //
        1.0, 0.0, //
        -1.0, 0.0, //
        0.0, 0.0, //
        0.0, 2.0, //
        0.0, 0.0,
    ];
    let queries = [3.0, 0.0, 0.0, 0.0, -1.0, 1e-9];
    for device in devices() {
        let on_queries = device.compute.matrix(&queries, 3, 2).unwrap();
        let on_items = device.compute.matrix(&items, 6, 2).unwrap();
        let found = top_k(
            &on_queries,
            &on_items,
            6,
            NeighborMetric::Cosine,
            &[(1, 0), (0, 3)],
        )
        .unwrap();
        let name = &device.name;
        assert_eq!(found.indices[..5], [1, 0, 4, 5, 2], "{name}");
        assert_eq!(found.indices[5], NO_NEIGHBOR, "{name}");
        assert_eq!(found.indices[6..11], [1, 2, 3, 4, 5], "{name}");
        assert_eq!(found.scores[6..11], [1.0; 5], "{name}");
        assert_eq!(found.indices[12], 2, "{name}");
        assert_eq!(found.indices[17], 1, "{name}");
    }
}

#[test]
fn excluded_items_are_never_found() {
    let (q, m, d) = (70, 150, 6);
    let (queries, items) = (uniform(q * d, 16), uniform(m * d, 17));
    let mut pairs = Vec::new();
    for i in 0..q as u32 {
        // Out of order and some twice; query 3 has nothing left, query 4 two.
        for j in (0..m as u32).rev() {
            let is_out = match i {
                3 => true,
                4 => j != 8 && j != 140,
                _ => (i * 7 + j * 13) % 5 == 0,
            };
            if is_out {
                pairs.push((i, j));
            }
        }
        pairs.push((i, 0));
        pairs.push((i, 0));
    }
    for k in [1, 20, 150] {
        check(&queries, &items, d, k, &pairs);
    }
}

#[test]
fn a_graph_is_of_the_other_rows() {
    let (n, d, k) = (130, 4, 6);
    // Every row is there twice: its copy is at distance 0, itself is not found.
    let mut x = uniform(n / 2 * d, 18);
    x.extend_from_within(..);
    let selves = (0..n as u32).map(|i| (i, i)).collect();
    for device in devices() {
        let on = device.compute.matrix(&x, n, d).unwrap();
        for metric in METRICS {
            let found = k_nearest_graph(&on, k, metric).unwrap();
            let case = Case {
                queries: &x,
                items: &x,
                d,
                metric,
                excluded: &selves,
            };
            assert_eq!(case.wrong(&found), None, "{}, {metric:?}", device.name);
            if metric == NeighborMetric::Euclidean {
                for i in 0..n {
                    assert_eq!(found.indices[i * k] as usize, (i + n / 2) % n);
                    assert_eq!(found.scores[i * k], 0.0);
                }
            }
        }
        let all = k_nearest_graph(&on, n - 1, NeighborMetric::Euclidean).unwrap();
        assert!(!all.indices.contains(&NO_NEIGHBOR));
    }
}

#[test]
fn distances_are_scikit_learns() {
    let golden = Golden::read();
    let (n, d) = (golden.x.len() / golden.d, golden.d);
    for device in devices() {
        let on = device.compute.matrix(&golden.x, n, d).unwrap();
        for (name, metric) in [
            ("euclidean", NeighborMetric::Euclidean),
            ("sqeuclidean", NeighborMetric::SqEuclidean),
            ("cosine", NeighborMetric::Cosine),
        ] {
            let want = golden.values(&format!("kneighbors-{name}"));
            let k = want.len() / n;
            let found = k_nearest_graph(&on, k, metric).unwrap();
            for (at, (&got, &want)) in found.scores.iter().zip(want).enumerate() {
                // Numbers of 8 terms, each with a rounding or two.
                let off = (f64::from(got) - want).abs();
                let within = 24.0 * EPS * want.max(if name == "cosine" { 1.0 } else { 0.0 });
                assert!(
                    off <= within,
                    "{}, {name}, {at}: {got}, {want}",
                    device.name
                );
            }
        }
    }
}

#[test]
fn same_bits_twice() {
    let (q, m, d, k) = (50, 900, 13, 40);
    let (queries, items) = (uniform(q * d, 19), uniform(m * d, 20));
    for device in devices() {
        let on_queries = device.compute.matrix(&queries, q, d).unwrap();
        let on_items = device.compute.matrix(&items, m, d).unwrap();
        for metric in METRICS {
            let find = || {
                let found = top_k(&on_queries, &on_items, k, metric, &[]).unwrap();
                let bits: Vec<u32> = found.scores.iter().map(|score| score.to_bits()).collect();
                (found.indices, bits)
            };
            assert_eq!(find(), find(), "{}, {metric:?}", device.name);
        }
    }
}

#[test]
fn a_watcher_hears_of_the_search_and_stops_it() {
    let (q, m, d) = (100, 3_000, 7);
    let (queries, items) = (uniform(q * d, 22), uniform(m * d, 23));
    for device in devices() {
        let last = Arc::new(AtomicU64::new(0));
        let heard = last.clone();
        let watched = device.compute.watched(move |_: &'static str, done, total| {
            assert!(done <= total);
            heard.store(done, Ordering::Relaxed);
            ControlFlow::Continue(())
        });
        let on_queries = watched.matrix(&queries, q, d).unwrap();
        let on_items = watched.matrix(&items, m, d).unwrap();
        top_k(&on_queries, &on_items, 5, NeighborMetric::Dot, &[]).unwrap();
        let name = &device.name;
        assert_eq!(last.load(Ordering::Relaxed), (q * m * d) as u64, "{name}");

        let stopping = device
            .compute
            .watched(|_: &'static str, _, _| ControlFlow::Break(()));
        let on_queries = on_queries.on(&stopping).unwrap();
        for metric in METRICS {
            let error = top_k(&on_queries, &on_items, 5, metric, &[]).unwrap_err();
            let what = "nearest neighbours";
            assert_eq!(error, ComputeError::Cancelled { what }, "{name}");
        }
    }
}

#[test]
fn no_queries_have_no_neighbours() {
    for device in devices() {
        let queries = device.compute.matrix(&[], 0, 2).unwrap();
        let items = device.compute.matrix(&[1.0, 2.0], 1, 2).unwrap();
        for metric in METRICS {
            let found = top_k(&queries, &items, 1, metric, &[]).unwrap();
            assert!(found.indices.is_empty() && found.scores.is_empty());
        }
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let compute = Compute::cpu();
    let x = compute.matrix(&uniform(1_200 * 2, 21), 1_200, 2).unwrap();
    let few = compute.matrix(&[1.0, 2.0, 3.0, 4.0], 2, 2).unwrap();
    let none = compute.matrix(&[], 0, 2).unwrap();
    let wide = compute.matrix(&[1.0, 2.0, 3.0], 1, 3).unwrap();
    let other = Compute::cpu().matrix(&[1.0, 2.0], 1, 2).unwrap();
    let metric = NeighborMetric::Dot;
    let refuse = |queries, items, k, pairs: &[(u32, u32)]| {
        top_k(queries, items, k, metric, pairs)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refuse(&x, &few, 3, &[]),
        "k is 3, but there are 2 items: ask for 1 to 2 neighbours"
    );
    assert_eq!(
        refuse(&x, &few, 0, &[]),
        "k is 0, but there are 2 items: ask for 1 to 2 neighbours"
    );
    assert_eq!(
        refuse(&x, &x, 1_001, &[]),
        "k is 1001, but there are 1200 items: ask for 1 to 1000 neighbours"
    );
    assert_eq!(
        refuse(&x, &none, 1, &[]),
        "k is 1, but there are no items: give some"
    );
    assert_eq!(
        refuse(&few, &wide, 1, &[]),
        "items has 3 columns, but 2 are needed"
    );
    assert_eq!(
        refuse(&few, &x, 1, &[(0, 5), (1, 1_200)]),
        "pair 1 (counted from 0) of exclude names row 1200 of items, which has 1200 rows"
    );
    assert_eq!(
        refuse(&few, &x, 1, &[(2, 5)]),
        "pair 0 (counted from 0) of exclude names row 2 of queries, which has 2 rows"
    );
    assert_eq!(
        top_k(&few, &other, 1, metric, &[]).unwrap_err(),
        ComputeError::DifferentDevices
    );
    assert_eq!(
        k_nearest_graph(&few, 2, metric).unwrap_err().to_string(),
        "k is 2, but there are 1 items: ask for 1 to 1 neighbours"
    );
    assert!(k_nearest_graph(&none, 1, metric).is_err());
    let error = compute.matrix(&[1.0, f32::NAN], 1, 2).unwrap_err();
    assert!(error.to_string().starts_with("row 0, column 1"), "{error}");
}

#[test]
fn metrics_are_named() {
    assert_eq!("cosine".parse(), Ok(NeighborMetric::Cosine));
    assert_eq!("sqeuclidean".parse(), Ok(NeighborMetric::SqEuclidean));
    assert_eq!("euclidean".parse(), Ok(NeighborMetric::Euclidean));
    assert_eq!("dot".parse(), Ok(NeighborMetric::Dot));
    let error = "l3".parse::<NeighborMetric>().unwrap_err().to_string();
    assert!(error.contains("'l3'") && error.contains("dot"), "{error}");
}
