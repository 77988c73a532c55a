//! Reports with little or nothing in them, and figures that are not numbers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fixture;
mod page;

use page::Page;
use page::checks::no_nan;
use throng_report::{Candidate, Rate, Report, html, json};

fn read(report: &Report) -> Page {
    json(report).unwrap();
    Page::read(&html(report))
}

fn nothing() -> Rate {
    Rate {
        what: String::new(),
        value: f64::NAN,
        low: f64::NAN,
        high: f64::NAN,
        count: 0,
        of: 0,
    }
}

#[test]
fn an_empty_report() {
    let mut report = fixture::report();
    report.title.clear();
    let summary = &mut report.summary;
    (
        summary.rows,
        summary.events,
        summary.users,
        summary.items,
        summary.k,
    ) = (0, 0, 0, 0, 0);
    (summary.first, summary.last) = (String::new(), String::new());
    (summary.sources, summary.actions, summary.dropped) = (vec![], vec![], vec![]);
    (
        summary.silhouette_score,
        summary.stability,
        summary.conversion,
    ) = (f64::NAN, None, nothing());
    report.selection.searched = false;
    report.selection.chosen = 0;
    report.selection.reasons.clear();
    report.selection.candidates.clear();
    report.map.points.clear();
    report.silhouette.clear();
    report.cohorts.clear();
    report.truth = None;
    report.notes.clear();
    let page = read(&report);
    no_nan(&page);
    assert!(page.text().contains("There are no groups to show."));
    for href in page.all("a").filter_map(|a| a.get("href")) {
        // Panics if it leads nowhere.
        page.with_id(href.strip_prefix('#').unwrap());
    }
}

#[test]
fn one_group_without_candidates() {
    let mut report = fixture::report();
    report.cohorts.truncate(1);
    report.silhouette.truncate(1);
    report.silhouette[0].values.clear();
    report.silhouette[0].mean = f64::NAN;
    report.summary.k = 1;
    report.summary.silhouette_score = f64::NAN;
    report.selection.searched = false;
    report.selection.chosen = 1;
    report.selection.candidates.clear();
    report.map.points.retain(|point| point.cluster == 0);
    report.map.points.truncate(1);
    let page = read(&report);
    no_nan(&page);
    assert!(page.text().contains("Why 1 group?"));
    assert!(page.text().contains("needs two groups or more"));
    assert!(
        page.all("figure")
            .all(|figure| figure.get("class") != Some("panel"))
    );
}

#[test]
fn one_candidate_is_a_table_and_no_plot() {
    let mut report = fixture::report();
    report.selection.candidates.truncate(1);
    let page = read(&report);
    assert!(
        page.all("figure")
            .all(|figure| figure.get("class") != Some("panel"))
    );
    assert!(page.text().contains("All measures as a table"));
}

#[test]
fn groups_without_anything_to_say() {
    let mut report = fixture::report();
    for cohort in &mut report.cohorts {
        (cohort.facts, cohort.more, cohort.less, cohort.typical) = (vec![], vec![], vec![], vec![]);
        cohort.name.clear();
        cohort.conversion = nothing();
    }
    let page = read(&report);
    no_nan(&page);
    assert!(page.text().contains("Nothing here differs clearly"));
}

#[test]
fn figures_that_are_not_numbers_are_dashes() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut report = fixture::report();
        report.summary.silhouette_score = bad;
        report.summary.stability = Some(bad);
        report.summary.conversion = Rate {
            value: bad,
            low: bad,
            high: bad,
            ..nothing()
        };
        report.map.explained = [bad; 2];
        let mut points = report.map.points.iter_mut();
        points.next().unwrap().x = bad as f32;
        points.next().unwrap().y = bad as f32;
        report.silhouette[1].mean = bad;
        report.silhouette[1].values.fill(bad as f32);
        let candidate = |k| Candidate {
            k,
            inertia: bad,
            silhouette_score: bad,
            calinski_harabasz_score: bad,
            davies_bouldin_score: bad,
            balance: bad,
            stability: Some(bad),
            recovery: Some(bad),
            valley: Some(bad),
        };
        report.selection.candidates = (2..9).map(candidate).collect();
        report.truth.as_mut().unwrap().adjusted_rand_score = bad;
        for cohort in &mut report.cohorts {
            (cohort.share, cohort.silhouette) = (bad, bad);
            cohort.conversion = Rate {
                value: bad,
                low: bad,
                high: bad,
                ..nothing()
            };
            for one in cohort.more.iter_mut().chain(&mut cohort.less) {
                (one.log_odds, one.z, one.share, one.overall) = (bad, bad, bad, bad);
            }
        }
        let page = read(&report);
        no_nan(&page);
        let figures = page
            .all("dd")
            .filter(|dd| dd.get("class") == Some("figure") && dd.text == "–");
        assert_eq!(figures.count(), 3, "silhouette, stability and rate");
    }
}

#[test]
fn users_in_one_place_are_still_a_map() {
    let mut report = fixture::report();
    report
        .map
        .points
        .iter_mut()
        .for_each(|point| (point.x, point.y) = (3.0, -1.0));
    no_nan(&read(&report));
    report
        .map
        .points
        .iter_mut()
        .for_each(|point| (point.x, point.y) = (f32::MAX, f32::MIN));
    report.map.points[0].x = f32::MIN;
    no_nan(&read(&report));
}

#[test]
fn many_groups_each_have_a_sign_of_their_own() {
    let mut report = fixture::report();
    let cohort = report.cohorts[0].clone();
    let band = report.silhouette[0].clone();
    report.cohorts = (0..24)
        .map(|id| throng_report::Cohort {
            id,
            name: format!("Group named {id}"),
            ..cohort.clone()
        })
        .collect();
    report.silhouette = (0..24)
        .map(|cluster| throng_report::SilhouetteBand {
            cluster,
            ..band.clone()
        })
        .collect();
    report
        .map
        .points
        .iter_mut()
        .enumerate()
        .for_each(|(i, point)| point.cluster = i as u32 % 24);
    let page = read(&report);
    let icons = page.all("svg").zip(1..).filter(|(svg, _)| {
        svg.get("class")
            .is_some_and(|class| class.starts_with("icon"))
    });
    assert!(icons.count() >= 24 * 3);
    assert_eq!(page.all("article").count(), 24);
}

#[test]
fn a_table_of_truth_with_ragged_rows() {
    let mut report = fixture::report();
    let truth = report.truth.as_mut().unwrap();
    truth.table[2].truncate(1);
    truth.names.truncate(3);
    let page = read(&report);
    let table = page
        .all("table")
        .find(|table| table.get("class") == Some("confusion"))
        .unwrap();
    assert!(table.text.contains("Known group 5"));
}
