//! A copy, to be timed; twin of `wgsl/ceiling/copy.wgsl`.

use std::time::Instant;

use rayon::prelude::*;

/// More than a large processor's caches hold.
const BYTES: usize = 256 << 20;

/// What is copied, and where to.
pub struct Copy {
    from: Vec<u32>,
    to: Vec<u32>,
}

impl Copy {
    /// Makes room, and fills what is copied.
    pub fn new() -> Self {
        let values = (BYTES / 4) as u32;
        Self {
            from: (0..values).into_par_iter().collect(),
            to: vec![0; BYTES / 4],
        }
    }

    /// Bytes of `copies`, read and written.
    pub fn bytes(copies: usize) -> f64 {
        (2 * BYTES) as f64 * copies as f64
    }

    /// Seconds of `copies`, one after another, each on all threads.
    pub fn seconds(&mut self, copies: usize) -> f64 {
        let part = self.from.len().div_ceil(rayon::current_num_threads());
        let start = Instant::now();
        for _ in 0..copies {
            self.to
                .par_chunks_mut(part)
                .zip(self.from.par_chunks(part))
                .for_each(|(to, from)| to.copy_from_slice(from));
        }
        start.elapsed().as_secs_f64()
    }

    /// The first place that was not copied.
    pub fn first_wrong(&self) -> Option<usize> {
        first_wrong(&self.to)
    }
}

fn first_wrong(copied: &[u32]) -> Option<usize> {
    (0..copied.len()).find(|&at| copied[at] != at as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_left_out_is_noticed() {
        assert_eq!(first_wrong(&[0, 1, 2]), None);
        assert_eq!(first_wrong(&[0, 1, 0]), Some(2));
    }
}
