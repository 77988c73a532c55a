//! Whether a device computes rightly: every kernel against plain f64 loops, at sizes that drivers stumble over.
//!
//! Sizes are beside tiles, prime, or past what one dimension of a dispatch holds; rows are also far from the
//! origin, where sums of squares and products lose all digits. All of it takes seconds.

mod checks;
mod kernels;
mod oracle;
mod rows;

use std::time::Instant;

use crate::device::Compute;
use crate::error::ComputeError;
use kernels::Kernels;

/// What one check found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What was checked, such as `pairwise distances`.
    pub kernel: &'static str,
    /// With which data.
    pub case: String,
    /// How it went.
    pub outcome: Outcome,
    /// How long it took, the oracle included.
    pub seconds: f64,
}

/// How a check went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Right, within rounding.
    Right,
    /// The device has not the limits for it and says so: safe, for nothing wrong is returned.
    Refused(String),
    /// Wrong, or the device failed.
    Wrong(String),
}

impl Finding {
    /// Whether the device may be used for this.
    pub fn is_safe(&self) -> bool {
        !matches!(self.outcome, Outcome::Wrong(_))
    }
}

impl Compute {
    /// Checks every kernel of this crate on this device.
    pub fn examine(&self) -> Vec<Finding> {
        examine(self)
    }
}

fn examine(kernels: &dyn Kernels) -> Vec<Finding> {
    checks::all()
        .into_iter()
        .map(|check| {
            let start = Instant::now();
            let outcome = match (check.run)(kernels) {
                Ok(None) => Outcome::Right,
                Ok(Some(wrong)) => Outcome::Wrong(wrong),
                Err(error @ (ComputeError::TooBig { .. } | ComputeError::TooLong { .. })) => {
                    Outcome::Refused(error.to_string())
                }
                Err(error) => Outcome::Wrong(error.to_string()),
            };
            Finding {
                kernel: check.kernel,
                case: check.case,
                outcome,
                seconds: start.elapsed().as_secs_f64(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::kernels::{Fault, Faulty};
    use super::*;

    #[test]
    fn the_cpu_is_right() {
        for finding in Compute::cpu().examine() {
            assert_eq!(finding.outcome, Outcome::Right, "{finding:?}");
        }
    }

    #[test]
    fn one_wrong_value_is_found_by_every_check_of_its_kernel() {
        for (fault, kernel) in [
            (Fault::Distance, "pairwise distances"),
            (Fault::Label, "nearest centroids"),
            (Fault::RowDistance, "nearest centroids"),
            (Fault::Inertia, "nearest centroids"),
            (Fault::Sum, "sums by cluster"),
            (Fault::Count, "sums by cluster"),
            (Fault::Seed, "k-means++"),
            (Fault::Fit, "k-means"),
            (Fault::Centroid, "k-means"),
            (Fault::Neighbor, "nearest items"),
            (Fault::Score, "nearest items"),
            (Fault::Silhouette, "silhouette"),
        ] {
            let findings = examine(&Faulty(Compute::cpu(), fault));
            for finding in findings {
                // Sums that do not go with the labels are wrong, too, whichever is at fault.
                let may_be_seen = fault == Fault::Label && finding.kernel == "sums by cluster";
                assert!(
                    finding.is_safe() != (finding.kernel == kernel) || may_be_seen,
                    "{fault:?}: {finding:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_refused_is_safe_and_what_fails_is_not() {
        let findings = examine(&Faulty(Compute::cpu(), Fault::TooBig));
        assert!(findings.iter().all(Finding::is_safe));
        assert!(matches!(findings[0].outcome, Outcome::Refused(_)));
        let findings = examine(&Faulty(Compute::cpu(), Fault::Lost));
        assert!(!findings.iter().any(Finding::is_safe));
    }
}
