//! Users who stand for a cluster.

use throng_events::{EventLog, new_visit, pause_name};
use throng_report::Typical;

/// Users shown.
const USERS: usize = 3;
/// Steps shown of each, the last ones.
const STEPS: usize = 14;

/// The members nearest to their centroid (ties: the lowest), with what they did last.
pub(super) fn typical(
    log: &EventLog,
    visit_gap: i64,
    members: &[usize],
    distances: &[f32],
) -> Vec<Typical> {
    let mut nearest = members.to_vec();
    nearest.sort_by(|&a, &b| distances[a].total_cmp(&distances[b]).then(a.cmp(&b)));
    nearest
        .iter()
        .take(USERS)
        .map(|&u| Typical {
            user: log.users[u].clone(),
            steps: steps(log, u, visit_gap),
        })
        .collect()
}

fn steps(log: &EventLog, user: usize, visit_gap: i64) -> Vec<String> {
    let events = log.user(user);
    let shown = &events[events.len().saturating_sub(STEPS)..];
    let mut steps = Vec::new();
    for (i, event) in shown.iter().enumerate() {
        if i > 0 && new_visit(&shown[i - 1], event, visit_gap) {
            steps.push(format!(
                "… {} later",
                pause_name(event.time - shown[i - 1].time)
            ));
        }
        let what = event
            .item
            .map(|item| log.item_name(item))
            .or_else(|| event.text.map(|text| log.texts.name(text)));
        let action = (log.actions.len() > 1).then(|| log.actions.name(event.action));
        steps.push(match (action, what) {
            (Some(action), Some(what)) => format!("{action}: {what}"),
            (Some(action), None) => action.to_owned(),
            (None, Some(what)) => what.to_owned(),
            (None, None) => "an event".to_owned(),
        });
    }
    steps
}
