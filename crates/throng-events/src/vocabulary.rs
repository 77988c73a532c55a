//! The words of a log: its own events as tokens.
//!
//! A visit becomes the pause since the one before, then for each event the action, where the log has more than one, and
//! the item, or for a rare one its category or a bucket; then the amount that the visit came to, where money changed
//! hands. A sequence ends with the pause up to the moment of looking, so that "has not come for months" is in the
//! sequence itself.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::hash::fnv1a;
use crate::purchase::Purchases;
use crate::visit::{spent, visits};
use crate::{Event, EventLog, Sequence, Symbols};

/// The special tokens, in the places BERT's own vocabularies usually begin with.
pub const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
/// Id of the padding token.
pub const PAD: u32 = 0;
/// Id of the token for what the vocabulary has not seen.
pub const UNK: u32 = 1;
/// Id of the token that opens a sequence.
pub const CLS: u32 = 2;
/// Id of the token that closes a sequence.
pub const SEP: u32 = 3;
/// Id of the token that hides another one in pretraining.
pub const MASK: u32 = 4;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// Pauses as words: a pause is named by the first row whose length it does not exceed.
const PAUSES: [(i64, &str); 9] = [
    (6 * 60 * MINUTE, "hours"),
    (DAY, "a day"),
    (3 * DAY, "2-3 days"),
    (8 * DAY, "a week"),
    (16 * DAY, "2 weeks"),
    (35 * DAY, "a month"),
    (65 * DAY, "2 months"),
    (125 * DAY, "4 months"),
    (i64::MAX, "over 4 months"),
];

/// How a vocabulary is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VocabularyParams {
    /// The most items with a token of their own.
    pub max_items: usize,
    /// An item needs events of at least this many users to have a token of its own.
    pub min_users: usize,
    /// Buckets of amounts, by quantile.
    pub amount_buckets: usize,
    /// Pauses shorter than this, in milliseconds, are no token: the visit goes on.
    pub visit_gap: i64,
}

impl Default for VocabularyParams {
    fn default() -> Self {
        Self {
            max_items: 2_000,
            min_users: 5,
            amount_buckets: 6,
            visit_gap: 30 * MINUTE,
        }
    }
}

/// A sequence in tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Token ids, `[CLS]` and `[SEP]` not among them.
    pub ids: Vec<u32>,
    /// Segment of each token: visits alternate between 0 and 1.
    pub segments: Vec<u8>,
}

/// The token of every event of a log, and of what later logs bring.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vocabulary {
    tokens: Vec<String>,
    amount_edges: Vec<f64>,
    visit_gap: i64,
    #[serde(skip)]
    index: HashMap<String, u32>,
}

const RARE_BUCKETS: u64 = 16;

impl Vocabulary {
    /// The vocabulary of `log`.
    #[must_use]
    pub fn build(log: &EventLog, params: &VocabularyParams) -> Self {
        let mut tokens: Vec<String> = SPECIAL.iter().map(ToString::to_string).collect();
        tokens.extend(PAUSES.iter().map(|(_, name)| pause_token(name)));
        let actions = used(&log.actions, log.events.iter().map(|e| e.action));
        if actions.len() > 1 {
            tokens.extend(actions.into_iter().map(action_token));
        }
        let purchases = Purchases::of(log);
        let amount_edges = quantile_edges(log, &purchases, params);
        if !amount_edges.is_empty() {
            tokens.extend((0..=amount_edges.len()).map(amount_token));
        }
        let of_items = log.item_category.iter().copied();
        let of_events = log.events.iter().map(|e| e.category);
        let categories = used(&log.categories, of_events.chain(of_items).flatten());
        tokens.extend(categories.into_iter().map(category_token));
        tokens.extend((0..RARE_BUCKETS).map(rare_token));
        tokens.extend(
            frequent_items(log, params)
                .into_iter()
                .map(|item| item_token(log.items.name(item))),
        );
        let mut vocabulary = Self {
            tokens,
            amount_edges,
            visit_gap: params.visit_gap,
            index: HashMap::new(),
        };
        vocabulary.reindex();
        vocabulary
    }

    /// Makes the look-up again, after reading a vocabulary from a file.
    pub fn reindex(&mut self) {
        self.index = self
            .tokens
            .iter()
            .enumerate()
            .map(|(i, t)| (t.clone(), i as u32))
            .collect();
    }

    /// How many tokens there are, special ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there are no tokens.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// All tokens, in the order of their ids.
    #[must_use]
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// The tokens of `sequence`, seen from `now` (milliseconds since 1970): at most `max_tokens`, the most recent
    /// ones, never beginning in the middle of an event.
    #[must_use]
    pub fn encode(
        &self,
        log: &EventLog,
        purchases: &Purchases,
        sequence: &Sequence,
        now: i64,
        max_tokens: usize,
    ) -> Tokens {
        let mut words = Words::default();
        let events = &log.events[sequence.events.clone()];
        let mut before: Option<i64> = None;
        for visit in visits(events, self.visit_gap) {
            let visit = &events[visit];
            for (i, event) in visit.iter().enumerate() {
                words.begin();
                if let (0, Some(before)) = (i, before) {
                    words.turn();
                    words.push(self.id(&pause_of(event.time - before)));
                }
                self.event(log, event, &mut words);
                before = Some(event.time);
            }
            if let Some(amount) = spent(visit, purchases)
                && !self.amount_edges.is_empty()
            {
                let bucket = self.amount_edges.partition_point(|&edge| edge < amount);
                words.push(self.id(&amount_token(bucket)));
            }
        }
        if let Some(before) = before
            && now - before > self.visit_gap
        {
            words.begin();
            words.push(self.id(&pause_of(now - before)));
        }
        words.last(max_tokens)
    }

    fn event(&self, log: &EventLog, event: &Event, words: &mut Words) {
        if let Some(&id) = self
            .index
            .get(&action_token(log.actions.name(event.action)))
        {
            words.push(id);
        }
        if let Some(item) = event.item {
            words.push(self.item(log, item, event.category));
        } else if let Some(category) = event.category {
            words.push(self.id(&category_token(log.categories.name(category))));
        }
    }

    fn item(&self, log: &EventLog, item: u32, category: Option<u32>) -> u32 {
        let name = log.items.name(item);
        if let Some(&id) = self.index.get(&item_token(name)) {
            return id;
        }
        let category = category.or(log.item_category[item as usize]);
        let by_category =
            category.and_then(|c| self.index.get(&category_token(log.categories.name(c))));
        match by_category {
            Some(&id) => id,
            None => self.id(&rare_token(fnv1a(name) % RARE_BUCKETS)),
        }
    }

    fn id(&self, token: &str) -> u32 {
        self.index.get(token).copied().unwrap_or(UNK)
    }
}

/// Tokens as they are gathered, with the places where events begin.
#[derive(Default)]
struct Words {
    tokens: Tokens,
    begins: Vec<usize>,
    segment: u8,
}

impl Words {
    fn begin(&mut self) {
        self.begins.push(self.tokens.ids.len());
    }

    fn turn(&mut self) {
        self.segment ^= 1;
    }

    fn push(&mut self, id: u32) {
        self.tokens.ids.push(id);
        self.tokens.segments.push(self.segment);
    }

    fn last(mut self, max_tokens: usize) -> Tokens {
        let len = self.tokens.ids.len();
        let first = self
            .begins
            .partition_point(|&begin| len - begin > max_tokens);
        let start = self.begins.get(first).copied().unwrap_or(len);
        self.tokens.ids.drain(..start);
        self.tokens.segments.drain(..start);
        self.tokens
    }
}

/// A pause of so many milliseconds in words, as tokens and reports name it.
#[must_use]
pub fn pause_name(pause: i64) -> &'static str {
    PAUSES
        .iter()
        .find(|(most, _)| pause <= *most)
        .map_or("over 4 months", |(_, name)| name)
}

fn pause_of(pause: i64) -> String {
    pause_token(pause_name(pause))
}

fn pause_token(name: &str) -> String {
    format!("pause:{name}")
}

fn action_token(name: &str) -> String {
    format!("action:{name}")
}

fn amount_token(bucket: usize) -> String {
    format!("amount:{bucket}")
}

fn category_token(name: &str) -> String {
    format!("category:{name}")
}

fn item_token(name: &str) -> String {
    format!("item:{name}")
}

fn rare_token(bucket: u64) -> String {
    format!("rare:{bucket}")
}

/// The names that a log's events use, in their order: a log before some moment still has the names of later ones.
fn used(names: &Symbols, symbols: impl Iterator<Item = u32>) -> Vec<&str> {
    let used: BTreeSet<u32> = symbols.collect();
    used.into_iter().map(|symbol| names.name(symbol)).collect()
}

/// Items that enough users touched, most users first (ties: the lowest id).
fn frequent_items(log: &EventLog, params: &VocabularyParams) -> Vec<u32> {
    let mut users = vec![0usize; log.items.len()];
    let mut last_user = vec![usize::MAX; log.items.len()];
    for u in 0..log.users.len() {
        for item in log.user(u).iter().filter_map(|e| e.item) {
            let item = item as usize;
            if last_user[item] != u {
                last_user[item] = u;
                users[item] += 1;
            }
        }
    }
    let mut items: Vec<u32> = (0..log.items.len() as u32)
        .filter(|&i| users[i as usize] >= params.min_users)
        .collect();
    items.sort_by_key(|&i| (std::cmp::Reverse(users[i as usize]), i));
    items.truncate(params.max_items);
    items
}

/// Upper ends of all quantile buckets but the last of what visits came to, equal ones merged; empty if there is nothing to tell apart.
fn quantile_edges(log: &EventLog, purchases: &Purchases, params: &VocabularyParams) -> Vec<f64> {
    let buckets = params.amount_buckets;
    let mut values: Vec<f64> = (0..log.users.len())
        .flat_map(|u| {
            let events = log.user(u);
            visits(events, params.visit_gap)
                .filter_map(move |visit| spent(&events[visit], purchases))
        })
        .collect();
    values.sort_by(f64::total_cmp);
    let mut edges: Vec<f64> = (1..buckets)
        .filter_map(|b| {
            values
                .get((b * values.len() / buckets).checked_sub(1)?)
                .copied()
        })
        .collect();
    edges.dedup();
    edges.retain(|edge| values.last().is_some_and(|last| edge < last));
    edges
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{SequenceUnit, sequences};

    const HOUR: i64 = 60 * MINUTE;

    /// One user looks at a frequent item, buys it, comes back after two days and looks at a rare one of a category.
    fn log() -> EventLog {
        let symbols = |names: &[&str]| {
            let mut symbols = Symbols::default();
            for name in names {
                symbols.intern(name);
            }
            symbols
        };
        let event = |time, action, item, value| Event {
            time,
            action,
            item: Some(item),
            text: None,
            category: None,
            session: None,
            quantity: None,
            value,
        };
        let (purchase, view) = (0, 1);
        let one = vec![
            event(0, view, 0, Some(3.0)),
            event(MINUTE, purchase, 0, Some(3.0)),
            event(2 * DAY, view, 1, Some(99.0)),
        ];
        let other = vec![event(DAY, purchase, 0, Some(50.0))];
        EventLog {
            users: vec!["a".into(), "b".into()],
            offsets: vec![0, one.len(), one.len() + other.len()],
            events: [one, other].concat(),
            actions: symbols(&["purchase", "view"]),
            items: symbols(&["mug", "spade"]),
            categories: symbols(&["garden"]),
            item_text: vec![None; 2],
            item_category: vec![None, Some(0)],
            ..EventLog::default()
        }
    }

    fn words(
        vocabulary: &Vocabulary,
        log: &EventLog,
        user: usize,
        now: i64,
        most: usize,
    ) -> (Vec<String>, Vec<u8>) {
        let sequence = &sequences(log, SequenceUnit::User)[user];
        let tokens = vocabulary.encode(log, &Purchases::of(log), sequence, now, most);
        let words = tokens
            .ids
            .iter()
            .map(|&id| vocabulary.tokens()[id as usize].clone());
        (words.collect(), tokens.segments)
    }

    fn vocabulary(log: &EventLog) -> Vocabulary {
        Vocabulary::build(
            log,
            &VocabularyParams {
                min_users: 2,
                amount_buckets: 2,
                ..VocabularyParams::default()
            },
        )
    }

    #[test]
    fn a_sequence_in_words() {
        let log = log();
        let vocabulary = vocabulary(&log);
        assert_eq!(&vocabulary.tokens()[..5], SPECIAL.map(str::to_owned));
        let (said, segments) = words(&vocabulary, &log, 0, 2 * DAY + HOUR, 100);
        let expected = [
            "action:view",
            "item:mug",
            "action:purchase",
            "item:mug",
            "amount:0",
            "pause:2-3 days",
            "action:view",
            "category:garden",
            "pause:hours",
        ];
        assert_eq!(said, expected);
        assert_eq!(segments, [0, 0, 0, 0, 0, 1, 1, 1, 1]);
    }

    #[test]
    fn the_most_recent_whole_events_are_kept() {
        let log = log();
        let vocabulary = vocabulary(&log);
        let now = 2 * DAY;
        assert_eq!(
            words(&vocabulary, &log, 0, now, 3).0,
            ["pause:2-3 days", "action:view", "category:garden"]
        );
        assert_eq!(
            words(&vocabulary, &log, 0, now, 5).0.len(),
            3,
            "an event is not cut in two"
        );
        assert!(words(&vocabulary, &log, 0, now, 2).0.is_empty());
    }

    #[test]
    fn what_is_new_has_a_word_too() {
        let log = log();
        let known = vocabulary(&log);
        let mut later = log.clone();
        later.actions.intern("wish");
        later.items.intern("anvil");
        later.item_text.push(None);
        later.item_category.push(None);
        later.events[0].action = 2;
        later.events[0].item = Some(2);
        let (said, _) = words(&known, &later, 0, 0, 100);
        assert!(said[0].starts_with("rare:"), "{said:?}");
    }

    #[test]
    fn a_saved_vocabulary_speaks_the_same() {
        let log = log();
        let vocabulary = vocabulary(&log);
        let mut read: Vocabulary =
            serde_json::from_str(&serde_json::to_string(&vocabulary).unwrap()).unwrap();
        read.reindex();
        assert_eq!(
            words(&read, &log, 0, DAY, 100),
            words(&vocabulary, &log, 0, DAY, 100)
        );
    }

    #[test]
    fn pauses_are_named_by_length() {
        assert_eq!(pause_name(HOUR), "hours");
        assert_eq!(pause_name(6 * HOUR), "hours");
        assert_eq!(pause_name(6 * HOUR + 1), "a day");
        assert_eq!(pause_name(i64::MAX), "over 4 months");
    }
}
