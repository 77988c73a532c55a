//! Behaviour as texts for a model that was pretrained on language.

use std::ops::Range;

use throng_bert::Tokenizer;
use throng_events::{EventLog, Example, VerbalizeParams, Verbalizer};

use crate::{Error, Observer};

/// What a user did up to a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The user, in [`EventLog::users`].
    pub user: usize,
    /// Events of that user, in [`EventLog::events`].
    pub events: Range<usize>,
    /// The moment, in milliseconds since 1970.
    pub now: i64,
}

impl History {
    /// Of every user who did something before a moment, or before the log ends: then the moment is the user's last event.
    #[must_use]
    pub fn of_users(log: &EventLog, before: Option<i64>) -> Vec<Self> {
        let history = |user: usize| {
            let (start, events) = (log.offsets[user], log.user(user));
            let end = events.partition_point(|e| before.is_none_or(|before| e.time < before));
            let last = events[..end].last()?;
            Some(Self {
                user,
                events: start..start + end,
                now: before.unwrap_or(last.time),
            })
        };
        (0..log.users.len()).filter_map(history).collect()
    }
}

impl From<&Example> for History {
    fn from(example: &Example) -> Self {
        Self {
            user: example.user,
            events: example.history.clone(),
            now: example.now,
        }
    }
}

/// A text of each history, at most `max_length` tokens with the special ones: the newest events that fit, whole and oldest
/// first.
///
/// # Errors
/// If `max_length` is below 3 or the tokenizer fails; [`Error::Cancelled`].
pub fn tell(
    log: &EventLog,
    histories: &[History],
    params: VerbalizeParams,
    tokenizer: &Tokenizer,
    max_length: usize,
    observer: &mut dyn Observer,
) -> Result<Vec<String>, Error> {
    // One token more tells what fits from what was cut.
    let tokenizer = tokenizer.clone().with_max_length(max_length)?;
    let tokenizer = tokenizer.with_max_length(max_length.saturating_add(1))?;
    let verbalizer = Verbalizer::new(log, params);
    let length = |text: &str| {
        let tokens = tokenizer.encode(&[text]);
        tokens.map_or(usize::MAX, |tokens| {
            tokens.iter().map(|t| t.ids.len()).sum()
        })
    };
    let mut texts = Vec::with_capacity(histories.len());
    for History { events, now, .. } in histories {
        let told = verbalizer.text(events.clone(), Some(*now), max_length, &length);
        texts.push(told.text);
        let (done, total) = (texts.len() as u64, histories.len() as u64);
        if observer.progress("tell", done, Some(total)).is_break() {
            return Err(Error::Cancelled);
        }
    }
    Ok(texts)
}
