//! Clusters as people: who they are, and what they do more and less than the rest.

mod conversion;
mod facts;
mod habits;
mod log_odds;
mod typical;

pub use conversion::Conversion;
pub use log_odds::{Comparison, compare, wilson};

use throng_events::EventLog;
use throng_report::{Cohort, Rate, Trait};

use habits::Habits;

/// The most traits a card shows on each side.
const TRAITS: usize = 8;
/// A trait is shown if its log-odds lie this many standard errors from 0.
const SIGNIFICANT: f64 = 2.58;

/// A card a cluster, in the order of cluster numbers.
///
/// `labels` and `silhouette` are `[users]`, `distances` the distance of each user to its centroid.
#[must_use]
pub fn describe(
    log: &EventLog,
    visit_gap: i64,
    labels: &[u32],
    k: usize,
    silhouette: &[f32],
    distances: &[f32],
) -> (Vec<Cohort>, Rate) {
    let conversion = Conversion::of(log, visit_gap);
    let overall = conversion.rate((0..log.users.len()).collect::<Vec<_>>().as_slice());
    let habits = Habits::of(log, visit_gap);
    let cards = (0..k as u32)
        .map(|id| {
            let members: Vec<usize> = (0..labels.len()).filter(|&u| labels[u] == id).collect();
            let (more, less) = traits(&habits, &members);
            let mean = members
                .iter()
                .map(|&u| f64::from(silhouette[u]))
                .sum::<f64>()
                / members.len().max(1) as f64;
            Cohort {
                id,
                name: name(&more, &less),
                size: members.len() as u64,
                share: members.len() as f64 / labels.len().max(1) as f64,
                silhouette: mean,
                conversion: conversion.rate(&members),
                facts: facts::facts(log, visit_gap, &members),
                typical: typical::typical(log, visit_gap, &members, distances),
                more,
                less,
            }
        })
        .collect();
    (unlike(cards), overall)
}

/// What `members` do more and less than the rest, the surest first.
fn traits(habits: &Habits, members: &[usize]) -> (Vec<Trait>, Vec<Trait>) {
    let mut all: Vec<Trait> = Vec::new();
    for (kind, table) in habits.tables() {
        for (word, comparison) in table.compare(members) {
            if comparison.z.abs() < SIGNIFICANT {
                continue;
            }
            all.push(Trait {
                kind: kind.to_owned(),
                label: table.label(word).to_owned(),
                log_odds: comparison.log_odds,
                z: comparison.z,
                share: comparison.share,
                overall: table.overall(word),
            });
        }
    }
    all.sort_by(|a, b| {
        b.z.abs()
            .total_cmp(&a.z.abs())
            .then_with(|| a.label.cmp(&b.label))
    });
    let (more, less): (Vec<Trait>, Vec<Trait>) = all.into_iter().partition(|t| t.log_odds > 0.0);
    (varied(more), varied(less))
}

/// The surest traits, at most half of them of one kind, so that a thousand items do not hide the rhythm.
fn varied(traits: Vec<Trait>) -> Vec<Trait> {
    let mut kept: Vec<Trait> = Vec::new();
    for t in traits {
        let same = kept.iter().filter(|k| k.kind == t.kind).count();
        if kept.len() < TRAITS && same < TRAITS / 2 {
            kept.push(t);
        }
    }
    kept
}

/// A name from what is surest about a cluster: what it likes, what it does, when it comes.
fn name(more: &[Trait], less: &[Trait]) -> String {
    let first = |kinds: &[&str]| {
        more.iter()
            .find(|t| kinds.contains(&t.kind.as_str()))
            .map(|t| t.label.clone())
    };
    let mut parts: Vec<String> = Vec::new();
    parts.extend(first(&["category"]).or_else(|| first(&["item"])));
    parts.extend(first(&["action"]).or_else(|| first(&["amount"])));
    parts.extend(first(&["rhythm"]));
    if parts.is_empty() {
        parts.extend(less.first().map(|t| format!("little {}", t.label)));
    }
    if parts.is_empty() {
        "like everybody".to_owned()
    } else {
        parts.join(" · ")
    }
}

/// Two clusters of one name are told apart by a number.
fn unlike(mut cards: Vec<Cohort>) -> Vec<Cohort> {
    for i in 1..cards.len() {
        let twins = cards[..i]
            .iter()
            .filter(|c| {
                c.name == cards[i].name || c.name.starts_with(&format!("{} (", cards[i].name))
            })
            .count();
        if twins > 0 {
            cards[i].name = format!("{} ({})", cards[i].name, twins + 1);
        }
    }
    cards
}
