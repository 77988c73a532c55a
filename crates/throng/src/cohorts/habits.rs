//! Habits: how much of each user's behaviour goes where.

use std::collections::HashMap;

use throng_events::{EventLog, Purchases, new_visit, pause_name, spent, visits};

use super::log_odds::{Comparison, compare};

/// Habits of one kind. A user's share in a word lies in [0, 1].
#[derive(Debug, Default)]
pub(super) struct Table {
    labels: Vec<String>,
    /// For each user, shares of the words that are not 0.
    shares: Vec<Vec<(u32, f32)>>,
    /// Sums of shares over all users.
    totals: Vec<f64>,
}

impl Table {
    pub fn label(&self, word: usize) -> &str {
        &self.labels[word]
    }

    /// The mean share over all users.
    pub fn overall(&self, word: usize) -> f64 {
        self.totals[word] / self.shares.len().max(1) as f64
    }

    /// Every word, in members against the rest.
    pub fn compare(&self, members: &[usize]) -> impl Iterator<Item = (usize, Comparison)> {
        let mut sums = vec![0.0f64; self.labels.len()];
        for &u in members {
            for &(word, share) in &self.shares[u] {
                sums[word as usize] += f64::from(share);
            }
        }
        let (of, all) = (members.len() as f64, self.shares.len() as f64);
        sums.into_iter().enumerate().map(move |(w, with)| {
            (
                w,
                compare(with, of, (self.totals[w] - with).max(0.0), all - of),
            )
        })
    }

    /// The words of each user; `presence` counts a word once a user, else by its part of the user's words.
    fn new<'a>(
        users: usize,
        presence: bool,
        words: impl Fn(usize, &mut dyn FnMut(&'a str)),
    ) -> Self {
        let mut table = Self::default();
        let mut index: HashMap<&'a str, u32> = HashMap::new();
        for u in 0..users {
            let mut counts: HashMap<u32, f32> = HashMap::new();
            let mut all = 0.0;
            words(u, &mut |word| {
                let next = index.len() as u32;
                let word_index = *index.entry(word).or_insert(next);
                *counts.entry(word_index).or_default() += 1.0;
                all += 1.0;
            });
            let mut shares: Vec<(u32, f32)> = counts
                .into_iter()
                .map(|(w, c)| (w, if presence { 1.0 } else { c / all }))
                .collect();
            shares.sort_unstable_by_key(|&(w, _)| w);
            table.totals.resize(index.len(), 0.0);
            for &(w, share) in &shares {
                table.totals[w as usize] += f64::from(share);
            }
            table.shares.push(shares);
        }
        let mut labels: Vec<(&str, u32)> = index.into_iter().collect();
        labels.sort_unstable_by_key(|&(_, w)| w);
        table.labels = labels
            .into_iter()
            .map(|(label, _)| label.to_owned())
            .collect();
        table
    }
}

/// All habits of a log's users.
#[derive(Debug)]
pub(super) struct Habits {
    tables: Vec<(&'static str, Table)>,
}

impl Habits {
    pub fn of(log: &EventLog, visit_gap: i64) -> Self {
        let users = log.users.len();
        let mut tables = vec![(
            "item",
            Table::new(users, true, |u, tell| {
                for item in log.user(u).iter().filter_map(|e| e.item) {
                    tell(log.item_name(item));
                }
            }),
        )];
        if !log.categories.is_empty() {
            tables.push((
                "category",
                Table::new(users, false, |u, tell| {
                    for e in log.user(u) {
                        let category = e
                            .category
                            .or_else(|| e.item.and_then(|i| log.item_category[i as usize]));
                        if let Some(category) = category {
                            tell(log.categories.name(category));
                        }
                    }
                }),
            ));
        }
        if log.actions.len() > 1 {
            tables.push((
                "action",
                Table::new(users, false, |u, tell| {
                    for e in log.user(u) {
                        tell(log.actions.name(e.action));
                    }
                }),
            ));
            let arrows = arrows(log);
            let actions = log.actions.len();
            tables.push((
                "transition",
                Table::new(users, false, |u, tell| {
                    for pair in log
                        .user(u)
                        .windows(2)
                        .filter(|pair| !new_visit(&pair[0], &pair[1], visit_gap))
                    {
                        tell(&arrows[pair[0].action as usize * actions + pair[1].action as usize]);
                    }
                }),
            ));
        }
        tables.push(("rhythm", rhythm(log, visit_gap)));
        tables.extend(baskets(log, visit_gap).map(|table| ("amount", table)));
        Self { tables }
    }

    pub fn tables(&self) -> impl Iterator<Item = (&'static str, &Table)> {
        self.tables.iter().map(|(kind, table)| (*kind, table))
    }
}

/// Pauses between a user's visits.
fn rhythm(log: &EventLog, visit_gap: i64) -> Table {
    let mut table = Table::new(log.users.len(), false, |u, tell| {
        for pair in log
            .user(u)
            .windows(2)
            .filter(|pair| new_visit(&pair[0], &pair[1], visit_gap))
        {
            tell(pause_name(pair[1].time - pair[0].time));
        }
    });
    for label in &mut table.labels {
        *label = format!("back after {label}");
    }
    table
}

/// What a user's visits came to, beside the quartiles of all visits; none if there is nothing to tell apart.
fn baskets(log: &EventLog, visit_gap: i64) -> Option<Table> {
    let purchases = Purchases::of(log);
    let amounts: Vec<Vec<f64>> = (0..log.users.len())
        .map(|u| {
            let events = log.user(u);
            visits(events, visit_gap)
                .filter_map(|visit| spent(&events[visit], &purchases))
                .collect()
        })
        .collect();
    let mut all: Vec<f64> = amounts.iter().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    let (&low, &high) = (all.get(all.len() / 4)?, all.get(all.len() * 3 / 4)?);
    (low < high).then(|| {
        Table::new(log.users.len(), false, |u, tell| {
            for &amount in &amounts[u] {
                tell(if amount <= low {
                    "small baskets"
                } else if amount <= high {
                    "middling baskets"
                } else {
                    "large baskets"
                });
            }
        })
    })
}

/// `a → b` for each pair of actions.
fn arrows(log: &EventLog) -> Vec<String> {
    let names = log.actions.names();
    names
        .iter()
        .flat_map(|a| names.iter().map(move |b| format!("{a} → {b}")))
        .collect()
}
