//! What may still be among a query's k nearest.

/// Close ones beyond k that a pool holds before it gives up.
const MOST_CLOSE: usize = 1_024;

/// Scores that are offered at once, at most.
const MOST_OFFERED: usize = 32;

/// Entries at which a new pool is cut.
fn room(k: usize) -> usize {
    2 * k + 32
}

/// A query's items so far whose scores may be among the k lowest.
pub struct Pool<'a> {
    k: usize,
    /// Items it must not get, rising.
    excluded: &'a [u32],
    /// |x - c|, for scores that are compared again.
    norm: Option<f32>,
    /// How far two scores may be apart and their order yet be wrong.
    margin: f32,
    /// The k-th lowest score when the pool was last cut.
    kth: f32,
    threshold: f32,
    /// Scores and items in one number each, ordered as scores are, then as items are.
    entries: Vec<u64>,
    /// Entries at which the pool is cut.
    room: usize,
    is_crowded: bool,
}

impl<'a> Pool<'a> {
    /// An empty pool.
    pub fn new(k: usize, excluded: &'a [u32]) -> Self {
        let room = room(k);
        Self {
            k,
            excluded,
            norm: None,
            margin: 0.0,
            kth: f32::MAX,
            threshold: f32::MAX,
            entries: Vec::with_capacity(room + MOST_OFFERED),
            room,
            is_crowded: false,
        }
    }

    /// Bytes of a pool for `k` items; where many are close, it takes more.
    pub fn bytes(k: usize) -> usize {
        size_of::<Self>() + size_of::<u64>() * (room(k) + MOST_OFFERED)
    }

    /// From now on scores are |y|^2 / 2 - xy of this row.
    pub fn measure(&mut self, x: &[f32]) {
        let norm: f64 = x.iter().map(|&v| f64::from(v).powi(2)).sum();
        self.norm = Some(norm.sqrt() as f32);
    }

    /// Makes room for the rounding of scores of items up to |y - c|^2 = `longest`.
    ///
    /// With u = eps / 2 and R = |x - c| + the greatest |y - c|, a score and its half norm are off by at
    /// most (d + 2) u R^2, the centring by u R^2, half a sum of squared differences by (d + 2) u R^2 / 2
    /// (Higham 2002, 3.1) and what is made of it by 2 u R^2: for two items at most (1.5 d + 6) eps R^2
    /// together. The rest covers the rounding of the bound.
    pub fn widen(&mut self, features: usize, longest: f32) {
        let Some(norm) = self.norm else {
            return;
        };
        let reach = norm + longest.sqrt();
        let factor = 1.01 * (1.5 * features as f32 + 8.0) * f32::EPSILON;
        self.margin = factor * reach * reach + f32::MIN_POSITIVE;
        if !self.is_crowded {
            self.threshold = (self.kth + self.margin).min(f32::MAX);
        }
    }

    /// What is not below this is not wanted.
    #[inline(always)]
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Takes what is wanted of the scores of items from `first` on.
    #[inline(never)]
    pub fn offer(&mut self, scores: &[f32], first: u32) {
        for (item, &score) in (first..).zip(scores) {
            if score < self.threshold && self.excluded.binary_search(&item).is_err() {
                self.entries.push(entry(score, item));
            }
        }
        if self.entries.len() >= self.room {
            self.cut();
        }
    }

    /// Empties the pool: the items that are left, and their scores; none where too many were too close.
    pub fn take(&mut self) -> Option<Vec<(f32, u32)>> {
        self.cut();
        let entries = std::mem::take(&mut self.entries);
        (!self.is_crowded).then(|| entries.into_iter().map(parts).collect())
    }

    fn cut(&mut self) {
        if self.entries.len() <= self.k {
            return;
        }
        let (_, &mut kth, _) = self.entries.select_nth_unstable(self.k - 1);
        self.kth = parts(kth).0;
        self.threshold = self.kth + self.margin;
        if self.norm.is_none() {
            self.entries.truncate(self.k);
            return;
        }
        let threshold = self.threshold;
        self.entries.retain(|&entry| parts(entry).0 < threshold);
        self.room = self.room.max(2 * self.entries.len());
        if self.entries.len() > self.k + MOST_CLOSE {
            self.is_crowded = true;
            self.threshold = f32::NEG_INFINITY;
            self.entries = Vec::new();
        }
    }
}

/// The sign of a 32-bit float.
const SIGN: u32 = 1 << 31;

/// One number for both. Zeros of either sign are the same.
fn entry(score: f32, item: u32) -> u64 {
    let bits = (score + 0.0).to_bits();
    let key = if bits & SIGN == 0 { bits | SIGN } else { !bits };
    u64::from(key) << 32 | u64::from(item)
}

/// The two of an entry.
fn parts(entry: u64) -> (f32, u32) {
    let key = (entry >> 32) as u32;
    let bits = if key & SIGN == 0 { !key } else { key ^ SIGN };
    (f32::from_bits(bits), entry as u32)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn entries_are_ordered_as_their_parts() {
        let scores = [-1e30, -2.5, -0.0, 1e-40, 3.0, f32::MAX];
        for pair in scores.windows(2) {
            assert!(entry(pair[0], 9) < entry(pair[1], 0), "{pair:?}");
        }
        assert!(entry(-0.0, 1) < entry(0.0, 2));
        assert!(entry(0.0, 1) < entry(-0.0, 2));
        for score in scores {
            assert_eq!(parts(entry(score, 77)), (score, 77));
        }
    }

    #[test]
    fn an_exact_pool_keeps_the_k_lowest_and_the_first_of_equals() {
        let mut pool = Pool::new(3, &[4]);
        for first in (0..600).step_by(6) {
            // Item 4 would be the lowest of all.
            pool.offer(&[2.0, 1.0, 1.0, 7.0, -1.0, 0.5], first);
        }
        assert_eq!(pool.take().unwrap(), [(-1.0, 10), (-1.0, 16), (-1.0, 22)]);
    }

    #[test]
    fn a_measured_pool_keeps_what_is_close_until_it_is_crowded() {
        let mut pool = Pool::new(2, &[]);
        pool.measure(&[1e3, 0.0]);
        pool.widen(2, 1e6);
        // The margin is some 5.
        pool.offer(&[0.0, 1.0, 2.0, 100.0], 0);
        let mut items: Vec<u32> = pool.take().unwrap().iter().map(|found| found.1).collect();
        items.sort_unstable();
        assert_eq!(items, [0, 1, 2]);
        for first in (4..10_000).step_by(4) {
            pool.offer(&[1.0; 4], first);
        }
        assert_eq!(pool.take(), None);
        assert_eq!(pool.threshold(), f32::NEG_INFINITY);
    }
}
