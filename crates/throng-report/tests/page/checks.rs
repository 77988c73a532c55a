//! What holds of every page, whatever it reports.

use std::collections::HashSet;

use super::{Element, Page};

pub fn references_lead_somewhere(page: &Page) {
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
}

pub fn nothing_is_loaded_and_nothing_runs(text: &str) {
    let page = Page::read(text);
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

pub fn headings_descend_one_level_at_a_time(page: &Page) {
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

pub fn keyboard_and_screen_reader_find_their_way(page: &Page) {
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

/// The page's skeleton: what a text must not change.
pub fn skeleton(page: &Page) -> Vec<(String, Vec<String>)> {
    let shape = |element: &Element| {
        (
            element.name.clone(),
            element.attributes.keys().cloned().collect(),
        )
    };
    page.elements.iter().map(shape).collect()
}

/// Not a number, infinite or a NaN of a format: nothing of the kind may reach the reader.
pub fn no_nan(page: &Page) {
    for element in &page.elements {
        for (key, value) in &element.attributes {
            assert!(
                !value.contains("NaN") && !value.contains("inf"),
                "{key}={value}"
            );
        }
    }
    assert!(!page.text().contains("NaN"));
    assert!(
        !page
            .text()
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| word == "inf")
    );
}
