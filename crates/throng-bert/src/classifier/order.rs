//! Which rows each step takes.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Targets;

/// Batches whose rows are put in order by length together, as transformers' `group_by_length` does.
const TOGETHER: usize = 50;

/// How an epoch's batches are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub batch_size: usize,
    pub shuffle: bool,
    pub oversample: bool,
    pub seed: u64,
}

impl Order {
    /// The batches of an epoch, from 0: they depend on the seed and the epoch alone, so that training can go on where it was.
    pub fn batches(&self, epoch: usize, lengths: &[usize], targets: &Targets) -> Vec<Vec<usize>> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(epoch as u64);
        let mut rows: Vec<usize> = (0..lengths.len()).collect();
        if let (true, Targets::Classes(classes)) = (self.oversample, targets) {
            rows.extend(missing(classes, &mut random));
        }
        if !self.shuffle {
            return chunks(&rows, self.batch_size);
        }
        rows.shuffle(&mut random);
        for together in rows.chunks_mut(TOGETHER * self.batch_size) {
            together.sort_by_key(|&row| std::cmp::Reverse(lengths[row]));
        }
        let mut batches = chunks(&rows, self.batch_size);
        batches.shuffle(&mut random);
        batches
    }

    /// Batches of an epoch.
    pub fn count(&self, targets: &Targets) -> usize {
        let rows = match targets {
            Targets::Classes(classes) if self.oversample => {
                let counts = counts(classes);
                let most = counts.iter().max().copied().unwrap_or(0);
                most * counts.iter().filter(|&&count| count > 0).count()
            }
            targets => targets.len(),
        };
        rows.div_ceil(self.batch_size)
    }
}

fn chunks(rows: &[usize], size: usize) -> Vec<Vec<usize>> {
    rows.chunks(size).map(<[usize]>::to_vec).collect()
}

fn counts(classes: &[u32]) -> Vec<usize> {
    let labels = classes.iter().max().map_or(0, |&class| class as usize + 1);
    let mut counts = vec![0; labels];
    for &class in classes {
        counts[class as usize] += 1;
    }
    counts
}

/// Rows drawn again, so that every class that is there has as many as the largest.
fn missing(classes: &[u32], random: &mut ChaCha8Rng) -> Vec<usize> {
    let counts = counts(classes);
    let most = counts.iter().max().copied().unwrap_or(0);
    let mut missing = Vec::new();
    for (class, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let own: Vec<usize> = (0..classes.len())
            .filter(|&row| classes[row] as usize == class)
            .collect();
        missing.extend((count..most).map(|_| own[random.random_range(0..own.len())]));
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(shuffle: bool, oversample: bool) -> Order {
        Order {
            batch_size: 4,
            shuffle,
            oversample,
            seed: 3,
        }
    }

    #[test]
    fn every_row_is_taken_once_an_epoch() {
        let lengths: Vec<usize> = (0..403).map(|row| row % 17 + 1).collect();
        let targets = Targets::Classes(vec![0; 403]);
        let order = order(true, false);
        let mut orders = Vec::new();
        for epoch in [0, 1, 0] {
            let batches = order.batches(epoch, &lengths, &targets);
            assert_eq!(batches.len(), order.count(&targets));
            let mut rows = batches.concat();
            orders.push(rows.clone());
            rows.sort_unstable();
            assert_eq!(rows, (0..403).collect::<Vec<_>>());
            let padded: usize = batches
                .iter()
                .map(|batch| batch.len() * batch.iter().map(|&row| lengths[row]).max().unwrap_or(0))
                .sum();
            let real: usize = lengths.iter().sum();
            assert!(padded < real * 11 / 10, "{padded} for {real}");
        }
        assert!(orders[0] != orders[1] && orders[0] == orders[2]);
    }

    #[test]
    fn rows_stay_in_order_when_they_are_not_shuffled() {
        let batches = order(false, false).batches(5, &[1; 10], &Targets::Classes(vec![0; 10]));
        assert_eq!(batches.concat(), (0..10).collect::<Vec<_>>());
        assert_eq!(batches.last(), Some(&vec![8, 9]));
    }

    #[test]
    fn rare_classes_are_drawn_again() {
        let mut classes = vec![0; 30];
        classes.extend([2; 3]);
        classes.push(4);
        let targets = Targets::Classes(classes.clone());
        let order = order(true, true);
        let rows = order.batches(0, &[1; 34], &targets).concat();
        assert_eq!(rows.len(), 90);
        assert_eq!(rows.len().div_ceil(4), order.count(&targets));
        for class in [0, 2, 4] {
            let own = rows.iter().filter(|&&row| classes[row] == class);
            assert_eq!(own.count(), 30);
        }
        assert!((0..34).all(|row| rows.contains(&row)));
    }
}
