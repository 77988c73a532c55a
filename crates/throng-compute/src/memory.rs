//! Memory: what an operation will take, what is held, and a cap on it.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::ComputeError;
use crate::host_values::HostValues;

/// What an operation takes, in bytes, known from shapes alone.
///
/// All of it is memory of one kind: the device's on a GPU, this process's heap on the CPU. Inputs are not in it, nor
/// is what a GPU's results take where they come back to this process. What is small whatever the shapes is left out:
/// on a GPU parameters, of some hundred bytes, and transfers of up to 64 KiB; on the CPU the blocks that each thread
/// works on, of some 8 KiB and 200 bytes a feature.
///
/// On a GPU larger transfers are in it, by pieces of at most 8 MiB. On the CPU, where problems of a batch share threads
/// as it comes, the plan is the most they may take together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryPlan {
    /// What stays when the operation is done: of [`pairwise`](crate::pairwise) the distances, wherever they are; of
    /// operations that return vectors these on the CPU, and nothing on a GPU.
    pub output: u64,
    /// The most that is held beside it at any time.
    pub scratch: u64,
    /// Parts in which the operation goes over its rows or problems, one after another: those of the output, or those
    /// whose scratch is held at once.
    pub parts: usize,
}

impl MemoryPlan {
    /// The most that is held at any time: what a [cap](crate::Compute::with_memory_cap) is for.
    pub fn peak(&self) -> u64 {
        self.output.saturating_add(self.scratch)
    }
}

/// Bytes that are held by way of a [`Compute`](crate::Compute): by its matrices, and by operations on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryUse {
    /// Now.
    pub held: u64,
    /// The most at any time.
    pub peak: u64,
    /// The most that may be held; none without a cap.
    pub cap: Option<u64>,
}

/// Sizes of all that an operation holds: what its plan is made of, and what is allocated by.
pub(crate) trait Sizes {
    /// Their sum.
    fn plan(&self) -> MemoryPlan;
}

impl Sizes for MemoryPlan {
    fn plan(&self) -> MemoryPlan {
        *self
    }
}

/// Bytes held, and the most that may be. Cloning it gives the same one.
#[derive(Debug, Clone)]
pub(crate) struct Ledger(Arc<Account>);

#[derive(Debug)]
struct Account {
    cap: u64,
    held: AtomicU64,
    peak: AtomicU64,
}

impl Ledger {
    /// Nothing held; `u64::MAX` is no cap.
    pub fn new(cap: u64) -> Self {
        Self(Arc::new(Account {
            cap,
            held: AtomicU64::new(0),
            peak: AtomicU64::new(0),
        }))
    }

    /// The most that may be held.
    pub fn cap(&self) -> u64 {
        self.0.cap
    }

    /// How much is held.
    pub fn usage(&self) -> MemoryUse {
        MemoryUse {
            held: self.0.held.load(Ordering::Relaxed),
            peak: self.0.peak.load(Ordering::Relaxed),
            cap: (self.0.cap != u64::MAX).then_some(self.0.cap),
        }
    }

    /// What the cap leaves.
    fn left(&self) -> u64 {
        self.0.cap.saturating_sub(self.usage().held)
    }

    /// Notes that `bytes` more are held, until the charge is dropped.
    ///
    /// # Errors
    /// [`ComputeError::MemoryCap`].
    pub fn charge(&self, what: &'static str, bytes: u64) -> Result<Charge, ComputeError> {
        let more = |held: u64| held.checked_add(bytes).filter(|&sum| sum <= self.0.cap);
        let before = self
            .0
            .held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .map_err(|_| self.refused(what, bytes))?;
        self.0.peak.fetch_max(before + bytes, Ordering::Relaxed);
        Ok(Charge {
            ledger: self.clone(),
            bytes,
        })
    }

    /// Refuses what the cap leaves no room for.
    ///
    /// # Errors
    /// [`ComputeError::MemoryCap`].
    pub fn check(&self, what: &'static str, plan: MemoryPlan) -> Result<MemoryPlan, ComputeError> {
        self.fit(what, 0, |_| plan)
    }

    /// The largest sizes that the cap leaves room for: those for `most` bytes of what can be cut, or ever smaller ones.
    ///
    /// # Errors
    /// [`ComputeError::MemoryCap`] where the smallest are too large.
    pub fn fit<S: Sizes>(
        &self,
        what: &'static str,
        most: u64,
        sizes: impl Fn(u64) -> S,
    ) -> Result<S, ComputeError> {
        let left = self.left();
        let mut most = most;
        loop {
            let sizes = sizes(most);
            let peak = sizes.plan().peak();
            if peak <= left {
                return Ok(sizes);
            }
            if most == 0 {
                return Err(self.refused(what, peak));
            }
            most = most / 8 * 7;
        }
    }

    fn refused(&self, what: &'static str, needed: u64) -> ComputeError {
        ComputeError::MemoryCap {
            what,
            needed,
            left: self.left(),
            cap: self.0.cap,
        }
    }
}

/// Bytes that are held.
#[derive(Debug)]
pub(crate) struct Charge {
    ledger: Ledger,
    bytes: u64,
}

impl Charge {
    /// Keeps `bytes` of them only.
    pub fn keep(mut self, bytes: u64) -> Self {
        let kept = bytes.min(self.bytes);
        self.give_back(self.bytes - kept);
        self.bytes = kept;
        self
    }

    fn give_back(&self, bytes: u64) {
        self.ledger.0.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.give_back(self.bytes);
    }
}

/// Values in this process's memory, counted until they are dropped.
#[derive(Debug)]
pub(crate) struct Counted {
    values: HostValues,
    _charge: Charge,
}

impl Counted {
    /// Counts `values` by a charge that was for them and for what it took to make them.
    pub fn new(values: HostValues, charge: Charge) -> Self {
        let _charge = charge.keep(words(values.len()));
        Self { values, _charge }
    }

    /// The values, no more counted.
    pub fn into_values(self) -> HostValues {
        self.values
    }
}

impl Deref for Counted {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values
    }
}

/// Bytes of so many values of 32 bits.
pub(crate) fn words(count: usize) -> u64 {
    (count as u64).saturating_mul(4)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    struct Half(u64);

    impl Sizes for Half {
        fn plan(&self) -> MemoryPlan {
            MemoryPlan {
                output: 10,
                scratch: self.0.max(30),
                parts: 1,
            }
        }
    }

    #[test]
    fn what_is_dropped_is_given_back_and_the_peak_stays() {
        let ledger = Ledger::new(100);
        let a = ledger.charge("a", 60).unwrap();
        let error = ledger.charge("b", 41).unwrap_err();
        let refused = ComputeError::MemoryCap {
            what: "b",
            needed: 41,
            left: 40,
            cap: 100,
        };
        assert_eq!(error, refused);
        assert!(ledger.charge("b", u64::MAX).is_err());
        let a = a.keep(20);
        let b = ledger.charge("b", 30).unwrap();
        assert_eq!(ledger.usage().held, 50);
        drop((a, b));
        let usage = MemoryUse {
            held: 0,
            peak: 60,
            cap: Some(100),
        };
        assert_eq!(ledger.usage(), usage);
    }

    #[test]
    fn sizes_shrink_until_they_fit() {
        let ledger = Ledger::new(100);
        assert_eq!(ledger.fit("x", 90, Half).unwrap().0, 90);
        let fitting = ledger.fit("x", 1_000, Half).unwrap().0;
        assert!((70..=90).contains(&fitting), "{fitting}");
        let _held = ledger.charge("a", 61).unwrap();
        let error = ledger.fit("x", 1_000, Half).map(|_| ()).unwrap_err();
        let refused = ComputeError::MemoryCap {
            what: "x",
            needed: 40,
            left: 39,
            cap: 100,
        };
        assert_eq!(error, refused);
        assert_eq!(Ledger::new(u64::MAX).fit("x", 7, Half).unwrap().0, 7);
        assert_eq!(Ledger::new(u64::MAX).usage().cap, None);
    }
}
