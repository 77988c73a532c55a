//! Pieces that several sections use.

use maud::{Markup, Render, html};

use super::marker::{Marker, class, icon};
use crate::format::{NONE, clean};
use crate::{Cohort, Report};

/// A text of the log: on one line, and with a direction of writing of its own, so that it cannot turn what is around it.
pub(super) fn said(text: &str) -> Markup {
    html! { bdi { (clean(text)) } }
}

/// A cluster's marker and number.
pub(super) fn badge(cluster: u32) -> Markup {
    html! { span.badge { (icon(cluster)) span { (cluster) } } }
}

/// A cluster's marker, number and name, linked to its card if it has one.
pub(super) fn label(report: &Report, cluster: u32) -> Markup {
    html! {
        span.label {
            (badge(cluster))
            @if let Some(cohort) = cohort(report, cluster) {
                " " a href={ "#group-" (cluster) } { (said(&cohort.name)) }
            }
        }
    }
}

/// The cohort of a cluster.
pub(super) fn cohort(report: &Report, cluster: u32) -> Option<&Cohort> {
    report.cohorts.iter().find(|cohort| cohort.id == cluster)
}

/// A cluster's name in plain text, for descriptions of pictures.
pub(super) fn name(report: &Report, cluster: u32) -> String {
    match cohort(report, cluster).map(|cohort| clean(&cohort.name)) {
        Some(name) if name != NONE => format!("group {cluster}, {name}"),
        _ => format!("group {cluster}"),
    }
}

/// A box of its own for what may be wider than a phone: it scrolls, by keyboard too, and the page does not.
pub(super) fn wide(what: &str, inside: Markup) -> Markup {
    html! { section.wide aria-label=(what) tabindex="0" { (inside) } }
}

/// A figure with its name and a hint.
pub(super) fn tile(name: &str, figure: &str, hint: impl Render) -> Markup {
    html! {
        div.tile {
            dt { bdi { (name) } }
            dd.figure { (figure) }
            dd.hint { (hint) }
        }
    }
}

/// Something to unfold.
pub(super) fn fold(summary: &str, inside: Markup) -> Markup {
    html! { details { summary { (summary) } (inside) } }
}

/// A horizontal bar of `fraction` of the width, in the cluster's colour.
pub(super) fn share_bar(cluster: u32, fraction: f64) -> Markup {
    let width = if fraction.is_finite() {
        100.0 * fraction.clamp(0.0, 1.0)
    } else {
        0.0
    };
    html! {
        svg class={ "share " (class(cluster)) } aria-hidden="true" focusable="false" {
            rect.track width="100%" height="100%" rx="4" {}
            @if width > 0.0 { rect.mark width={ (super::marker::fix(width.max(0.5))) "%" } height="100%" rx="4" {} }
        }
    }
}

/// A piece of line in the colour of a sign, for what explains a chart; with its mark if the chart has marks.
pub(super) fn key(sign: u32, marked: bool) -> Markup {
    let mut path = String::new();
    Marker::new(sign, 5.0).stamp(&mut path, 17.0, 10.0);
    html! {
        svg class={ "key " (class(sign)) } viewBox="0 0 34 20" aria-hidden="true" focusable="false" {
            path.casing d="M2 10H32" {}
            path.curve d="M2 10H32" {}
            @if marked { path.mark d=(path) {} }
        }
    }
}
