//! The first look: the log and the result in figures, and what stands out.

use maud::{Markup, html};

use super::parts::{badge, said, tile};
use super::words::{agreement, rate_meaning, rate_name, structure};
use crate::format::{NONE, capital, clean, count, date, days, number, percent, plural};
use crate::{Cohort, Report};

/// One sentence on what was found in what.
pub(super) fn lede(report: &Report) -> Markup {
    let summary = &report.summary;
    let groups = plural(summary.k as u64, "group", "groups");
    let alike = if summary.k == 1 {
        ""
    } else {
        " of people who behave alike"
    };
    html! {
        "From " (plural(summary.events, "event", "events")) " by " (plural(summary.users, "user", "users"))
        @if !summary.first.is_empty() && !summary.last.is_empty() {
            " between " (date(&summary.first)) " and " (date(&summary.last))
        }
        ", we found " strong { (groups) } (alike) "."
    }
}

pub(super) fn section(report: &Report) -> Markup {
    let summary = &report.summary;
    let rate = &summary.conversion;
    let period = match days(&summary.first, &summary.last) {
        Some(days) => (count(days), if days == 1 { "day" } else { "days" }),
        None => (NONE.to_owned(), "days"),
    };
    let stability = summary.stability.unwrap_or(f64::NAN);
    html! {
        section #overview aria-labelledby="overview-title" {
            h2 #overview-title { "Overview" }
            dl.tiles {
                (tile("Users", &count(summary.users), "after cleaning"))
                (tile("Events", &count(summary.events), per_user(summary.events, summary.users)))
                (tile("Items", &count(summary.items), "different ones"))
                (tile(&capital(period.1), &period.0, span(&summary.first, &summary.last)))
                (tile("Groups", &count(summary.k as u64), how_many(report)))
                (tile(&capital(&clean(rate_name(rate))), &percent(rate.value), interval(rate.low, rate.high)))
                (tile("Silhouette", &number(summary.silhouette_score, 2), structure(summary.silhouette_score)))
                (tile("Stability", &number(stability, 2), agreement(stability)))
            }
            @let findings = findings(report);
            @if !findings.is_empty() {
                h3 { "What stands out" }
                ul.findings { @for finding in &findings { li { (finding) } } }
            }
            @if let Some(meaning) = rate_meaning(rate) {
                p.quiet {
                    strong { (capital(&clean(rate_name(rate)))) } " here means: " bdi { (clean(meaning)) } ". Here these are "
                    (count(rate.count)) " of " (plural(rate.of, "user", "users")) "; ranges are 95% intervals."
                }
            }
        }
    }
}

fn per_user(events: u64, users: u64) -> String {
    match users {
        0 => String::new(),
        _ => format!("{} a user", number(events as f64 / users as f64, 1)),
    }
}

fn span(first: &str, last: &str) -> String {
    format!("{} – {}", date(first), date(last))
}

fn how_many(report: &Report) -> String {
    let selection = &report.selection;
    match (selection.candidates.first(), selection.candidates.last()) {
        (Some(first), Some(last)) if selection.searched => {
            format!("searched from {} to {}", first.k, last.k)
        }
        _ => "as asked".to_owned(),
    }
}

/// Both ends of an interval of shares, or nothing.
pub(super) fn interval(low: f64, high: f64) -> String {
    if low.is_finite() && high.is_finite() {
        format!("{}% – {}%", number(100.0 * low, 1), number(100.0 * high, 1))
    } else {
        String::new()
    }
}

/// Sentences on the groups. A rate is called high or low only where its interval leaves out the average.
fn findings(report: &Report) -> Vec<Markup> {
    let cohorts = &report.cohorts;
    let overall = &report.summary.conversion;
    if cohorts.len() < 2 {
        return Vec::new();
    }
    let by_rate = |a: &&Cohort, b: &&Cohort| a.conversion.value.total_cmp(&b.conversion.value);
    let known = || {
        cohorts
            .iter()
            .filter(|cohort| cohort.conversion.value.is_finite())
    };
    let largest = cohorts.iter().rev().max_by_key(|cohort| cohort.size);
    let best = known()
        .filter(|cohort| cohort.conversion.low > overall.value)
        .max_by(by_rate);
    let worst = known()
        .filter(|cohort| cohort.conversion.high < overall.value)
        .min_by(by_rate);
    let vaguest = cohorts
        .iter()
        .filter(|cohort| cohort.silhouette.is_finite() && cohort.silhouette < 0.1)
        .min_by(|a, b| a.silhouette.total_cmp(&b.silhouette));
    let rate = clean(rate_name(overall));
    let mut findings = Vec::new();
    if let Some(cohort) = largest {
        findings.push(html! { (who(cohort)) " is the largest group: " (plural(cohort.size, "user", "users")) ", " (percent(cohort.share)) " of all." });
    }
    if let Some(cohort) = best {
        findings.push(html! {
            (who(cohort)) " leads with a " bdi { (rate) } " of " strong { (percent(cohort.conversion.value)) } ", against " (percent(overall.value)) " overall."
        });
    }
    if let Some(cohort) = worst {
        findings.push(html! {
            (who(cohort)) " trails at " strong { (percent(cohort.conversion.value)) } " (" (interval(cohort.conversion.low, cohort.conversion.high)) "), clearly below the average."
        });
    }
    if let Some(cohort) = vaguest {
        findings.push(html! {
            (who(cohort)) " is the least clear-cut (silhouette " (number(cohort.silhouette, 2)) "): many of its users could as well be in the group next door."
        });
    }
    findings
}

fn who(cohort: &Cohort) -> Markup {
    html! { (badge(cohort.id)) " " a href={ "#group-" (cohort.id) } { (said(&cohort.name)) } }
}
