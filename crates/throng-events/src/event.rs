//! Events, and the log that holds them: users in the order of their ids, each user's events in the order of time.

use std::ops::Range;

use crate::Symbols;

/// One thing that a user did. Names are indices into the [`EventLog`]'s symbol tables.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub time: i64,
    /// What was done, in [`EventLog::actions`]; a log without an action column has one action.
    pub action: u32,
    /// What it was done to, in [`EventLog::items`].
    pub item: Option<u32>,
    /// The row's own text (a title, a search), in [`EventLog::texts`].
    pub text: Option<u32>,
    /// The item's category as the row gives it, in [`EventLog::categories`].
    pub category: Option<u32>,
    /// The session, visit or invoice that the row belongs to, in [`EventLog::sessions`].
    pub session: Option<u32>,
    /// Units, where the log says.
    pub quantity: Option<f64>,
    /// Money: the value column, else quantity x price, else price.
    pub value: Option<f64>,
}

/// What a sequence is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SequenceUnit {
    /// All events of one user.
    #[default]
    User,
    /// A user's events up to a pause longer than `gap` milliseconds; where the log has a session column, that decides.
    Session {
        /// The longest pause inside one session, in milliseconds.
        gap: i64,
    },
}

/// A run of one user's events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// The user, in [`EventLog::users`].
    pub user: usize,
    /// The events, in [`EventLog::events`].
    pub events: Range<usize>,
}

/// A cleaned log. The order of rows in the files it came from leaves no trace in it: users are ordered by id, events
/// by time and then by content, and symbols by their text.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    /// User ids, ascending by bytes; row `u` of every output is user `u`.
    pub users: Vec<String>,
    /// `users.len() + 1` bounds into `events`.
    pub offsets: Vec<usize>,
    /// All events, user after user.
    pub events: Vec<Event>,
    /// Names of actions.
    pub actions: Symbols,
    /// Ids of items.
    pub items: Symbols,
    /// Texts of rows.
    pub texts: Symbols,
    /// Names of categories.
    pub categories: Symbols,
    /// Ids of sessions.
    pub sessions: Symbols,
    /// For each item its most frequent text (ties: the lowest), in `texts`.
    pub item_text: Vec<Option<u32>>,
    /// For each item its most frequent category (ties: the lowest), in `categories`.
    pub item_category: Vec<Option<u32>>,
}

impl EventLog {
    /// The events of user `u`, oldest first.
    #[must_use]
    pub fn user(&self, u: usize) -> &[Event] {
        &self.events[self.offsets[u]..self.offsets[u + 1]]
    }

    /// First and last time in the log, in milliseconds; `None` if there is no event.
    #[must_use]
    pub fn span(&self) -> Option<(i64, i64)> {
        let times = || self.events.iter().map(|e| e.time);
        Some((times().min()?, times().max()?))
    }

    /// What a person reads for an item: its text if it has one, else its id.
    #[must_use]
    pub fn item_name(&self, item: u32) -> &str {
        match self.item_text[item as usize] {
            Some(text) => self.texts.name(text),
            None => self.items.name(item),
        }
    }

    /// Sets what is most often said of each item.
    pub(crate) fn describe_items(&mut self) {
        self.item_text = most_frequent(self, |e| e.text);
        self.item_category = most_frequent(self, |e| e.category);
    }
}

/// For each item the most frequent of what `of` says, ties to the lowest.
fn most_frequent(log: &EventLog, of: fn(&Event) -> Option<u32>) -> Vec<Option<u32>> {
    let mut pairs: Vec<(u32, u32)> = log
        .events
        .iter()
        .filter_map(|e| Some((e.item?, of(e)?)))
        .collect();
    pairs.sort_unstable();
    let mut best: Vec<(usize, Option<u32>)> = vec![(0, None); log.items.len()];
    for run in pairs.chunk_by(|a, b| a == b) {
        let (item, symbol) = run[0];
        let entry = &mut best[item as usize];
        if run.len() > entry.0 {
            *entry = (run.len(), Some(symbol));
        }
    }
    best.into_iter().map(|(_, symbol)| symbol).collect()
}
