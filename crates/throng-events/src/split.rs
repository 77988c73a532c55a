//! Logs cut by time.

use crate::EventLog;

impl EventLog {
    /// The log as it was before `time` (milliseconds since 1970): earlier events only, and the users who have some.
    /// Names keep their numbers.
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
        log
    }
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
