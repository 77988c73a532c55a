//! Log-odds with a prior, and intervals of rates.
//!
//! The prior keeps what is rare from looking sure: Monroe, Colaresi and Quinn, "Fightin' Words" (Political Analysis
//! 16, 2008), equations 15 to 22, here for shares of users.

/// The weight of the prior: as if this many users of ordinary habits stood on each side.
const PRIOR: f64 = 10.0;

/// How one habit of a cluster compares with the rest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Log-odds in the cluster minus log-odds in the rest, both with the prior; above 0 is more than the rest.
    pub log_odds: f64,
    /// `log_odds` over its standard error.
    pub z: f64,
    /// The habit's share in the cluster, in [0, 1].
    pub share: f64,
}

/// Compares a habit that `with` of `of` cluster members have with the `rest_with` of `rest_of` others. Counts may be
/// fractions: a user who gives a third of the visits to a habit counts for a third.
#[must_use]
pub fn compare(with: f64, of: f64, rest_with: f64, rest_of: f64) -> Comparison {
    let p = (with + rest_with) / (of + rest_of).max(f64::MIN_POSITIVE);
    let (yes, no) = (PRIOR * p, PRIOR * (1.0 - p));
    // A habit of everybody or of nobody has no odds to compare.
    if yes <= 0.0 || no <= 0.0 {
        return Comparison {
            log_odds: 0.0,
            z: 0.0,
            share: with / of.max(f64::MIN_POSITIVE),
        };
    }
    let odds = |with: f64, of: f64| (with + yes, (of - with).max(0.0) + no);
    let ((a, b), (c, d)) = (odds(with, of), odds(rest_with, rest_of));
    let log_odds = (a / b).ln() - (c / d).ln();
    let error = (1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d).sqrt();
    Comparison {
        log_odds,
        z: log_odds / error,
        share: with / of.max(f64::MIN_POSITIVE),
    }
}

/// The 95% interval of Wilson (1927) for `count` of `of`; (0, 1) for nothing.
#[must_use]
pub fn wilson(count: u64, of: u64) -> (f64, f64) {
    if of == 0 {
        return (0.0, 1.0);
    }
    const Z: f64 = 1.959_963_984_540_054;
    let (n, p) = (of as f64, count as f64 / of as f64);
    let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_is_as_published() {
        // Newcombe, Statistics in Medicine 17 (1998), table I, method 3: 81/263, 15/148, 0/20, 1/29.
        for (count, of, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let (l, h) = wilson(count, of);
            assert!(
                (l - low).abs() < 5e-5 && (h - high).abs() < 5e-5,
                "{count}/{of}: {l} {h}"
            );
        }
    }

    #[test]
    fn the_prior_keeps_what_is_rare_unsure() {
        let rare = compare(2.0, 100.0, 0.0, 900.0);
        let common = compare(60.0, 100.0, 90.0, 900.0);
        // Two of a hundred against none of nine hundred is nothing to be sure of.
        assert!(rare.log_odds > 0.0 && rare.z < 1.0 && common.z > 5.0);
        let mirrored = compare(90.0, 900.0, 60.0, 100.0);
        assert!((common.log_odds + mirrored.log_odds).abs() < 1e-12);
        for equal in [
            compare(10.0, 100.0, 90.0, 900.0),
            compare(0.0, 10.0, 0.0, 90.0),
            compare(10.0, 10.0, 90.0, 90.0),
        ] {
            assert!(equal.log_odds.abs() < 0.7 && equal.z.abs() < 1.0);
        }
        assert!(compare(0.0, 0.0, 0.0, 0.0).log_odds.is_finite());
    }
}
