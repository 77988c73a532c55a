//! The HTML pages. One file a section; `style.css` is the whole look.

mod card;
mod chart;
mod choice;
mod document;
mod glance;
mod map;
mod marker;
mod method;
mod overview;
mod parts;
mod scale;
mod silhouette;
pub(crate) mod training;
mod truth;
mod words;

use maud::{Markup, html as markup};

use crate::Report;
use crate::format::{clean, plural};

/// The report as one self-contained HTML page: no network, no script, every text of the log escaped.
///
/// The same report always gives the same bytes. A map of more than 5,000 points is drawn with an even sample of
/// them, which the page says; [`json`](crate::json) has them all.
pub fn html(report: &Report) -> String {
    let title = clean(&report.title);
    let main = markup! {
        (overview::section(report))
        (glance::section(report))
        (map::section(report))
        (card::section(report))
        (choice::section(report))
        (silhouette::section(report))
        @if let Some(truth) = &report.truth { (truth::section(truth)) }
        (method::section(report))
    };
    document::page(&title, header(report, &title), main)
}

fn header(report: &Report, title: &str) -> Markup {
    let many = report.cohorts.len() > 1;
    markup! {
        header {
            p.eyebrow { "Customer groups" }
            h1 { bdi { (title) } }
            p.lede { (overview::lede(report)) }
            nav aria-label="Sections" {
                ul {
                    li { a href="#overview" { "Overview" } }
                    li { a href="#glance" { (capital_groups(report)) } }
                    @if !report.map.points.is_empty() { li { a href="#map" { "Map" } } }
                    @if many { li { a href="#groups" { "Group by group" } } }
                    @else { li { a href="#groups" { "The group" } } }
                    li { a href="#choice" { "Why so many" } }
                    @if !report.silhouette.is_empty() { li { a href="#silhouette" { "How distinct" } } }
                    @if report.truth.is_some() { li { a href="#truth" { "Against the truth" } } }
                    li { a href="#method" { "Data and method" } }
                }
            }
        }
    }
}

fn capital_groups(report: &Report) -> String {
    format!(
        "The {}",
        plural(report.cohorts.len() as u64, "group", "groups")
    )
}
