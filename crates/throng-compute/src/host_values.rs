//! Values in this process's memory, on huge pages where they are many.

use std::ops::{Deref, DerefMut};

/// Many values, row by row.
///
/// Fresh memory is handed out page by page as it is written. In pages of 4 KiB that took a third of the time of
/// pairwise distances; Linux gives pages of 2 MiB to who asks for them.
#[derive(Debug)]
pub(crate) struct HostValues(Store);

#[derive(Debug)]
enum Store {
    Heap(Vec<f32>),
    #[cfg(target_os = "linux")]
    Mapped(memmap2::MmapMut),
}

/// From so many bytes on values are mapped: from there on glibc takes fresh memory for each allocation.
#[cfg(target_os = "linux")]
const MAPPED_BYTES: usize = 32 << 20;

impl HostValues {
    /// So many zeros.
    pub fn zeros(count: usize) -> Self {
        #[cfg(target_os = "linux")]
        if let Some(map) = map(count.saturating_mul(4)) {
            return Self(Store::Mapped(map));
        }
        Self(Store::Heap(vec![0.0; count]))
    }

    /// A copy of `values`.
    pub fn copy(values: &[f32]) -> Self {
        let mut copy = Self::zeros(values.len());
        copy.copy_from_slice(values);
        copy
    }

    /// The values as a vector: without a copy where they are few.
    pub fn into_vec(self) -> Vec<f32> {
        match self.0 {
            Store::Heap(values) => values,
            #[cfg(target_os = "linux")]
            Store::Mapped(_) => self.to_vec(),
        }
    }
}

/// Zeroed bytes on huge pages, if they are many and can be had.
#[cfg(target_os = "linux")]
fn map(bytes: usize) -> Option<memmap2::MmapMut> {
    if bytes < MAPPED_BYTES {
        return None;
    }
    let map = memmap2::MmapMut::map_anon(bytes).ok()?;
    // A kernel without huge pages gives small ones.
    let _ = map.advise(memmap2::Advice::HugePage);
    Some(map)
}

impl From<Vec<f32>> for HostValues {
    fn from(values: Vec<f32>) -> Self {
        Self(Store::Heap(values))
    }
}

impl Deref for HostValues {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &self.0 {
            Store::Heap(values) => values,
            #[cfg(target_os = "linux")]
            Store::Mapped(map) => bytemuck::cast_slice(map),
        }
    }
}

impl DerefMut for HostValues {
    fn deref_mut(&mut self) -> &mut [f32] {
        match &mut self.0 {
            Store::Heap(values) => values,
            #[cfg(target_os = "linux")]
            Store::Mapped(map) => bytemuck::cast_slice_mut(map),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_values_are_alike() {
        for count in [0, 1, (8 << 20) - 1, 8 << 20, (8 << 20) + 1] {
            let mut values = HostValues::zeros(count);
            assert_eq!(values.len(), count);
            assert!(values.iter().all(|&value| value == 0.0));
            if let Some(last) = values.last_mut() {
                *last = 3.0;
            }
            let copy = HostValues::copy(&values);
            assert_eq!(*copy, *values);
            let vector = values.into_vec();
            assert_eq!(*copy, vector);
            assert!(vector.last().is_none_or(|&last| last == 3.0));
        }
    }
}
