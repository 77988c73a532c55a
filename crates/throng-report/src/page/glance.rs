//! All groups in one table.

use maud::{Markup, html};

use super::overview::interval;
use super::parts::{label, said, share_bar, wide};
use super::words::rate_name;
use crate::Report;
use crate::format::{capital, clean, count, number, percent};

/// How many traits stand for a group in the table.
const TRAITS: usize = 3;

pub(super) fn section(report: &Report) -> Markup {
    let rate = &report.summary.conversion;
    html! {
        section #glance aria-labelledby="glance-title" {
            h2 #glance-title { "The groups at a glance" }
            @if report.cohorts.is_empty() {
                p { "There are no groups to show." }
            } @else {
                (wide("Table of the groups", html! {
                    table.glance {
                        caption { "Every user is in exactly one group. The numbers are those of the other outputs, so groups can be matched." }
                        thead {
                            tr {
                                th scope="col" { "Group" }
                                th.right scope="col" { "Users" }
                                th scope="col" { "Share" }
                                th.right scope="col" { (capital(&clean(rate_name(rate)))) }
                                th scope="col" { "Stands out by" }
                                th.right scope="col" { "Silhouette" }
                            }
                        }
                        tbody {
                            @for cohort in &report.cohorts {
                                tr {
                                    th scope="row" { (label(report, cohort.id)) }
                                    td.right { (count(cohort.size)) }
                                    td { div.sharing { (share_bar(cohort.id, cohort.share)) span.right { (percent(cohort.share)) } } }
                                    td.right {
                                        (percent(cohort.conversion.value))
                                        div.quiet { (interval(cohort.conversion.low, cohort.conversion.high)) }
                                    }
                                    td.traits {
                                        @for (i, one) in cohort.more.iter().take(TRAITS).enumerate() {
                                            @if i > 0 { ", " }
                                            (said(&one.label))
                                        }
                                        @if cohort.more.is_empty() { "nothing in particular" }
                                    }
                                    td.right { (number(cohort.silhouette, 2)) }
                                }
                            }
                        }
                        tfoot {
                            tr {
                                th scope="row" { "All users" }
                                td.right { (count(report.summary.users)) }
                                td {}
                                td.right {
                                    (percent(rate.value))
                                    div.quiet { (interval(rate.low, rate.high)) }
                                }
                                td {}
                                td.right { (number(report.summary.silhouette_score, 2)) }
                            }
                        }
                    }
                }))
            }
        }
    }
}
