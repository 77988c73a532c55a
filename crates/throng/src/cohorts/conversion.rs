//! Conversion, as far as the log knows of it.

use throng_events::{EventLog, PurchaseKind, Purchases};
use throng_report::Rate;

use super::log_odds::wilson;

/// Who converted, and what that means in this log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// What a conversion is here.
    pub what: &'static str,
    /// For each user, whether.
    pub converted: Vec<bool>,
}

impl Conversion {
    /// A purchase where the log tells purchases from the rest; a second basket where it has only purchases; a second
    /// visit where it has none.
    #[must_use]
    pub fn of(log: &EventLog, visit_gap: i64) -> Self {
        let purchases = Purchases::of(log);
        let (what, test): (_, Box<dyn Fn(usize) -> bool>) = match purchases.kind {
            PurchaseKind::Action => (
                "conversion: the share of users with a purchase",
                Box::new(|u| log.user(u).iter().any(|e| purchases.is(e.action))),
            ),
            PurchaseKind::EveryRow => (
                "repeat purchase rate: the share of users who bought on more than one occasion (this log has purchases only)",
                Box::new(|u| visits(log, u, visit_gap) > 1),
            ),
            PurchaseKind::Unknown => (
                "return rate: the share of users who came more than once (this log does not tell purchases)",
                Box::new(|u| visits(log, u, visit_gap) > 1),
            ),
        };
        Self {
            what,
            converted: (0..log.users.len()).map(test).collect(),
        }
    }

    /// The rate among these users, with Wilson's 95% interval.
    #[must_use]
    pub fn rate(&self, users: &[usize]) -> Rate {
        let count = users.iter().filter(|&&u| self.converted[u]).count() as u64;
        let of = users.len() as u64;
        let (low, high) = wilson(count, of);
        let value = if of == 0 {
            f64::NAN
        } else {
            count as f64 / of as f64
        };
        Rate {
            what: self.what.to_owned(),
            value,
            low,
            high,
            count,
            of,
        }
    }
}

/// How often a user came.
pub(super) fn visits(log: &EventLog, user: usize, visit_gap: i64) -> usize {
    throng_events::visits(log.user(user), visit_gap).count()
}
