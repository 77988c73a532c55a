//! The rule.

use super::candidate::Candidate;

/// A group counts as found again from this mean Jaccard index up.
pub const RECOVERY_NEEDED: f64 = 0.75;

/// Groups count as apart up to this density between them, over the lower peak.
pub const VALLEY_ALLOWED: f64 = 0.8;

/// Without clear groups, refits should agree by this adjusted Rand index for a division to be of use.
pub const AGREEMENT_NEEDED: f64 = 0.8;

/// What was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    /// Its place among the candidates.
    pub index: usize,
    /// True if it passed both tests.
    pub grouped: bool,
}

/// True if every group is found again.
pub(super) fn found_again(candidate: &Candidate) -> bool {
    candidate.recovery >= RECOVERY_NEEDED
}

/// True if every two groups are apart.
pub(super) fn apart(candidate: &Candidate) -> bool {
    candidate.valley <= VALLEY_ALLOWED
}

/// Chooses among candidates in ascending order of k; `None` if there are none.
pub(super) fn choose(candidates: &[Candidate]) -> Option<Choice> {
    let accepted = candidates.iter().rposition(|c| found_again(c) && apart(c));
    if let Some(index) = accepted {
        return Some(Choice {
            index,
            grouped: true,
        });
    }
    let agreed = candidates
        .iter()
        .rposition(|c| c.stability >= AGREEMENT_NEEDED);
    let most_stable = || {
        // The lowest k of equals.
        (0..candidates.len())
            .rev()
            .max_by(|&a, &b| candidates[a].stability.total_cmp(&candidates[b].stability))
    };
    agreed.or_else(most_stable).map(|index| Choice {
        index,
        grouped: false,
    })
}
