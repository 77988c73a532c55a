//! `throng doctor`: this machine's devices, checked.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
use common::Place;

#[test]
fn every_device_is_examined_and_the_used_one_decides() {
    let place = Place::new();
    let json = place.run(["doctor", "--json"]).ok().json();
    assert_eq!(json["right"], true, "{json}");
    let devices = json["devices"].as_array().unwrap();
    assert_eq!(json["device"], devices[0]["name"]);
    let used: Vec<_> = devices
        .iter()
        .map(|device| device["used"] == true)
        .collect();
    assert!(used[0] && !used[1..].contains(&true), "{json}");
    let kinds: Vec<_> = devices
        .iter()
        .map(|device| device["kind"].as_str())
        .collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == Some("cpu")).count(), 1);
    assert!(kinds.contains(&Some("software")), "{json}");
    for device in devices {
        assert_eq!(device["right"], true, "{device}");
        assert!(device["flops_per_second"].as_f64().unwrap() > 0.0);
        let checks = device["checks"].as_array().unwrap();
        assert!(checks.len() > 20, "{device}");
        assert!(checks.iter().any(|check| check["outcome"] == "right"));
        assert!(checks.iter().all(|check| check["outcome"] != "wrong"));
    }
}

#[test]
fn a_line_says_what_is_in_use() {
    let place = Place::new();
    let text = place.run(["doctor"]).ok().stdout();
    let first = text.lines().next().unwrap();
    assert!(
        first.starts_with("cpu") && first.ends_with("right, and in use"),
        "{text}"
    );
    assert!(text.contains("checks right in"), "{text}");
}
