//! The JSON holds what the page shows, unrounded, and is read back.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fixture;
mod same;

use same::same;
use serde_json::Value;
use throng_report::{Report, json};

#[test]
fn it_is_read_back_whole() {
    let report = fixture::report();
    let text = json(&report).unwrap();
    let back: Report = serde_json::from_str(&text).unwrap();
    let (report, mut back) = (
        serde_json::to_value(&report).unwrap(),
        serde_json::to_value(&back).unwrap(),
    );
    assert!(same(&report, &back));
    back["cohorts"][3]["more"][1]["share"] = 0.020_000_1.into();
    assert!(!same(&report, &back), "the comparison is blind");
}

#[test]
fn figures_are_written_to_the_last_bit() {
    let report = fixture::report();
    let text = json(&report).unwrap();
    let rate = report.cohorts[1].conversion.value;
    assert!(text.contains(&format!("\"value\":{rate:?},")), "{rate:?}");
    let x = report.map.points[2].x;
    assert!(text.contains(&format!("\"x\":{x:?},")), "{x:?}");
}

#[test]
fn names_and_numbers_are_the_contracts() {
    let report = fixture::report();
    let value: Value = serde_json::from_str(&json(&report).unwrap()).unwrap();
    let at = |path: &str| {
        value
            .pointer(path)
            .unwrap_or_else(|| panic!("no {path}"))
            .clone()
    };
    assert_eq!(at("/summary/silhouette_score"), 0.328);
    assert_eq!(at("/summary/rows"), 541_909);
    assert_eq!(
        at("/selection/candidates/4/calinski_harabasz_score"),
        1481.7
    );
    assert_eq!(at("/selection/candidates/4/davies_bouldin_score"), 1.18);
    assert_eq!(at("/cohorts/2/conversion/count"), 96);
    assert_eq!(at("/cohorts/0/more/0/log_odds"), 2.41);
    assert_eq!(at("/truth/adjusted_rand_score"), 0.938);
    assert_eq!(at("/map/explained/1"), 0.187);
    assert_eq!(at("/summary/dropped/0/name"), "missing_user");
}

#[test]
fn what_is_not_finite_is_null_and_comes_back_as_nan() {
    let mut report = fixture::report();
    report.summary.silhouette_score = f64::NAN;
    report.map.explained[1] = f64::INFINITY;
    report.map.points[0].x = f32::NAN;
    report.silhouette[0].values[3] = f32::NAN;
    let text = json(&report).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert!(value["summary"]["silhouette_score"].is_null());
    let back: Report = serde_json::from_str(&text).unwrap();
    assert!(back.summary.silhouette_score.is_nan() && back.map.explained[1].is_nan());
    assert!(back.map.points[0].x.is_nan() && back.silhouette[0].values[3].is_nan());
    assert_eq!(back.map.points[0].y, report.map.points[0].y);
}

#[test]
fn hostile_texts_come_back_as_they_were() {
    let mut report = fixture::report();
    let nasty = "</script>\"\\\u{0}=cmd()\u{202e}\n";
    report.cohorts[0].more[0].label = nasty.to_owned();
    let back: Report = serde_json::from_str(&json(&report).unwrap()).unwrap();
    assert_eq!(back.cohorts[0].more[0].label, nasty);
}
