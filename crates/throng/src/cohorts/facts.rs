//! A few figures of a cluster beside everybody's.

use throng_events::{EventLog, Purchases};
use throng_report::Fact;

use super::conversion::visits;

const DAY: f64 = 86_400_000.0;

/// Medians of the members and of all users.
pub(super) fn facts(log: &EventLog, visit_gap: i64, members: &[usize]) -> Vec<Fact> {
    let everybody: Vec<usize> = (0..log.users.len()).collect();
    let purchases = Purchases::of(log);
    let end = log.span().map_or(0, |(_, last)| last);
    let mut facts = Vec::new();
    let mut add = |label: &str, digits: usize, of: &dyn Fn(usize) -> Option<f64>| {
        let median = |users: &[usize]| median(users.iter().filter_map(|&u| of(u)).collect());
        if let (Some(value), Some(overall)) = (median(members), median(&everybody)) {
            facts.push(Fact {
                label: label.to_owned(),
                value: format!("{value:.digits$}"),
                overall: format!("{overall:.digits$}"),
            });
        }
    };
    add("visits (median)", 0, &|u| {
        Some(visits(log, u, visit_gap) as f64)
    });
    add("events a visit (median)", 1, &|u| {
        Some(log.user(u).len() as f64 / visits(log, u, visit_gap).max(1) as f64)
    });
    add("different items (median)", 0, &|u| {
        let mut items: Vec<u32> = log.user(u).iter().filter_map(|e| e.item).collect();
        items.sort_unstable();
        items.dedup();
        Some(items.len() as f64)
    });
    add("money spent (median of buyers)", 2, &|u| {
        let bought: Vec<f64> = log
            .user(u)
            .iter()
            .filter(|e| purchases.is(e.action))
            .filter_map(|e| e.value)
            .collect();
        (!bought.is_empty()).then(|| bought.iter().sum())
    });
    add("days from first to last event (median)", 0, &|u| {
        let events = log.user(u);
        Some((events.last()?.time - events.first()?.time) as f64 / DAY)
    });
    add("days since the last event (median)", 0, &|u| {
        Some((end - log.user(u).last()?.time) as f64 / DAY)
    });
    facts
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[middle]),
        _ => Some((values[middle - 1] + values[middle]) / 2.0),
    }
}
