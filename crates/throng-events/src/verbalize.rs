//! Behaviour as text, for a BERT that was pretrained on language.
//!
//! A visit is a sentence, with one clause for each run of the same action. Sentences go from the oldest event to the
//! newest, as people tell things and as the texts do that such a model has read, so that "two weeks later" means what
//! it says. What exceeds the budget is cut here, by whole events from the oldest on, so no tokenizer needs to cut the
//! newest off the end.
//!
//! ```text
//! 2 visits in two weeks, spent 39.9. viewed red dress (dresses), blue mug; bought red dress (dresses) for 39.9.
//! two weeks later searched for lamp. then nothing for a month.
//! ```
//!
//! A text tells nothing from after its last event: a title or category is the row's own, else the last that the log
//! had for the item before that moment, never what rows of a later time say.

use std::ops::Range;

use crate::visit::visits;
use crate::wording::{Verb, clean, number};
use crate::{Event, EventLog};

/// The language of a text's template; titles and categories stay as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// "added red dress to the cart".
    #[default]
    English,
    /// "把红色连衣裙加入购物车".
    Chinese,
}

/// How behaviour is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerbalizeParams {
    /// The template's language. Default English.
    pub language: Language,
    /// The longest pause inside one visit, in milliseconds. Default half an hour.
    pub visit_gap: i64,
    /// The most things named in one clause, the newest; the others are counted. Default 5, so that an order of forty
    /// lines leaves room for the visits before it.
    pub most_named: usize,
    /// The most characters of a title or category. Default 80.
    pub most_chars: usize,
    /// Say categories. Default true.
    pub categories: bool,
    /// Say amounts: what purchases of one run came to, and the value of any other event. Default true.
    pub amounts: bool,
    /// Begin with how many visits there were in which time and what was spent, of all events, told or cut; not said
    /// of a single visit. Default true.
    pub summary: bool,
}

impl Default for VerbalizeParams {
    fn default() -> Self {
        Self {
            language: Language::English,
            visit_gap: 30 * 60_000,
            most_named: 5,
            most_chars: 80,
            categories: true,
            amounts: true,
            summary: true,
        }
    }
}

/// A text, and what it tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verbalized {
    /// One line.
    pub text: String,
    /// The events told, in [`EventLog::events`]: the newest of those asked for.
    pub events: Range<usize>,
}

/// Tells the events of one log.
#[derive(Clone, Debug)]
pub struct Verbalizer<'a> {
    log: &'a EventLog,
    params: VerbalizeParams,
    verbs: Vec<Verb>,
    /// For each event the title and category of its item that were known then.
    titles: Vec<Option<u32>>,
    categories: Vec<Option<u32>>,
}

impl<'a> Verbalizer<'a> {
    /// Prepares to tell of `log`.
    #[must_use]
    pub fn new(log: &'a EventLog, params: VerbalizeParams) -> Self {
        let names = log.actions.names().iter();
        Self {
            verbs: names.map(|name| params.language.verb(name)).collect(),
            titles: known(log, |e| e.text),
            categories: known(log, |e| e.category),
            log,
            params,
        }
    }

    /// The text of `events`, a range in [`EventLog::events`] of one user, at most `budget` long as `length` counts,
    /// which may be a tokenizer's count of tokens (take special tokens off the budget). Events are told whole or not
    /// at all, the newest that fit; where not even one fits beside the summary, there is no summary. Where none fits
    /// at all, or `events` is no range of the log, the text may be empty.
    ///
    /// With `now`, milliseconds since 1970, the text ends with the pause up to that moment, if it is longer than
    /// [`VerbalizeParams::visit_gap`].
    #[must_use]
    pub fn text(
        &self,
        events: Range<usize>,
        now: Option<i64>,
        budget: usize,
        length: &dyn Fn(&str) -> usize,
    ) -> Verbalized {
        let nothing = self.log.events.len()..self.log.events.len();
        let events = match self.log.events.get(events.clone()) {
            Some(_) => events,
            None => nothing,
        };
        let all = &self.log.events[events.clone()];
        let head = self.params.summary.then(|| self.summary(all)).flatten();
        let tail = all.last().zip(now).and_then(|(last, now)| {
            let pause = now.saturating_sub(last.time);
            (pause > self.params.visit_gap).then(|| self.params.language.silence(pause))
        });
        let write = |head: Option<&String>, count: usize| {
            let told = events.end - count..events.end;
            let mut sentences: Vec<String> = head.cloned().into_iter().collect();
            sentences.extend(self.sentences(told));
            sentences.extend(tail.clone());
            sentences.join(self.params.language.between())
        };
        let heads = match &head {
            Some(head) => vec![Some(head), None],
            None => vec![None],
        };
        for head in heads {
            let fits = |count: usize| length(&write(head, count)) <= budget;
            let count = most(all.len(), &fits);
            if count > 0 {
                return Verbalized {
                    text: write(head, count),
                    events: events.end - count..events.end,
                };
            }
        }
        let text = write(None, 0);
        Verbalized {
            text: match length(&text) <= budget {
                true => text,
                false => String::new(),
            },
            events: events.end..events.end,
        }
    }

    fn summary(&self, events: &[Event]) -> Option<String> {
        let count = visits(events, self.params.visit_gap).count();
        let (first, last) = (events.first()?, events.last()?);
        let spent = self.spent(events.iter());
        (count > 1).then(|| {
            let span = last.time.saturating_sub(first.time);
            self.params.language.summary(count, span, spent)
        })
    }

    /// What purchases among `events` came to.
    fn spent<'e>(&self, events: impl Iterator<Item = &'e Event>) -> Option<f64> {
        let mut values = events
            .filter(|e| self.params.amounts && self.verb(e).buys)
            .filter_map(|e| e.value)
            .peekable();
        values.peek().is_some().then(|| values.sum())
    }

    fn verb(&self, event: &Event) -> &Verb {
        &self.verbs[event.action as usize]
    }

    /// One sentence a visit.
    fn sentences(&self, told: Range<usize>) -> Vec<String> {
        let events = &self.log.events[told.clone()];
        visits(events, self.params.visit_gap)
            .map(|visit| {
                let after = visit
                    .start
                    .checked_sub(1)
                    .map(|before| events[visit.start].time - events[before].time);
                let mut at = told.start + visit.start;
                let clauses: Vec<String> = events[visit]
                    .chunk_by(|a, b| a.action == b.action)
                    .map(|run| {
                        let range = at..at + run.len();
                        at = range.end;
                        self.clause(range)
                    })
                    .collect();
                self.params.language.visit(after, &clauses)
            })
            .collect()
    }

    /// Events of one action, as one clause.
    fn clause(&self, run: Range<usize>) -> String {
        let events = &self.log.events[run.clone()];
        let more = run.len().saturating_sub(self.params.most_named.max(1));
        let objects: Vec<String> = run.clone().skip(more).map(|at| self.object(at)).collect();
        let verb = self.verb(&events[0]);
        let spent = self.spent(events.iter());
        self.params.language.clause(verb, &objects, more, spent)
    }

    /// What event `at` was done to: its own text, its item's title then, the item's id or its category.
    fn object(&self, at: usize) -> String {
        let (log, event) = (self.log, &self.log.events[at]);
        let clean = |text| clean(text, self.params.most_chars);
        let names = [
            event.text.map(|text| log.texts.name(text)),
            self.titles[at].map(|text| log.texts.name(text)),
            event.item.map(|item| log.items.name(item)),
        ];
        let name = names
            .into_iter()
            .flatten()
            .map(clean)
            .find(|n| !n.is_empty());
        let category = self.categories[at]
            .filter(|_| self.params.categories)
            .map(|category| clean(log.categories.name(category)))
            .filter(|category| !category.is_empty());
        let (name, category) = match (name, category) {
            (None, Some(category)) => (category, None),
            (name, category) => (name.unwrap_or_default(), category),
        };
        let value = event
            .value
            .filter(|_| self.params.amounts && !self.verb(event).buys)
            .and_then(number);
        let notes: Vec<String> = category.into_iter().chain(value).collect();
        self.params.language.object(&name, &notes)
    }
}

/// The most of `all` that fits, if more never fits where less does not. Asks for few and near counts, because a long
/// text is slow to measure.
fn most(all: usize, fits: &dyn Fn(usize) -> bool) -> usize {
    let (mut fit, mut next) = (0, 4.min(all));
    while next > fit && fits(next) {
        fit = next;
        next = (next * 2).min(all);
    }
    // Now `fit` is all there is, or `next` does not fit.
    while next > fit + 1 {
        let middle = fit + (next - fit) / 2;
        match fits(middle) {
            true => fit = middle,
            false => next = middle,
        }
    }
    fit
}

/// For each event what `of` says of it: its own, else the last that was said of its item at an earlier time (of several
/// at that time the lowest).
fn known(log: &EventLog, of: fn(&Event) -> Option<u32>) -> Vec<Option<u32>> {
    let mut known: Vec<Option<u32>> = log.events.iter().map(of).collect();
    let lacking = |e: &Event| e.item.is_some() && of(e).is_none();
    if !log.events.iter().any(lacking) {
        return known;
    }
    let mut order: Vec<usize> = (0..log.events.len()).collect();
    // The sort is stable: users keep their order.
    order.sort_by_key(|&at| (log.events[at].time, of(&log.events[at])));
    let mut last: Vec<Option<u32>> = vec![None; log.items.len()];
    for same_time in order.chunk_by(|&a, &b| log.events[a].time == log.events[b].time) {
        for &at in same_time {
            if let (Some(item), None) = (log.events[at].item, known[at]) {
                known[at] = last[item as usize];
            }
        }
        for &at in same_time.iter().rev() {
            let event = &log.events[at];
            if let (Some(item), Some(said)) = (event.item, of(event)) {
                last[item as usize] = Some(said);
            }
        }
    }
    known
}
