//! Visits: a user's events between pauses.

use std::ops::Range;

use crate::Event;
use crate::purchase::{PurchaseKind, Purchases};

/// Whether `event` begins a visit of its own after `before`: the pause is longer than `gap` milliseconds, or the log
/// says that another session has begun.
#[must_use]
pub fn new_visit(before: &Event, event: &Event, gap: i64) -> bool {
    let other_session =
        before.session.is_some() && event.session.is_some() && before.session != event.session;
    event.time - before.time > gap || (other_session && event.time != before.time)
}

/// The visits among one user's `events`, as ranges into them, in the order of time. Every event is in exactly one.
pub fn visits(events: &[Event], gap: i64) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = 0;
    std::iter::from_fn(move || {
        let first = events.get(start)?;
        let mut before = first;
        let more = events[start + 1..].iter().take_while(|event| {
            let same = !new_visit(before, event, gap);
            before = event;
            same
        });
        let range = start..start + 1 + more.count();
        start = range.end;
        Some(range)
    })
}

/// What a visit came to in money: the sum of its purchases, or of everything where purchases cannot be told; `None` if
/// there is nothing to sum.
#[must_use]
pub fn spent(visit: &[Event], purchases: &Purchases) -> Option<f64> {
    let counts = |e: &&Event| purchases.kind == PurchaseKind::Unknown || purchases.is(e.action);
    let mut values = visit
        .iter()
        .filter(counts)
        .filter_map(|e| e.value)
        .peekable();
    values.peek().is_some().then(|| values.sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(time: i64, session: Option<u32>) -> Event {
        Event {
            time,
            action: 0,
            item: None,
            text: None,
            category: None,
            session,
            quantity: None,
            value: None,
        }
    }

    #[test]
    fn pauses_and_sessions_part_visits() {
        let events = [
            (0, Some(1)),
            (5, Some(1)),
            (20, Some(1)),
            (21, Some(2)),
            (21, Some(3)),
            (25, None),
        ];
        let events = events.map(|(time, session)| event(time, session));
        assert_eq!(visits(&events, 10).collect::<Vec<_>>(), [0..2, 2..3, 3..6]);
        assert_eq!(visits(&events, 100).collect::<Vec<_>>(), [0..3, 3..6]);
        assert_eq!(visits(&[], 10).count(), 0);
        assert!(visits(&events[..1], 10).eq(std::iter::once(0..1)));
    }
}
