//! Which events move money.

use crate::EventLog;

/// Words that name a purchase in an action's name.
const WORDS: [&str; 8] = [
    "purchase",
    "buy",
    "bought",
    "order",
    "transaction",
    "sale",
    "paid",
    "payment",
];
/// Words that take it back.
const NOT: [&str; 6] = ["cancel", "refund", "return", "remove", "abandon", "fail"];

/// What a log says of purchases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PurchaseKind {
    /// Some actions are purchases, others are not.
    Action,
    /// The log has one action, with amounts: every row is a purchase.
    EveryRow,
    /// The log does not say.
    Unknown,
}

/// The purchases of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchases {
    /// How they are told.
    pub kind: PurchaseKind,
    actions: Vec<bool>,
}

impl Purchases {
    /// Tells purchases by the names of actions; a log of one action with amounts is one of purchases.
    #[must_use]
    pub fn of(log: &EventLog) -> Self {
        let named: Vec<bool> = log
            .actions
            .names()
            .iter()
            .map(|name| is_purchase(name))
            .collect();
        let count = named.iter().filter(|&&yes| yes).count();
        if count > 0 && count < named.len() {
            return Self {
                kind: PurchaseKind::Action,
                actions: named,
            };
        }
        let every =
            named.len() == 1 && (count == 1 || log.events.iter().any(|e| e.value.is_some()));
        let kind = if every {
            PurchaseKind::EveryRow
        } else {
            PurchaseKind::Unknown
        };
        Self {
            kind,
            actions: vec![every; log.actions.len()],
        }
    }

    /// Whether this action is a purchase.
    #[must_use]
    pub fn is(&self, action: u32) -> bool {
        self.actions.get(action as usize).copied().unwrap_or(false)
    }
}

fn is_purchase(name: &str) -> bool {
    let name = name.to_lowercase();
    WORDS.iter().any(|word| name.contains(word)) && !NOT.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::is_purchase;

    #[test]
    fn tells_purchases_by_name() {
        for yes in ["purchase", "Buy", "order_completed", "transaction"] {
            assert!(is_purchase(yes), "{yes}");
        }
        for no in [
            "view",
            "addtocart",
            "cancel_order",
            "refund",
            "remove_from_cart",
            "order_failed",
        ] {
            assert!(!is_purchase(no), "{no}");
        }
    }
}
