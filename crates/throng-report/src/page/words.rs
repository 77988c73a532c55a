//! What the figures mean, in a few words.

use crate::Rate;
use crate::format::{capital, clean};

/// What a mean silhouette says of the structure, by Kaufman and Rousseeuw, Finding Groups in Data (1990), table 4 of chapter 2.
pub(super) fn structure(silhouette: f64) -> &'static str {
    match silhouette {
        s if s > 0.70 => "strong structure",
        s if s > 0.50 => "reasonable structure",
        s if s > 0.25 => "weak structure",
        s if s.is_nan() => "needs two groups or more",
        _ => "groups shade into each other",
    }
}

/// How far a group with this mean silhouette lies from the others.
pub(super) fn membership(silhouette: f64) -> &'static str {
    match silhouette {
        s if s > 0.50 => "well apart from the other groups",
        s if s > 0.25 => "apart from the other groups, with soft edges",
        s if s > 0.10 => "blends with its neighbours at the edges",
        _ => "hard to tell from its neighbours",
    }
}

/// Why rows were left out, from the reason's code; an unknown one reads as it is.
pub(super) fn reason(code: &str) -> String {
    match code {
        "unparsed" => "Could not be read: a broken number, time or line".to_owned(),
        "duplicate" => "Exact copy of an earlier row".to_owned(),
        "missing_user" => "No user, so it is nobody's behaviour".to_owned(),
        "missing_time" => "No time, so it has no place in a sequence".to_owned(),
        "cancellation" => "Cancellation, refund or return".to_owned(),
        "non_positive_quantity" => "Quantity of zero or less".to_owned(),
        "non_positive_price" => "Price of zero or less".to_owned(),
        "excluded_item" => "Item on the list to leave out".to_owned(),
        "cancelled_sale" => "Sale that was cancelled later".to_owned(),
        "collapsed_repeat" => "Repeat of the same event within a short time".to_owned(),
        "below_min_events" => "User with too few events to be grouped".to_owned(),
        other => capital(&clean(&other.replace('_', " "))),
    }
}

/// What an adjusted Rand index says of agreement, by Steinley, Psychological Methods 9 (2004).
pub(super) fn agreement(adjusted_rand: f64) -> &'static str {
    match adjusted_rand {
        a if a > 0.90 => "excellent agreement",
        a if a > 0.80 => "good agreement",
        a if a > 0.65 => "moderate agreement",
        a if a.is_nan() => "not computed",
        _ => "poor agreement",
    }
}

/// How to read a silhouette.
pub(super) const SILHOUETTE: &str = "The silhouette says how much nearer users are to their own group than to the next one: \
    1 is the heart of the group, 0 the border, below 0 the wrong side of it. Kaufman and Rousseeuw (1990) call an average above 0.70 strong, above \
    0.50 reasonable and above 0.25 weak; below that there is no substantial structure.";

/// How to read a stability.
pub(super) const STABILITY: &str = "Stability says how well the same groups come back when the search is repeated on resampled users, as an adjusted \
    Rand index: 1 is the same groups every time, 0 no more than chance. Steinley (2004) calls values above 0.90 excellent, above 0.80 good and above 0.65 moderate.";

/// How to read what decides on the number of groups.
pub(super) const FOUND_AND_APART: &str = "Found again says how much of the group that comes back worst overlaps with its likeness on resampled users, as a \
    Jaccard index; Hennig (2007) calls a group stable from 0.75 up. Density between is the density of users between the two groups that are least apart, \
    over the lower of their peaks: near 1 there is no gap between them.";

/// The name of a rate, before its colon.
pub(super) fn rate_name(rate: &Rate) -> &str {
    let name = rate.what.split(": ").next().unwrap_or_default().trim();
    if name.is_empty() { "conversion" } else { name }
}

/// What a rate counts, after its colon.
pub(super) fn rate_meaning(rate: &Rate) -> Option<&str> {
    let (_, meaning) = rate.what.split_once(": ")?;
    Some(meaning.trim()).filter(|meaning| !meaning.is_empty())
}

/// A group's rate against that of all users: only a difference that the interval shows is called one.
pub(super) fn against(rate: &Rate, overall: f64) -> &'static str {
    if rate.low > overall {
        "clearly above the average"
    } else if rate.high < overall {
        "clearly below the average"
    } else if rate.low.is_finite() && rate.high.is_finite() && overall.is_finite() {
        "no clear difference from the average"
    } else {
        "not known"
    }
}

/// The kind of a trait, as a reader would say it.
pub(super) fn kind(kind: &str) -> &str {
    match kind {
        "transition" => "step",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_keep_to_the_published_bounds() {
        let cases = [
            (0.71, "strong structure"),
            (0.70, "reasonable structure"),
            (0.50, "weak structure"),
            (0.25, "groups shade into each other"),
            (-1.0, "groups shade into each other"),
        ];
        for (silhouette, words) in cases {
            assert_eq!(structure(silhouette), words);
        }
        assert_eq!(agreement(0.91), "excellent agreement");
        assert_eq!(agreement(0.65), "poor agreement");
        assert_eq!(agreement(f64::NAN), "not computed");
    }

    #[test]
    fn reasons_are_in_words() {
        assert_eq!(
            reason("missing_user"),
            "No user, so it is nobody's behaviour"
        );
        assert_eq!(reason("odd_weather"), "Odd weather");
    }

    #[test]
    fn only_a_shown_difference_is_called_one() {
        let mut rate = Rate {
            what: "repeat rate: users with two orders".to_owned(),
            value: 0.5,
            low: 0.4,
            high: 0.6,
            count: 50,
            of: 100,
        };
        assert_eq!(against(&rate, 0.39), "clearly above the average");
        assert_eq!(against(&rate, 0.4), "no clear difference from the average");
        assert_eq!(against(&rate, 0.61), "clearly below the average");
        assert_eq!(against(&rate, f64::NAN), "not known");
        assert_eq!(
            (rate_name(&rate), rate_meaning(&rate)),
            ("repeat rate", Some("users with two orders"))
        );
        rate.what.clear();
        assert_eq!(
            (rate_name(&rate), rate_meaning(&rate)),
            ("conversion", None)
        );
    }
}
