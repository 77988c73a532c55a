//! Texts of the log do nothing: in the page they are text, whatever they look like.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fixture;
mod page;

use page::checks::skeleton;
use page::{NASTY, Page};
use throng_report::{Report, html, json};

/// The report with `text` wherever a text can be.
fn with(text: &str) -> Report {
    let mut report = fixture::report();
    let put = |to: &mut String| *to = text.to_owned();
    let summary = &mut report.summary;
    put(&mut report.title);
    for to in [
        &mut summary.first,
        &mut summary.last,
        &mut summary.columns,
        &mut summary.encoder,
        &mut summary.device,
    ] {
        put(to);
    }
    summary.sources = vec![text.to_owned(); 2];
    summary
        .actions
        .iter_mut()
        .chain(&mut summary.dropped)
        .for_each(|one| put(&mut one.name));
    summary.conversion.what = format!("{text}: {text}");
    report.selection.reasons = vec![text.to_owned()];
    report.notes = vec![text.to_owned()];
    report
        .map
        .points
        .iter_mut()
        .for_each(|point| point.user = Some(text.to_owned()));
    report
        .truth
        .as_mut()
        .unwrap()
        .names
        .iter_mut()
        .for_each(put);
    for cohort in &mut report.cohorts {
        cohort.name = text.to_owned();
        cohort.conversion.what = text.to_owned();
        for fact in &mut cohort.facts {
            for to in [&mut fact.label, &mut fact.value, &mut fact.overall] {
                *to = text.to_owned();
            }
        }
        for one in cohort.more.iter_mut().chain(&mut cohort.less) {
            for to in [&mut one.kind, &mut one.label] {
                *to = text.to_owned();
            }
        }
        for user in &mut cohort.typical {
            user.user = text.to_owned();
            user.steps
                .iter_mut()
                .for_each(|step| *step = text.to_owned());
        }
    }
    report
}

#[test]
fn hostile_texts_are_text() {
    let harmless = skeleton(&Page::read(&html(&with("plain"))));
    for text in NASTY {
        // The reader panics on anything that is not escaped.
        let page = Page::read(&html(&with(text)));
        assert_eq!(skeleton(&page), harmless, "{text:?}");
        assert!(page.all("script").next().is_none());
        let shown: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        assert!(
            page.text().matches(shown.trim()).count() > 100,
            "{text:?} is not shown"
        );
        assert!(!page.text().chars().any(|c| c.is_control() && c != '\n'));
    }
}

#[test]
fn names_keep_their_direction_to_themselves() {
    let page = Page::read(&html(&with("\u{202e}name")));
    let isolated = page
        .elements
        .iter()
        .filter(|element| element.name == "bdi" && element.text.contains('\u{202e}'))
        .count();
    assert!(isolated > 100);
}

#[test]
fn very_long_texts_are_cut_in_the_page_and_whole_in_the_json() {
    let long = "ab".repeat(50_000);
    let mut report = fixture::report();
    report.cohorts[0].more[0].label = long.clone();
    assert!(html(&report).len() < html(&fixture::report()).len() + 2_000);
    assert!(json(&report).unwrap().contains(&long));
}

#[test]
fn the_comparison_sees_an_unescaped_text() {
    let page = html(&with("plain")).replacen("plain", "<b>plain</b>", 1);
    let caught = std::panic::catch_unwind(|| skeleton(&Page::read(&page))).ok();
    assert_ne!(caught, Some(skeleton(&Page::read(&html(&with("plain"))))));
}
