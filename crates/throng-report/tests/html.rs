//! The page: well formed, self-contained, accessible in what can be read off it, and of the report's figures.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fixture;
mod page;

use std::collections::HashSet;

use page::Page;
use throng_report::{Report, html};

fn sample() -> (Report, Page) {
    let report = fixture::report();
    let page = Page::read(&html(&report));
    (report, page)
}

#[test]
fn ids_are_unique_and_references_lead_somewhere() {
    let (_, page) = sample();
    let mut ids = HashSet::new();
    for element in &page.elements {
        if let Some(id) = element.get("id") {
            assert!(ids.insert(id), "{id} twice");
        }
    }
    for element in &page.elements {
        if let Some(target) = element.get("href").and_then(|href| href.strip_prefix('#')) {
            assert!(ids.contains(target), "no {target}");
        }
        for label in element
            .get("aria-labelledby")
            .unwrap_or_default()
            .split_whitespace()
        {
            assert!(ids.contains(label), "no {label}");
        }
    }
    assert!(ids.len() > 30);
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    let (report, page) = sample();
    let text = html(&report);
    for outside in [
        "http:",
        "https:",
        "//",
        "url(",
        "@import",
        "<script",
        "javascript:",
        "<iframe",
        "<img",
        "src=",
    ] {
        assert!(!text.contains(outside), "{outside}");
    }
    for element in &page.elements {
        for (key, value) in &element.attributes {
            assert!(!key.starts_with("on"), "{key}");
            assert!(
                key != "href" || value.starts_with('#') || value == "data:,",
                "{value}"
            );
        }
    }
    let policy = page
        .all("meta")
        .find(|meta| meta.get("http-equiv") == Some("Content-Security-Policy"))
        .unwrap();
    let content = policy.get("content").unwrap();
    for rule in [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
    ] {
        assert!(content.contains(rule));
    }
    assert!(!content.contains("script-src"));
}

#[test]
fn headings_descend_one_level_at_a_time() {
    let (_, page) = sample();
    let levels = page
        .elements
        .iter()
        .filter_map(|element| match element.name.as_str() {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => element.name[1..].parse::<u32>().ok(),
            _ => None,
        });
    let levels: Vec<u32> = levels.collect();
    assert_eq!(levels[0], 1);
    assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
    for pair in levels.windows(2) {
        assert!(pair[1] <= pair[0] + 1, "{levels:?}");
    }
}

#[test]
fn keyboard_and_screen_reader_find_their_way() {
    let (_, page) = sample();
    assert_eq!(page.all("html").next().unwrap().get("lang"), Some("en"));
    let body = page
        .elements
        .iter()
        .position(|element| element.name == "body")
        .unwrap();
    let skip = &page.elements[body + 1];
    assert_eq!((skip.name.as_str(), skip.get("href")), ("a", Some("#main")));
    assert_eq!(page.with_id("main").name, "main");
    for landmark in ["header", "nav", "main", "footer"] {
        assert!(page.all(landmark).next().is_some(), "{landmark}");
    }
    for svg in page.all("svg") {
        let named = svg.get("role") == Some("img")
            && (svg.get("aria-labelledby").is_some() || svg.get("aria-label").is_some());
        let quiet = svg.get("aria-hidden") == Some("true")
            || svg.inside.len() > 1 && svg.get("class") == Some("ticks");
        assert!(named || quiet, "{svg:?}");
    }
    for table in page.all("table") {
        assert!(!table.text.is_empty());
    }
    assert_eq!(page.all("table").count(), page.all("caption").count());
    assert!(page.all("th").all(|th| th.get("scope").is_some()));
    let wide = page
        .all("section")
        .filter(|section| section.get("class") == Some("wide"));
    for wide in wide {
        assert_eq!(wide.get("tabindex"), Some("0"));
        assert!(wide.get("aria-label").is_some());
    }
    let style = &page.all("style").next().unwrap().text;
    for part in [
        ":focus-visible",
        "prefers-color-scheme: dark",
        "@media print",
        "forced-colors",
    ] {
        assert!(style.contains(part), "{part}");
    }
}

#[test]
fn the_figures_are_the_reports() {
    let (report, page) = sample();
    let text = page.text();
    for figure in [
        "392,692",
        "4,338",
        "3,665",
        "374",
        "1 Dec 2010 – 9 Dec 2011",
        "61.2%",
        "541,909",
        "149,217",
        "27.5%",
        "135,080",
        "0.938",
        "0.621",
    ] {
        assert!(text.contains(figure), "{figure}");
    }
    for cohort in &report.cohorts {
        let card = page.with_id(&format!("group-{}", cohort.id));
        assert!(card.text.contains(&cohort.name));
        let rate = format!("{:.1}%", 100.0 * cohort.conversion.value);
        assert!(card.text.contains(&rate), "{rate}");
        for one in cohort.more.iter().chain(&cohort.less) {
            assert!(card.text.contains(&one.label), "{}", one.label);
        }
        for fact in &cohort.facts {
            assert!(card.text.contains(&fact.value), "{}", fact.value);
        }
    }
    let choice = page
        .elements
        .iter()
        .find(|element| element.get("id") == Some("choice"))
        .unwrap();
    for candidate in &report.selection.candidates {
        assert!(
            choice
                .text
                .contains(&format!("{:.3}", candidate.silhouette_score))
        );
        assert!(
            choice
                .text
                .contains(&format!("{:.3}", candidate.davies_bouldin_score))
        );
    }
}

#[test]
fn bars_are_as_long_as_their_log_odds() {
    let (report, page) = sample();
    let widths = page
        .all("rect")
        .filter(|rect| matches!(rect.get("class"), Some("mark more" | "mark less")));
    let widths: Vec<f64> = widths
        .map(|rect| {
            rect.get("width")
                .unwrap()
                .trim_end_matches('%')
                .parse()
                .unwrap()
        })
        .collect();
    let odds: Vec<f64> = report
        .cohorts
        .iter()
        .flat_map(|cohort| cohort.more.iter().chain(&cohort.less))
        .map(|one| one.log_odds.abs())
        .collect();
    let top = odds.iter().copied().fold(0.0, f64::max);
    assert_eq!(widths.len(), odds.len());
    for (width, odds) in widths.iter().zip(&odds) {
        // Widths are written to two decimals.
        assert!(
            (width - 50.0 * odds / top).abs() <= 0.0051,
            "{width} {odds}"
        );
    }
}

#[test]
fn the_map_is_one_path_a_group_with_every_point() {
    let (report, page) = sample();
    let paths: Vec<_> = page
        .all("path")
        .filter(|path| {
            path.get("class")
                .is_some_and(|class| class.starts_with("mark dots"))
        })
        .collect();
    assert_eq!(paths.len(), report.cohorts.len());
    let stamped: usize = paths
        .iter()
        .map(|path| path.get("d").unwrap().matches('M').count())
        .sum();
    assert_eq!(stamped, report.map.points.len());
}

#[test]
fn a_map_of_very_many_is_thinned_and_says_so() {
    let mut report = fixture::report();
    let point = report.map.points[0].clone();
    report.map.points = (0..12_000)
        .map(|i| throng_report::Point {
            x: i as f32,
            ..point.clone()
        })
        .collect();
    report.map.shown_of = 70_000;
    let page = Page::read(&html(&report));
    assert!(page.text().contains("4,000 of 70,000 users shown"));
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    assert_eq!(html(&fixture::report()), html(&fixture::report()));
}

#[test]
fn a_changed_figure_changes_the_page() {
    let before = html(&fixture::report());
    let mut report = fixture::report();
    report.cohorts[2].more[0].share += 0.01;
    assert_ne!(html(&report), before);
}
