//! Rows of bits, and their distances.

use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use throng_shaders::Metric;

use crate::device::{Compute, Engine};
use crate::error::ComputeError;
use crate::gpu::Rows;
use crate::gpu::pairwise_distances::{BitRows, Comparison, Side};
use crate::host_values::HostValues;
use crate::matrix::{Matrix, Values};
use crate::memory::{self, Charge, MemoryPlan};
use crate::pairwise::{WHAT, check_alike, check_rows, meter};
use crate::pairwise_batch::{PairwiseBatch, Problem, problems};
use crate::{cpu, gpu};

/// Bits of a word on the device.
const WORD: usize = 32;

/// How two rows of bits are compared. Both are scipy's of boolean rows, in [0, 1]: counts are exact up to
/// 2^24 bits a row, and the division is off by at most 2.5 units in the last place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BitMetric {
    /// The share of bits that differ, |a xor b| / d
    Hamming,
    /// Bits that differ as a share of those set in either row, |a xor b| / |a or b|; 0 where none is set
    Jaccard,
}

impl FromStr for BitMetric {
    type Err = ComputeError;

    fn from_str(value: &str) -> Result<Self, ComputeError> {
        match value {
            "hamming" => Ok(BitMetric::Hamming),
            "jaccard" => Ok(BitMetric::Jaccard),
            _ => Err(ComputeError::UnknownName {
                argument: "metric",
                value: value.to_owned(),
                choices: "hamming, jaccard",
            }),
        }
    }
}

impl From<BitMetric> for Metric {
    fn from(metric: BitMetric) -> Self {
        match metric {
            BitMetric::Hamming => Metric::Hamming,
            BitMetric::Jaccard => Metric::Jaccard,
        }
    }
}

/// A matrix [n, d] of bits, resident on its [`Compute`], 32 to a word. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct BitMatrix {
    compute: Compute,
    rows: usize,
    bits: usize,
    values: Arc<Bits>,
}

#[derive(Debug)]
enum Bits {
    /// With the charge for its memory.
    Host(cpu::bits::BitRows, #[expect(dead_code)] Charge),
    Device(BitRows),
}

impl Compute {
    /// The matrix [`rows`, `bits`] of `values`, row by row, copied to the device.
    ///
    /// # Errors
    /// [`ComputeError::Shape`] where there are not `rows * bits` values, [`ComputeError::NoColumns`], and
    /// the device's where it has not the memory.
    pub fn bits(
        &self,
        values: &[bool],
        rows: usize,
        bits: usize,
    ) -> Result<BitMatrix, ComputeError> {
        check_count(values.len(), "values", rows, bits)?;
        let words = values.chunks_exact(bits).flat_map(|row| {
            row.chunks(WORD).map(|bits| {
                let set =
                    |word, (at, &bit): (usize, &bool)| word | u32::from(bit) << (WORD - 1 - at);
                bits.iter().enumerate().fold(0, set)
            })
        });
        self.bit_matrix(words.collect(), rows, bits)
    }

    /// The matrix [`rows`, `bits`] of `bytes`, row by row, in the layout of `numpy.packbits(x, axis=1)`: a
    /// row begins at a whole byte, its first bit is the highest of its first byte, and zeros fill up its
    /// last byte. The bytes do not tell how many bits a row has, so the caller does.
    ///
    /// # Errors
    /// [`ComputeError::Shape`] where there are not `rows * bits.div_ceil(8)` bytes,
    /// [`ComputeError::Padding`] where a row has a bit set beyond its last, [`ComputeError::NoColumns`], and
    /// the device's where it has not the memory.
    pub fn packed_bits(
        &self,
        bytes: &[u8],
        rows: usize,
        bits: usize,
    ) -> Result<BitMatrix, ComputeError> {
        let row_bytes = bits.div_ceil(8);
        check_count(bytes.len(), "bytes", rows, row_bytes)?;
        let beyond = match bits % 8 {
            0 => 0,
            used => 0xff_u8 >> used,
        };
        let mut packed = bytes.chunks_exact(row_bytes);
        if let Some(row) = packed.position(|row| row[row_bytes - 1] & beyond != 0) {
            return Err(ComputeError::Padding { row, bits });
        }
        let words = bytes.chunks_exact(row_bytes).flat_map(|row| {
            row.chunks(WORD / 8).map(|bytes| {
                let mut word = [0; WORD / 8];
                word[..bytes.len()].copy_from_slice(bytes);
                u32::from_be_bytes(word)
            })
        });
        self.bit_matrix(words.collect(), rows, bits)
    }

    fn bit_matrix(
        &self,
        words: Vec<u32>,
        rows: usize,
        bits: usize,
    ) -> Result<BitMatrix, ComputeError> {
        let words_per_row = bits.div_ceil(WORD);
        let ones = |row: &[u32]| row.iter().map(|word| word.count_ones()).sum();
        let counts: Vec<u32> = words.chunks_exact(words_per_row).map(ones).collect();
        let values = match self.engine() {
            Engine::Cpu(_) => {
                let bytes = memory::words(words.len() + counts.len());
                let charge = self.ledger().charge("a matrix of bits", bytes)?;
                Bits::Host(cpu::bits::BitRows { words, counts }, charge)
            }
            Engine::Gpu(context) => {
                Bits::Device(BitRows::upload(context, &words, words_per_row, &counts)?)
            }
        };
        Ok(BitMatrix {
            compute: self.clone(),
            rows,
            bits,
            values: Arc::new(values),
        })
    }
}

fn check_count(
    found: usize,
    unit: &'static str,
    rows: usize,
    per_row: usize,
) -> Result<(), ComputeError> {
    if per_row == 0 {
        return Err(ComputeError::NoColumns);
    }
    let expected = rows.saturating_mul(per_row);
    if found == expected {
        return Ok(());
    }
    Err(ComputeError::Shape {
        argument: "values",
        unit,
        expected,
        found,
    })
}

impl BitMatrix {
    /// Rows, n.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bits of a row, d.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// The device it is on.
    pub fn compute(&self) -> &Compute {
        &self.compute
    }

    /// The same matrix for `compute`, which is [another handle](Compute::watched) of its device.
    ///
    /// # Errors
    /// [`ComputeError::DifferentDevices`].
    pub fn on(&self, compute: &Compute) -> Result<BitMatrix, ComputeError> {
        if !self.compute.is_same(compute) {
            return Err(ComputeError::DifferentDevices);
        }
        Ok(Self {
            compute: compute.clone(),
            ..self.clone()
        })
    }
}

impl Compute {
    /// What [`pairwise_bits`] takes for n and m rows: the distances alone.
    ///
    /// # Errors
    /// [`ComputeError::MemoryCap`], and the device's where it binds less.
    pub fn plan_pairwise_bits(&self, n: usize, m: usize) -> Result<MemoryPlan, ComputeError> {
        let parts = match self.engine() {
            Engine::Cpu(_) => 1,
            Engine::Gpu(context) => Rows::part_lengths(context, n, m)?.count(),
        };
        let plan = self.plan_pairwise_bits_batch(&[(n, m)])?;
        Ok(MemoryPlan { parts, ..plan })
    }

    /// What [`pairwise_bits_batch`] takes for problems of these `shapes` (n, m): the distances, on a GPU a table of the
    /// problems too.
    ///
    /// # Errors
    /// [`ComputeError::MemoryCap`].
    pub fn plan_pairwise_bits_batch(
        &self,
        shapes: &[(usize, usize)],
    ) -> Result<MemoryPlan, ComputeError> {
        let shapes = shapes.iter().copied();
        let plan = match self.engine() {
            Engine::Cpu(_) => cpu::bits::plan(shapes),
            Engine::Gpu(context) => {
                gpu::pairwise_distances::plan(context, (0, 0), shapes, Metric::Hamming)
            }
        };
        self.ledger().check(WHAT, plan)
    }
}

/// The distances [n, m] of the rows of `a` [n, d] from the rows of `b` [m, d], on their device.
///
/// ```
/// use throng_compute::{BitMetric, Compute, pairwise_bits};
///
/// # fn main() -> Result<(), throng_compute::ComputeError> {
/// let compute = Compute::auto();
/// let a = compute.bits(&[true, true, false], 1, 3)?;
/// // 100 and 000, as numpy.packbits writes them.
/// let b = compute.packed_bits(&[0b1000_0000, 0], 2, 3)?;
/// let distances = pairwise_bits(&a, &b, BitMetric::Jaccard)?.to_vec()?;
/// assert_eq!(distances, [0.5, 1.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`ComputeError::Shape`] where the bits differ or `b` has no rows, [`ComputeError::DifferentDevices`],
/// [`ComputeError::Cancelled`], and the device's.
pub fn pairwise_bits(
    a: &BitMatrix,
    b: &BitMatrix,
    metric: BitMetric,
) -> Result<Matrix, ComputeError> {
    check_alike(&a.compute, a.bits, &b.compute, b.bits)?;
    check_rows(b.rows)?;
    let bits = a.bits;
    let compute = &a.compute;
    let plan = compute.plan_pairwise_bits(a.rows, b.rows)?;
    let shapes = [(a.rows, b.rows)].into_iter();
    let meter = meter(compute, shapes, bits.div_ceil(WORD));
    let values = match (compute.engine(), &*a.values, &*b.values) {
        (Engine::Cpu(threads), Bits::Host(a, _), Bits::Host(b, _)) => {
            Values::host(compute.ledger().charge(WHAT, plan.peak())?, || {
                threads.run(|| {
                    let mut out = HostValues::zeros(a.counts.len() * b.counts.len());
                    cpu::bits::fill(&mut out, a.all(), b.all(), bits, metric, &meter);
                    out
                })
            })
        }
        (Engine::Gpu(context), Bits::Device(a), Bits::Device(b)) => {
            let (a, b) = (Side::bits(a), Side::bits(b));
            let metric = metric.into();
            let comparison = Comparison { metric, bits };
            let context = context.metered(meter.clone());
            let out = gpu::pairwise_distances::distances(&context, &a, &b, comparison)?;
            Values::Device(Arc::new(out))
        }
        _ => return Err(ComputeError::DifferentDevices),
    };
    meter.finish()?;
    Ok(Matrix::new(&a.compute, values, a.rows, b.rows))
}

/// [`pairwise_bits`] of many problems at once, as [`pairwise_batch`](crate::pairwise_batch) is of floats:
/// problem i compares the rows `a_rows[i]` of `a` with the rows `b_rows[i]` of `b`.
///
/// # Errors
/// [`ComputeError::Shape`] where the bits or the numbers of problems differ, [`ComputeError::Range`] where a
/// problem asks for rows that are not there, [`ComputeError::DifferentDevices`],
/// [`ComputeError::Cancelled`], and the device's.
pub fn pairwise_bits_batch(
    a: &BitMatrix,
    a_rows: &[Range<usize>],
    b: &BitMatrix,
    b_rows: &[Range<usize>],
    metric: BitMetric,
) -> Result<PairwiseBatch, ComputeError> {
    check_alike(&a.compute, a.bits, &b.compute, b.bits)?;
    let problems = problems(a_rows, a.rows, b_rows, b.rows)?;
    let bits = a.bits;
    let compute = &a.compute;
    let shapes: Vec<_> = problems.iter().map(Problem::shape).collect();
    let plan = compute.plan_pairwise_bits_batch(&shapes)?;
    let meter = meter(compute, shapes.into_iter(), bits.div_ceil(WORD));
    let values = match (compute.engine(), &*a.values, &*b.values) {
        (Engine::Cpu(threads), Bits::Host(a, _), Bits::Host(b, _)) => {
            let fill = |out: &mut [f32], problem: &Problem| {
                let (a, b) = (a.rows(&problem.a), b.rows(&problem.b));
                cpu::bits::fill(out, a, b, bits, metric, &meter);
            };
            Values::host(compute.ledger().charge(WHAT, plan.peak())?, || {
                threads.run(|| cpu::pairwise_distances::batch(&problems, fill))
            })
        }
        (Engine::Gpu(context), Bits::Device(a), Bits::Device(b)) => {
            let (a, b) = (Side::bits(a), Side::bits(b));
            let metric = metric.into();
            let comparison = Comparison { metric, bits };
            let context = context.metered(meter.clone());
            let out = gpu::pairwise_distances::batch(&context, &a, &b, &problems, comparison)?;
            Values::Device(Arc::new(out))
        }
        _ => return Err(ComputeError::DifferentDevices),
    };
    meter.finish()?;
    Ok(PairwiseBatch::new(&a.compute, &problems, values))
}
