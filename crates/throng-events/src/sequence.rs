//! Cutting a log into sequences.

use crate::{EventLog, Sequence, SequenceUnit};

/// The sequences of a log, user after user, each in the order of time. Every event is in exactly one.
///
/// In a log with a session column, a sequence is a run of events that follow each other with the same session; events
/// that have none are parted by `gap`. Sessions of one user that overlap in time come in several runs.
#[must_use]
pub fn sequences(log: &EventLog, unit: SequenceUnit) -> Vec<Sequence> {
    let mut out = Vec::new();
    for (user, bounds) in log.offsets.windows(2).enumerate() {
        let (start, end) = (bounds[0], bounds[1]);
        let mut from = start;
        if let SequenceUnit::Session { gap } = unit {
            for at in start + 1..end {
                let (before, event) = (&log.events[at - 1], &log.events[at]);
                let parted = if before.session.is_some() || event.session.is_some() {
                    before.session != event.session
                } else {
                    event.time.saturating_sub(before.time) > gap
                };
                if parted {
                    out.push(Sequence {
                        user,
                        events: from..at,
                    });
                    from = at;
                }
            }
        }
        if from < end {
            out.push(Sequence {
                user,
                events: from..end,
            });
        }
    }
    out
}
