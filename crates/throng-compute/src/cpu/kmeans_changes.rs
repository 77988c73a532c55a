//! The rows whose labels an assignment changed, for sums that follow them.

use crate::plan;

/// A row whose label changed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Change {
    /// The row.
    pub row: u32,
    /// Its label before.
    pub before: u32,
}

/// A row that leaves a cluster or enters it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Move {
    pub row: u32,
    pub enters: bool,
}

/// The rows whose labels changed, up to a quarter of each block; above that sums are better taken anew.
#[derive(Debug, Default)]
pub struct Changes {
    /// A block's most, block by block.
    slots: Vec<Change>,
    most: usize,
    /// How many there are, by block; none where nothing was noted.
    counts: Vec<usize>,
    moves: Vec<Move>,
    ends: Vec<u32>,
}

impl Changes {
    /// Values of 32 bits that are held.
    pub fn count(rows: usize, features: usize) -> usize {
        let (blocks, most) = Self::sizes(rows, features);
        blocks.saturating_mul(6 * most)
    }

    /// Whether none are noted.
    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|&count| count == 0)
    }

    /// Forgets them, and makes room for those of so many rows.
    pub fn clear(&mut self, rows: usize, features: usize) {
        let (blocks, most) = Self::sizes(rows, features);
        self.most = most;
        self.slots.resize(blocks * most, Change::default());
        self.moves.resize(2 * self.slots.len(), Move::default());
        self.counts.clear();
    }

    /// Blocks, and the most changes of each.
    fn sizes(rows: usize, features: usize) -> (usize, usize) {
        let block = plan::cpu_assign_rows(features);
        (rows.div_ceil(block), block.min(rows).div_ceil(4))
    }

    /// Where each block's first changes go.
    pub fn slots(&mut self) -> Vec<&mut [Change]> {
        self.slots.chunks_mut(self.most.max(1)).collect()
    }

    /// Takes what was written to the slots, of so many changes by block. Whether that is all.
    pub fn note(&mut self, counts: impl Iterator<Item = usize>) -> bool {
        self.counts.clear();
        self.counts.extend(counts);
        let is_all = self.counts.iter().all(|&count| count <= self.most);
        if !is_all {
            self.counts.clear();
        }
        is_all
    }

    /// Moves sorted by cluster, those of a cluster in order of their rows, and where each cluster's end.
    pub fn by_cluster(&mut self, labels: &[u32], k: usize) -> (&[Move], &[u32]) {
        let Self {
            slots,
            most,
            counts,
            moves,
            ends,
        } = self;
        // Plain loops: both passes are on one thread, and an iterator of iterators made an iteration of a million rows 7%
        // longer.
        let blocks = slots.chunks((*most).max(1)).zip(counts.iter());
        ends.clear();
        ends.resize(k, 0);
        for (slots, &count) in blocks.clone() {
            for change in &slots[..count] {
                ends[change.before as usize] += 1;
                ends[labels[change.row as usize] as usize] += 1;
            }
        }
        let mut sum = 0;
        for end in ends.iter_mut() {
            // Where the cluster begins, until its moves are placed.
            sum += std::mem::replace(end, sum);
        }
        let mut place = |cluster: u32, step: Move| {
            let place = &mut ends[cluster as usize];
            moves[*place as usize] = step;
            *place += 1;
        };
        for (slots, &count) in blocks {
            for &Change { row, before } in &slots[..count] {
                let after = labels[row as usize];
                let [leaves, enters] = [false, true].map(|enters| Move { row, enters });
                place(before, leaves);
                place(after, enters);
            }
        }
        (moves, ends)
    }
}
