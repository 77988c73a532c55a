//! A strict reader of the pages we write: every tag closed in order, every attribute quoted and said once.
//! Browsers forgive more; a page that passes here has nothing to be forgiven.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod checks;

use std::collections::BTreeMap;

/// Texts that would do something if they were not escaped.
pub const NASTY: [&str; 9] = [
    "</script><script>alert(1)</script>",
    "<b>bold</b>",
    "<img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "' style='position:fixed",
    "</style></title></svg>]]>-->",
    "=cmd|' /C calc'!A0",
    "&lt;b&gt;&#60;&amp",
    "\u{202e}txt.exe\u{0}\u{1b}[31m\r\n{{7*7}}",
];

const VOID: [&str; 3] = ["meta", "link", "br"];

/// One element, in document order.
#[derive(Debug, Default)]
pub struct Element {
    pub name: String,
    pub attributes: BTreeMap<String, String>,
    /// All text inside, unescaped.
    pub text: String,
    /// Names of the elements around it, outermost first.
    pub inside: Vec<String>,
}

impl Element {
    pub fn get(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).map(String::as_str)
    }
}

/// A page that was read.
pub struct Page {
    pub elements: Vec<Element>,
}

impl Page {
    /// Reads a page, or panics where it is not well formed.
    pub fn read(html: &str) -> Self {
        let mut rest = html.strip_prefix("<!DOCTYPE html>").expect("doctype");
        let mut elements: Vec<Element> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        while !rest.is_empty() {
            let Some(after) = rest.strip_prefix('<') else {
                let end = rest.find('<').unwrap_or(rest.len());
                let text = unescape(&rest[..end]);
                assert!(
                    !open.is_empty() || text.trim().is_empty(),
                    "text outside: {text}"
                );
                open.iter().for_each(|&i| elements[i].text.push_str(&text));
                rest = &rest[end..];
                continue;
            };
            let (tag, after) = split_tag(after);
            rest = after;
            if let Some(name) = tag.strip_prefix('/') {
                let last = open.pop().expect("an open element");
                assert_eq!(elements[last].name, name, "closed out of order");
                continue;
            }
            let inside = open.iter().map(|&i| elements[i].name.clone()).collect();
            let element = element(tag, inside);
            let (void, style) = (
                VOID.contains(&element.name.as_str()),
                element.name == "style",
            );
            elements.push(element);
            if style {
                // Style is raw text: it ends at its end tag and nowhere else.
                let end = rest.find("</").expect("end of style");
                elements.last_mut().unwrap().text = rest[..end].to_owned();
                rest = rest[end..].strip_prefix("</style>").expect("end of style");
            } else if !void {
                open.push(elements.len() - 1);
            }
        }
        assert!(open.is_empty(), "not closed: {open:?}");
        Self { elements }
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements
            .iter()
            .filter(move |element| element.name == name)
    }

    pub fn text(&self) -> &str {
        &self.all("body").next().expect("a body").text
    }

    pub fn with_id(&self, id: &str) -> &Element {
        let mut found = self
            .elements
            .iter()
            .filter(|element| element.get("id") == Some(id));
        found
            .next()
            .unwrap_or_else(|| panic!("no element has the id {id}"))
    }
}

/// The tag up to its `>`, which may also stand inside a quoted value.
fn split_tag(text: &str) -> (&str, &str) {
    let mut quoted = false;
    for (i, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '>' if !quoted => return (&text[..i], &text[i + 1..]),
            _ => {}
        }
    }
    panic!(
        "a tag without end: {}",
        text.chars().take(60).collect::<String>()
    );
}

fn element(tag: &str, inside: Vec<String>) -> Element {
    let (name, mut rest) = tag.split_at(tag.find(' ').unwrap_or(tag.len()));
    assert!(
        name.chars().all(|c| c.is_ascii_alphanumeric()) && !name.is_empty(),
        "tag {tag}"
    );
    let mut attributes = BTreeMap::new();
    while !rest.is_empty() {
        rest = rest
            .strip_prefix(' ')
            .unwrap_or_else(|| panic!("no space before {rest}"));
        let (key, after) = rest
            .split_once("=\"")
            .unwrap_or_else(|| panic!("attribute without value: {rest}"));
        assert!(
            key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'),
            "attribute {key}"
        );
        let (value, after) = after.split_once('"').expect("a closing quote");
        let twice = attributes.insert(key.to_owned(), unescape(value));
        assert!(twice.is_none(), "{key} twice in {tag}");
        rest = after;
    }
    Element {
        name: name.to_owned(),
        attributes,
        text: String::new(),
        inside,
    }
}

fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>']) {
        plain.push_str(&rest[..at]);
        let known = [
            ("&amp;", '&'),
            ("&lt;", '<'),
            ("&gt;", '>'),
            ("&quot;", '"'),
        ];
        let (entity, character) = known
            .into_iter()
            .find(|(entity, _)| rest[at..].starts_with(entity))
            .unwrap_or_else(|| panic!("not escaped: {}", &rest[at..]));
        plain.push(character);
        rest = &rest[at + entity.len()..];
    }
    plain + rest
}
