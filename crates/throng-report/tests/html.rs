//! The page: well formed, self-contained, accessible in what can be read off it, and of the report's figures.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fixture;
mod page;

use page::{Page, checks};
use throng_report::{Report, html};

fn sample() -> (Report, Page) {
    let report = fixture::report();
    let page = Page::read(&html(&report));
    (report, page)
}

#[test]
fn ids_are_unique_and_references_lead_somewhere() {
    let (_, page) = sample();
    checks::references_lead_somewhere(&page);
    let ids = page
        .elements
        .iter()
        .filter(|element| element.get("id").is_some());
    assert!(ids.count() > 30);
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    checks::nothing_is_loaded_and_nothing_runs(&html(&fixture::report()));
}

#[test]
fn headings_descend_one_level_at_a_time() {
    checks::headings_descend_one_level_at_a_time(&sample().1);
}

#[test]
fn keyboard_and_screen_reader_find_their_way() {
    checks::keyboard_and_screen_reader_find_their_way(&sample().1);
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
