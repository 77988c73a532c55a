//! Labels that a log itself holds: who buys again, which session ends in a purchase. A label's history has nothing at
//! or after the moment that is looked from, and only outcomes that the log saw to their end are labelled.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::Range;

use thousands::Separable;

use crate::{EventLog, EventsError, PurchaseKind, Purchases, Sequence, SequenceUnit, sequences};

/// A history and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The user, in [`EventLog::users`].
    pub user: usize,
    /// What was known, in [`EventLog::events`]: at least one event, none at or after the cut. What a user did before a
    /// session is in `log.offsets[user]..history.start`.
    pub history: Range<usize>,
    /// The moment of looking, in milliseconds since 1970: for a user the cut-off; for a session its last event in
    /// `history`, since the pause up to the cut is one that only buyers have.
    pub now: i64,
    /// When the outcome was known for sure, in milliseconds since 1970. Until then a model cannot have learned from it.
    pub known: i64,
    /// Whether it came to a purchase.
    pub label: bool,
}

/// Why a user or session has no label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Users without an event before the cut-off.
    pub no_history: usize,
    /// Users and sessions whose outcome the log does not see to its end. They are no negatives.
    pub censored: usize,
    /// Sessions that have nothing before their first purchase.
    pub only_purchase: usize,
    /// Sessions of one user that go on after another has begun: what belongs to them is no run of events.
    pub interleaved: usize,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.no_history, "without history"),
            (self.censored, "not seen to the end"),
            (self.only_purchase, "only a purchase"),
            (self.interleaved, "interleaved"),
        ];
        let parts: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, why)| format!("{} {why}", count.separate_with_commas()))
            .collect();
        match parts.is_empty() {
            true => f.write_str("none left out"),
            false => write!(f, "left out: {}", parts.join(", ")),
        }
    }
}

/// The labels of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// In the order of users, and of time.
    pub examples: Vec<Example>,
    /// The others, by reason.
    pub left_out: LeftOut,
}

impl Outcomes {
    /// The share of examples that came to a purchase; NaN if there is none.
    #[must_use]
    pub fn positive(&self) -> f64 {
        let positive = self.examples.iter().filter(|e| e.label).count();
        positive as f64 / self.examples.len() as f64
    }

    /// The class of each example, 1 for a purchase, for [`crate::user_folds`].
    #[must_use]
    pub fn classes(&self) -> Vec<u32> {
        self.examples.iter().map(|e| u32::from(e.label)).collect()
    }

    /// The user id of each example, for [`crate::Split::by_user`] and [`crate::user_folds`].
    #[must_use]
    pub fn users<'a>(&self, log: &'a EventLog) -> Vec<&'a str> {
        let id = |e: &Example| log.users[e.user].as_str();
        self.examples.iter().map(id).collect()
    }
}

/// When a user's history ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CutOff {
    /// At one moment for all, in milliseconds since 1970.
    At(i64),
    /// At a moment of each user's own, in the order of [`EventLog::users`]; `None` leaves the user out, as one without
    /// history. A moment that is chosen by what comes after it gives the label away.
    Each(Vec<Option<i64>>),
}

/// "Buys again within so many days": the label of a user is whether there is a purchase at or after the cut-off and
/// before its end, the history all that came before the cut-off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuysWithin {
    /// When histories end.
    pub cut_off: CutOff,
    /// How long after the cut-off a purchase counts, in milliseconds, at least 1; `None`: until the log ends.
    pub horizon: Option<i64>,
    /// Until when the log saw everything, in milliseconds since 1970. `None`: until its last event. A window that ends
    /// later is not seen to its end, and its user is censored, whether there was a purchase so far or not: to keep
    /// the buyers only would make buying look more likely than it is.
    pub observed: Option<i64>,
}

impl BuysWithin {
    /// Labels the users of `log`.
    ///
    /// # Errors
    /// [`EventsError::NoPurchases`] if the log does not say what a purchase is; [`EventsError::Option`] if the horizon
    /// is not positive or there is not one cut-off a user.
    pub fn label(&self, log: &EventLog, purchases: &Purchases) -> Result<Outcomes, EventsError> {
        told(log, purchases)?;
        if let Some(horizon) = self.horizon.filter(|&h| h < 1) {
            return Err(EventsError::Option {
                option: "horizon",
                message: format!("must be at least 1 ms, not {horizon}"),
            });
        }
        if let CutOff::Each(each) = &self.cut_off
            && each.len() != log.users.len()
        {
            return Err(EventsError::Option {
                option: "cut-offs",
                message: format!(
                    "must be {} (one a user), not {}",
                    log.users.len(),
                    each.len()
                ),
            });
        }
        let mut out = Outcomes::default();
        let Some(observed) = self.observed.or(log.span().map(|(_, last)| last)) else {
            return Ok(out);
        };
        for user in 0..log.users.len() {
            let cut = match &self.cut_off {
                CutOff::At(time) => Some(*time),
                CutOff::Each(each) => each[user],
            };
            let events = log.user(user);
            let before = |time| events.partition_point(|e| e.time < time);
            let Some(now) = cut.filter(|&cut| before(cut) > 0) else {
                out.left_out.no_history += 1;
                continue;
            };
            // The end of a horizon does not count; the last moment of the log does.
            let (known, end) = match self.horizon {
                Some(horizon) => {
                    let end = now.saturating_add(horizon);
                    (end, before(end))
                }
                None => (observed, before(observed.saturating_add(1))),
            };
            if now > observed || known > observed {
                out.left_out.censored += 1;
                continue;
            }
            let start = log.offsets[user];
            out.examples.push(Example {
                user,
                history: start..start + before(now),
                now,
                known,
                label: events[before(now)..end]
                    .iter()
                    .any(|e| purchases.is(e.action)),
            });
        }
        Ok(out)
    }
}

/// "This session ends in a purchase": the label of a session is whether it has a purchase, the history its events of
/// a time before the first one. Of a session without a purchase the history is the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionBuys {
    /// The longest pause inside one session, in milliseconds, as in [`SequenceUnit::Session`]: where the log has a
    /// session column, that decides. A session is over when it has paused for longer; one that has not when the log
    /// ends is censored, bought or not.
    pub gap: i64,
    /// Until when the log saw everything, in milliseconds since 1970. `None`: until its last event.
    pub observed: Option<i64>,
}

impl SessionBuys {
    /// Labels the sessions of `log`.
    ///
    /// # Errors
    /// [`EventsError::NoPurchases`] if the log does not say what a purchase is; [`EventsError::Option`] if the gap is
    /// negative.
    pub fn label(&self, log: &EventLog, purchases: &Purchases) -> Result<Outcomes, EventsError> {
        told(log, purchases)?;
        if self.gap < 0 {
            return Err(EventsError::Option {
                option: "session gap",
                message: format!("must be at least 0 ms, not {}", self.gap),
            });
        }
        let mut out = Outcomes::default();
        let Some(observed) = self.observed.or(log.span().map(|(_, last)| last)) else {
            return Ok(out);
        };
        let runs = sequences(log, SequenceUnit::Session { gap: self.gap });
        let name = |run: &Sequence| {
            let session = log.events[run.events.start].session;
            session.map(|session| (run.user, session))
        };
        let mut pieces: HashMap<(usize, u32), usize> = HashMap::new();
        for session in runs.iter().filter_map(name) {
            *pieces.entry(session).or_default() += 1;
        }
        let mut counted = HashSet::new();
        for run in &runs {
            if let Some(session) = name(run).filter(|session| pieces[session] > 1) {
                out.left_out.interleaved += usize::from(counted.insert(session));
                continue;
            }
            let events = &log.events[run.events.clone()];
            let last = events[events.len() - 1].time;
            let known = last.saturating_add(self.gap).saturating_add(1);
            if known > observed {
                out.left_out.censored += 1;
                continue;
            }
            let bought = events.iter().find(|e| purchases.is(e.action));
            // By time, not by place: what is written at the moment of the purchase may come of it.
            let before = match bought {
                Some(purchase) => events.partition_point(|e| e.time < purchase.time),
                None => events.len(),
            };
            let Some(last) = events[..before].last() else {
                out.left_out.only_purchase += 1;
                continue;
            };
            out.examples.push(Example {
                user: run.user,
                history: run.events.start..run.events.start + before,
                now: last.time,
                known,
                label: bought.is_some(),
            });
        }
        Ok(out)
    }
}

/// Refuses a log that does not tell purchases.
fn told(log: &EventLog, purchases: &Purchases) -> Result<(), EventsError> {
    match purchases.kind {
        PurchaseKind::Unknown => Err(EventsError::NoPurchases {
            actions: log.actions.names().to_vec(),
        }),
        PurchaseKind::Action | PurchaseKind::EveryRow => Ok(()),
    }
}
