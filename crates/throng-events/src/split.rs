//! Logs cut by time, and rows parted for training by user or by time. Rows are never parted one by one: what a user
//! does twice would be on both sides.

use std::collections::{BTreeMap, HashMap};

use crate::hash::mixed;
use crate::{EventLog, EventsError, Example};

impl EventLog {
    /// The log as it was before `time` (milliseconds since 1970): earlier events only, the users who have some, and what
    /// was known of items then. Names keep their numbers.
    #[must_use]
    pub fn before(&self, time: i64) -> EventLog {
        let mut log = EventLog {
            users: Vec::new(),
            offsets: vec![0],
            events: Vec::new(),
            ..self.clone()
        };
        for (u, user) in self.users.iter().enumerate() {
            let events = self.user(u);
            let count = events.partition_point(|e| e.time < time);
            if count > 0 {
                log.users.push(user.clone());
                log.events.extend_from_slice(&events[..count]);
                log.offsets.push(log.events.len());
            }
        }
        log.describe_items();
        log
    }
}

/// Rows for training and for testing, by their places, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// To learn from.
    pub train: Vec<usize>,
    /// To judge by.
    pub test: Vec<usize>,
    /// Of no use for either, because their outcome was not yet known when testing begins.
    pub between: Vec<usize>,
}

impl Split {
    /// Parts rows by their `users`' ids: each user is in the test with the probability `test`, in 0..=1, decided by a
    /// hash of the id and `seed` alone. So neither the order of rows nor other users matter, and a user who comes to a
    /// log later moves nobody.
    ///
    /// # Errors
    /// [`EventsError::Option`] if `test` is not in 0..=1.
    pub fn by_user(users: &[&str], test: f64, seed: u64) -> Result<Self, EventsError> {
        if !(0.0..=1.0).contains(&test) {
            return Err(EventsError::Option {
                option: "test share",
                message: format!("must be between 0 and 1, not {test}"),
            });
        }
        let mut out = Self::default();
        for (row, user) in users.iter().enumerate() {
            // 53 bits: exact, and below 1.
            let place = (mixed(seed, user) >> 11) as f64 / (1_u64 << 53) as f64;
            match place < test {
                true => out.test.push(row),
                false => out.train.push(row),
            }
        }
        Ok(out)
    }

    /// Parts examples by time: to train on those whose outcome was known at `at` (milliseconds since 1970) or before,
    /// to test on those looked at from `at` on. The others, looked at before and known after, are between.
    #[must_use]
    pub fn by_time(examples: &[Example], at: i64) -> Self {
        let mut out = Self::default();
        for (row, example) in examples.iter().enumerate() {
            if example.now >= at {
                out.test.push(row);
            } else if example.known <= at {
                out.train.push(row);
            } else {
                out.between.push(row);
            }
        }
        out
    }
}

/// The fold, in 0..k, of each row, for cross-validation stratified by class: all rows of a user are in one fold, the
/// numbers of users in any two folds differ by one at most, and so do those of any one class. A user's class is that
/// of most of their rows (ties: the lowest). Folds depend on the users with their classes and on `seed`, not on the
/// order of rows.
///
/// # Errors
/// [`EventsError::Option`] if `users` and `classes` differ in length, or `k` is less than 2 or more than there are users.
pub fn user_folds(
    users: &[&str],
    classes: &[u32],
    k: usize,
    seed: u64,
) -> Result<Vec<usize>, EventsError> {
    if users.len() != classes.len() {
        return Err(EventsError::Option {
            option: "classes",
            message: format!("must be {} (one a row), not {}", users.len(), classes.len()),
        });
    }
    let mut counts: HashMap<&str, BTreeMap<u32, usize>> = HashMap::new();
    for (&user, &class) in users.iter().zip(classes) {
        *counts.entry(user).or_default().entry(class).or_default() += 1;
    }
    if k < 2 || k > counts.len() {
        return Err(EventsError::Option {
            option: "folds",
            message: format!("must be between 2 and the {} users, not {k}", counts.len()),
        });
    }
    let mut order: Vec<(u32, u64, &str)> = counts
        .into_iter()
        .map(|(user, counts)| {
            let most = counts.into_iter().rev().max_by_key(|&(_, count)| count);
            let class = most.map_or(0, |(class, _)| class);
            (class, mixed(seed, user), user)
        })
        .collect();
    order.sort_unstable();
    // Dealt in turn, on from one class to the next.
    let folds: HashMap<&str, usize> = order
        .iter()
        .enumerate()
        .map(|(place, &(_, _, user))| (user, place % k))
        .collect();
    Ok(users.iter().map(|user| folds[user]).collect())
}

#[cfg(test)]
mod tests {
    use crate::{Event, EventLog};

    #[test]
    fn keeps_earlier_events_and_their_users() {
        let event = |time| Event {
            time,
            action: 0,
            item: None,
            text: None,
            category: None,
            session: None,
            quantity: None,
            value: None,
        };
        let log = EventLog {
            users: vec!["a".into(), "b".into(), "c".into()],
            offsets: vec![0, 2, 3, 5],
            events: [1, 5, 7, 2, 9].map(event).to_vec(),
            ..EventLog::default()
        };
        let early = log.before(5);
        assert_eq!(early.users, ["a", "c"]);
        assert_eq!(early.offsets, [0, 1, 2]);
        assert_eq!(early.events, [1, 2].map(event));
        assert!(log.before(0).users.is_empty() && log.before(0).offsets == [0]);
        assert_eq!(log.before(10).events.len(), 5);
    }
}
