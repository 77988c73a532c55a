//! The widest vectors this processor has.

use pulp::{Simd, WithSimd};

/// Runs `op` with the widest vectors of this processor: AVX-512, AVX2 with FMA, NEON, else four lanes
/// in plain code.
#[inline]
pub fn dispatch<Op: WithSimd>(op: Op) -> Op::Output {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(simd) = pulp::x86::V4::try_new().filter(|_| is_allowed(16)) {
            return Simd::vectorize(simd, op);
        }
        if let Some(simd) = pulp::x86::V3::try_new().filter(|_| is_allowed(8)) {
            return Simd::vectorize(simd, op);
        }
    }
    #[cfg(target_arch = "aarch64")]
    if let Some(simd) = pulp::aarch64::Neon::try_new() {
        return Simd::vectorize(simd, op);
    }
    Simd::vectorize(pulp::Scalar128b, op)
}

/// Asks for a value's line in the second-level cache before it is needed. Changes no result.
#[inline(always)]
pub fn prefetch(value: &f32) {
    #[cfg(target_arch = "x86_64")]
    if let Some(sse) = pulp::core_arch::x86::Sse::try_new() {
        sse._mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T1 }>(std::ptr::from_ref(value).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}

/// Asks for a few values' lines in the first-level cache. Changes no result.
#[inline(always)]
pub fn prefetch_all(values: &[f32]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(sse) = pulp::core_arch::x86::Sse::try_new() {
        for line in values.chunks(16) {
            let line = std::ptr::from_ref(&line[0]).cast();
            sse._mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(line);
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}

/// 32-bit lanes of a vector in [`dispatch`].
pub fn lanes() -> usize {
    struct Lanes;
    impl WithSimd for Lanes {
        type Output = usize;
        fn with_simd<S: Simd>(self, _: S) -> usize {
            S::F32_LANES
        }
    }
    dispatch(Lanes)
}

/// Whether vectors of so many lanes may be taken: always, except where a test wants narrower ones.
#[cfg(all(target_arch = "x86_64", not(test)))]
#[inline(always)]
pub fn is_allowed(_lanes: usize) -> bool {
    true
}

#[cfg(all(target_arch = "x86_64", test))]
pub fn is_allowed(lanes: usize) -> bool {
    lanes <= tests::MOST_LANES.load(std::sync::atomic::Ordering::Relaxed)
}

#[cfg(test)]
pub mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{PoisonError, RwLock, RwLockReadGuard};

    use throng_shaders::Metric;

    use super::lanes;
    use crate::cpu::{kmeans_assign, kmeans_plus_plus, neighbors, pairwise_distances, silhouette};
    use crate::kmeans_plus_plus::KMeansSeeding;
    use crate::memory::Ledger;
    use crate::neighbors::Excluded;
    use crate::watch::Meter;

    pub static MOST_LANES: AtomicUsize = AtomicUsize::new(usize::MAX);

    /// Of the width, which is one for the process.
    static WIDTH: RwLock<()> = RwLock::new(());

    /// Keeps this machine's own width until it is dropped.
    pub fn own_width() -> RwLockReadGuard<'static, ()> {
        WIDTH.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn numbers(count: usize) -> Vec<f32> {
        (0..count)
            .map(|i| ((i * i * 31 + i * 17) % 1009) as f32 / 100.0)
            .collect()
    }

    fn differences(a: &[f32], b: &[f32]) -> impl Iterator<Item = f64> {
        a.iter().zip(b).map(|(x, y)| f64::from(x - y).abs())
    }

    fn squared(a: &[f32], b: &[f32]) -> f64 {
        differences(a, b).map(|difference| difference.powi(2)).sum()
    }

    /// One test, because the width is one for the process. This machine's own width is what the tests in
    /// `tests/` run with.
    #[test]
    fn every_width_of_vector_agrees_with_loops() {
        let _width = WIDTH.write().unwrap();
        let (n, d, k) = (70, 9, 37);
        let x = numbers(n * d);
        let centroids = numbers(k * d);
        let labels: Vec<u32> = (0..n as u32).map(|i| i % 5).collect();
        let mut widths = Vec::new();
        let mut others = Vec::new();
        for most in [16, 8, 4] {
            MOST_LANES.store(most, Ordering::Relaxed);
            widths.push(lanes());

            for (metric, by_hand) in [
                (Metric::SqEuclidean, squared as fn(&[f32], &[f32]) -> f64),
                (Metric::Manhattan, |a, b| differences(a, b).sum()),
                (Metric::Chebyshev, |a, b| {
                    differences(a, b).fold(0.0, f64::max)
                }),
            ] {
                let distances =
                    pairwise_distances::distances(&x, &centroids, d, metric, &Meter::default());
                for (i, row) in x.chunks(d).enumerate() {
                    for (j, centroid) in centroids.chunks(d).enumerate() {
                        let want = by_hand(row, centroid);
                        let off = (f64::from(distances[i * k + j]) - want).abs();
                        assert!(
                            off <= 1e-5 * want,
                            "{most} lanes, {metric:?}, pair {i}, {j}"
                        );
                    }
                }
            }

            let mut assigned = kmeans_assign::Assigned::new(n);
            let (want, watch) = (kmeans_assign::Want::Distances, Meter::default());
            let stats = kmeans_assign::assign(&x, d, &centroids, &mut assigned, want, &watch);
            assert_eq!((stats.changed, stats.kept), (n, 0));
            for (i, row) in x.chunks(d).enumerate() {
                let all: Vec<f64> = centroids.chunks(d).map(|c| squared(row, c)).collect();
                let least = all.iter().copied().fold(f64::MAX, f64::min);
                assert!(
                    all[assigned.labels[i] as usize] <= least * (1.0 + 1e-5),
                    "{most} lanes, row {i}"
                );
                assert!((f64::from(assigned.distances[i]) - least).abs() <= 1e-5 * least);
            }
            let (again, sums) = kmeans_assign::step(&x, d, &centroids, &mut assigned, want, &watch);
            assert_eq!((again.changed, again.inertia), (0, stats.inertia));
            assert!(again.kept > 0, "{most} lanes");
            assert_eq!(sums.counts.iter().sum::<u32>(), n as u32);

            let (near, metric) = (5, Metric::SqEuclidean);
            let none = Excluded::new(&[], n, k).unwrap();
            let free = Ledger::new(u64::MAX);
            let sizes = neighbors::SearchSizes::new(&free, (n, k, d), near, metric, 0).unwrap();
            let (_, scores) = neighbors::nearest(&x, &centroids, &sizes, &none, &watch);
            for (row, scores) in x.chunks(d).zip(scores.chunks(near)) {
                let mut all: Vec<f64> = centroids.chunks(d).map(|c| squared(row, c)).collect();
                all.sort_by(f64::total_cmp);
                for (score, want) in scores.iter().zip(&all) {
                    assert!((f64::from(*score) - want).abs() <= 1e-5 * want);
                }
            }

            let silhouettes =
                silhouette::silhouettes(&x, d, &labels, 5, Metric::Euclidean, &Meter::default());
            let seeding = KMeansSeeding {
                rows: 0..n,
                k: 20,
                seed: 3,
                weights: None,
            };
            let whole = kmeans_plus_plus::cut(d, &[seeding.shape()], u64::MAX);
            let centres = kmeans_plus_plus::seed_all(&x, d, &[seeding], &whole, &watch);
            others.push((silhouettes, centres));
        }
        MOST_LANES.store(usize::MAX, Ordering::Relaxed);
        assert!(widths.contains(&4), "{widths:?}");
        assert!(widths.is_sorted_by(|a, b| a >= b), "{widths:?}");
        for (silhouettes, centres) in &others[1..] {
            assert_eq!(*centres, others[0].1);
            for (a, b) in silhouettes.iter().zip(&others[0].0) {
                assert!((a - b).abs() < 1e-6);
            }
        }
    }
}
