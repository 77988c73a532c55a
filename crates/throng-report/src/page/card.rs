//! One card a group: who they are, how they convert, what they do more and less, and typical users.

mod steps;
mod traits;

use maud::{Markup, html};

use super::marker::{class, fix, icon};
use super::overview::interval;
use super::parts::{said, share_bar};
use super::scale::ticks;
use super::words::{against, membership, rate_name};
use crate::format::{capital, clean, count, number, percent, plural};
use crate::{Cohort, Rate, Report};

pub(super) fn section(report: &Report) -> Markup {
    let common = Common::new(report);
    html! {
        section #groups aria-labelledby="groups-title" {
            h2 #groups-title { "Group by group" }
            @if report.cohorts.is_empty() { p { "There are no groups to show." } }
            @for cohort in &report.cohorts { (card(cohort, &common)) }
        }
    }
}

/// What all cards share, so that they can be compared at a glance.
struct Common<'a> {
    overall: &'a Rate,
    /// Right end of the rate's axis.
    top_rate: f64,
    /// Log-odds that fill half the width.
    top_odds: f64,
}

impl<'a> Common<'a> {
    fn new(report: &'a Report) -> Self {
        let overall = &report.summary.conversion;
        let rates = report
            .cohorts
            .iter()
            .map(|cohort| &cohort.conversion)
            .chain([overall]);
        let highest = rates
            .flat_map(|rate| [rate.value, rate.high])
            .filter(|v| v.is_finite())
            .fold(0.0, f64::max);
        let traits = report
            .cohorts
            .iter()
            .flat_map(|cohort| cohort.more.iter().chain(&cohort.less));
        let odds = traits
            .map(|one| one.log_odds.abs())
            .filter(|v| v.is_finite())
            .fold(1.0, f64::max);
        Self {
            overall,
            top_rate: ticks(0.0, highest, 4)
                .last()
                .copied()
                .unwrap_or(1.0)
                .min(1.0),
            top_odds: odds,
        }
    }
}

fn card(cohort: &Cohort, common: &Common) -> Markup {
    let id = cohort.id;
    html! {
        article class={ "card " (class(id)) } id={ "group-" (id) } aria-labelledby={ "group-" (id) "-title" } {
            header {
                h3 id={ "group-" (id) "-title" } { (icon(id)) span.number { (id) } " " (said(&cohort.name)) }
                div.sharing.large {
                    (share_bar(id, cohort.share))
                    span { strong { (plural(cohort.size, "user", "users")) } ", " (percent(cohort.share)) " of all" }
                }
            }
            div.halves {
                div {
                    (rate(cohort, common))
                    @if !cohort.facts.is_empty() { (facts(cohort)) }
                    p.quiet {
                        "Silhouette " (number(cohort.silhouette, 2))
                        @if cohort.silhouette.is_finite() { ": " (membership(cohort.silhouette)) }
                        "."
                    }
                }
                div { (traits::table(cohort, common.top_odds)) }
            }
            @if !cohort.typical.is_empty() { (steps::typical(cohort)) }
        }
    }
}

/// The group's rate with its interval, over the average of all users.
fn rate(cohort: &Cohort, common: &Common) -> Markup {
    let rate = &cohort.conversion;
    let name = capital(&clean(rate_name(common.overall)));
    let at = |value: f64| {
        format!(
            "{}%",
            fix(2.0 + 96.0 * (value / common.top_rate).clamp(0.0, 1.0))
        )
    };
    html! {
        h4 { bdi { (name) } }
        p.rate { strong { (percent(rate.value)) } " " span.quiet { (interval(rate.low, rate.high)) } }
        svg.interval role="img" aria-labelledby={ "rate-" (cohort.id) } {
            title id={ "rate-" (cohort.id) } {
                (percent(rate.value)) ", 95% interval " (interval(rate.low, rate.high)) "; all users " (percent(common.overall.value))
            }
            line.track x1="2%" x2="98%" y1="12" y2="12" {}
            @if common.overall.value.is_finite() {
                line.average x1=(at(common.overall.value)) x2=(at(common.overall.value)) y1="2" y2="22" {}
            }
            @if rate.low.is_finite() && rate.high.is_finite() {
                line.span x1=(at(rate.low)) x2=(at(rate.high)) y1="12" y2="12" {}
            }
            @if rate.value.is_finite() { circle.mark cx=(at(rate.value)) cy="12" r="6" {} }
            text x="2%" y="38" { "0%" }
            text x="98%" y="38" text-anchor="end" { (number(100.0 * common.top_rate, 0)) "%" }
        }
        p.quiet {
            (count(rate.count)) " of " (plural(rate.of, "user", "users")) "; " (against(rate, common.overall.value))
            " of " (percent(common.overall.value)) " (dashed)."
        }
    }
}

fn facts(cohort: &Cohort) -> Markup {
    html! {
        table.facts {
            caption.sr { "Figures of the group beside those of all users" }
            thead { tr { td {} th.right scope="col" { "This group" } th.right scope="col" { "All users" } } }
            tbody {
                @for fact in &cohort.facts {
                    tr {
                        th scope="row" { bdi { (capital(&clean(&fact.label))) } }
                        td.right { strong { (said(&fact.value)) } }
                        td.right { (said(&fact.overall)) }
                    }
                }
            }
        }
    }
}
