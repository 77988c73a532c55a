//! What a group does more and less than the others, as bars to the right and to the left.

use maud::{Markup, html};

use crate::format::{number, percent, times};
use crate::page::marker::fix;
use crate::page::parts::said;
use crate::page::words::kind;
use crate::{Cohort, Trait};

/// Both sides in one table; `top` log-odds fill half of a bar's room.
pub(super) fn table(cohort: &Cohort, top: f64) -> Markup {
    html! {
        h4 { "What sets them apart" }
        @if cohort.more.is_empty() && cohort.less.is_empty() {
            p { "Nothing here differs clearly from the other users." }
        } @else {
            table.odds {
                caption.sr { "What the group does more and less than others: odds against the other users, share in this group and over all users" }
                thead {
                    tr { td {} td {} th.right scope="col" { "This group" } th.right scope="col" { "All users" } }
                }
                @if !cohort.more.is_empty() { (side("More than others", &cohort.more, top)) }
                @if !cohort.less.is_empty() { (side("Less than others", &cohort.less, top)) }
            }
        }
    }
}

fn side(name: &str, traits: &[Trait], top: f64) -> Markup {
    html! {
        tbody {
            tr { th.side colspan="4" scope="rowgroup" { (name) } }
            @for one in traits {
                tr {
                    th scope="row" { (said(&one.label)) " " span.kind { (said(kind(&one.kind))) } }
                    td.bar { (bar(one, top)) }
                    td.right { (percent(one.share)) }
                    td.right { (percent(one.overall)) }
                }
            }
        }
    }
}

fn bar(one: &Trait, top: f64) -> Markup {
    let log_odds = if one.log_odds.is_finite() {
        one.log_odds
    } else {
        0.0
    };
    let width = (50.0 * log_odds.abs() / top).min(50.0);
    let (start, side) = if log_odds < 0.0 {
        (50.0 - width, "less")
    } else {
        (50.0, "more")
    };
    let (anchor, dx) = if log_odds < 0.0 {
        ("start", "6")
    } else {
        ("end", "-6")
    };
    let odds = times(one.log_odds);
    html! {
        svg.diverging role="img" aria-label={ (odds) " the odds (log-odds " (number(one.log_odds, 2)) ", z " (number(one.z, 1)) ")" } {
            title { (odds) " the odds (log-odds " (number(one.log_odds, 2)) ", z " (number(one.z, 1)) ")" }
            @if width > 0.0 {
                rect class={ "mark " (side) } x={ (fix(start)) "%" } y="4" width={ (fix(width)) "%" } height="12" {}
            }
            line.zero x1="50%" x2="50%" y1="0" y2="20" {}
            text x="50%" dx=(dx) y="14" text-anchor=(anchor) { (odds) }
        }
    }
}
