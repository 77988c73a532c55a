//! Small logs in temporary folders.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc
)]

use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;

use flate2::{Compression, write::GzEncoder};
use throng_events::{CleanOptions, EventLog, EventsError, Read, ReadOptions, Source, format_time};

/// A folder that goes away.
pub struct Folder(pub tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> Source {
        std::fs::write(self.path(name), content).unwrap();
        Source::Path(self.path(name))
    }

    /// A message, with this folder's path taken out.
    pub fn message(&self, error: &EventsError) -> String {
        let message = error.to_string();
        assert!(!message.contains('\n'), "{message}");
        self.message_of(&message)
    }

    /// A line, with this folder's path taken out.
    pub fn message_of(&self, line: &str) -> String {
        line.replace(&format!("{}/", self.0.path().display()), "")
    }
}

pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

pub fn read_with(
    sources: &[Source],
    read: &ReadOptions,
    clean: &CleanOptions,
) -> Result<Read, EventsError> {
    throng_events::read(sources, read, clean, &mut |_| ControlFlow::Continue(()))
}

/// Reads one file by the defaults.
pub fn read_file(source: Source) -> Result<Read, EventsError> {
    read_with(&[source], &ReadOptions::default(), &CleanOptions::default())
}

/// Reads text by options.
pub fn read_text(
    text: impl AsRef<[u8]>,
    read: impl FnOnce(&mut ReadOptions),
    clean: impl FnOnce(&mut CleanOptions),
) -> Result<Read, EventsError> {
    let folder = Folder::new();
    let (mut r, mut c) = (ReadOptions::default(), CleanOptions::default());
    read(&mut r);
    clean(&mut c);
    read_with(&[folder.file("log", text)], &r, &c)
}

/// Everything that a log says, one line an event, without the numbers of symbols.
pub fn lines(log: &EventLog) -> Vec<String> {
    let mut out = Vec::new();
    for (u, id) in log.users.iter().enumerate() {
        for e in log.user(u) {
            let name = |s: Option<&str>| s.unwrap_or("-").to_owned();
            let number = |v: Option<f64>| v.map_or("-".to_owned(), |v| v.to_string());
            out.push(
                [
                    id.clone(),
                    format_time(e.time),
                    log.actions.name(e.action).to_owned(),
                    name(e.item.map(|s| log.items.name(s))),
                    name(e.text.map(|s| log.texts.name(s))),
                    name(e.category.map(|s| log.categories.name(s))),
                    name(e.session.map(|s| log.sessions.name(s))),
                    number(e.quantity),
                    number(e.value),
                ]
                .join("|"),
            );
        }
    }
    out
}

/// Fails unless two logs are the same in every field.
pub fn assert_same(a: &EventLog, b: &EventLog) {
    assert_eq!(a.users, b.users);
    assert_eq!(a.offsets, b.offsets);
    assert_eq!(a.events.len(), b.events.len());
    for (i, (x, y)) in a.events.iter().zip(&b.events).enumerate() {
        assert_eq!(x, y, "event {i}");
    }
    for (x, y) in [
        (&a.actions, &b.actions),
        (&a.items, &b.items),
        (&a.texts, &b.texts),
        (&a.categories, &b.categories),
        (&a.sessions, &b.sessions),
    ] {
        assert_eq!(x.names(), y.names());
    }
    assert_eq!(a.item_text, b.item_text);
    assert_eq!(a.item_category, b.item_category);
}
