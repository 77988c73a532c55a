//! The HTML page. One file a section; `style.css` is the whole look.

mod card;
mod choice;
mod glance;
mod map;
mod marker;
mod method;
mod overview;
mod parts;
mod scale;
mod silhouette;
mod truth;
mod words;

use maud::{DOCTYPE, Markup, PreEscaped, html as markup};

use crate::Report;
use crate::format::{clean, plural};

const STYLE: &str = include_str!("style.css");

/// Nothing but the page's own styles may load or run, whatever the log holds.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// The report as one self-contained HTML page: no network, no script, every text of the log escaped.
///
/// The same report always gives the same bytes. A map of more than 5,000 points is drawn with an even sample of
/// them, which the page says; [`json`](crate::json) has them all.
pub fn html(report: &Report) -> String {
    let title = clean(&report.title);
    markup! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content="throng";
                title { (title) }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the report" }
                (header(report, &title))
                main #main tabindex="-1" {
                    (overview::section(report))
                    (glance::section(report))
                    (map::section(report))
                    (card::section(report))
                    (choice::section(report))
                    (silhouette::section(report))
                    @if let Some(truth) = &report.truth { (truth::section(truth)) }
                    (method::section(report))
                }
                footer {
                    p { "Made by throng. One file: it loads nothing, sends nothing and runs no script. The same figures come as JSON, unrounded." }
                }
            }
        }
    }
    .into_string()
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
