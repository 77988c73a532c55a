//! Texts of a file, a row each and in order.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::Path;

use throng_events::{EventsError, ReadOptions, Source, Texts};

fn texts(path: &Path, column: Option<&str>, batch_rows: usize) -> Result<Vec<String>, EventsError> {
    let options = ReadOptions {
        batch_rows,
        max_field_bytes: 64,
        ..ReadOptions::default()
    };
    let mut file = Texts::open(&Source::Path(path.to_owned()), column, &options)?;
    let mut all = Vec::new();
    while let Some(batch) = file.next_batch()? {
        assert!(!batch.is_empty() && batch.len() <= batch_rows);
        all.extend(batch);
    }
    Ok(all)
}

fn file(name: &str, content: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::File::create(&path)
        .unwrap()
        .write_all(content)
        .unwrap();
    (folder, path)
}

#[test]
fn a_column_of_any_table_keeps_its_rows() {
    let expected = ["a red dress", "", "two\nlines", "ünï, 红色"];
    let csv = "id,review\n1,a red dress\n2,\n3,\"two\nlines\"\n4,\"ünï, 红色\"\n";
    let json = "{\"review\":\"a red dress\",\"id\":1}\n{\"review\":null}\n{\"review\":\"two\\nlines\"}\n{\"review\":\"ünï, 红色\"}\n";
    let alone = "review\na red dress\n\"\"\n\"two\nlines\"\n\"ünï, 红色\"\n";
    for content in [csv, json, alone] {
        let (_folder, path) = file("texts", content.as_bytes());
        for batch_rows in [1, 3, 100] {
            assert_eq!(
                texts(&path, Some("review"), batch_rows).unwrap(),
                expected,
                "{content}"
            );
        }
    }
}

#[test]
fn lines_of_plain_text_are_texts() {
    let content = "first\r\n\n third, \"quoted\" \nlast";
    for (bytes, name) in [
        (content.as_bytes().to_vec(), "UTF-8"),
        (
            [b"\xef\xbb\xbf", content.as_bytes()].concat(),
            "with a mark",
        ),
        (
            [0xfeff]
                .into_iter()
                .chain(content.encode_utf16())
                .flat_map(u16::to_le_bytes)
                .collect(),
            "UTF-16",
        ),
    ] {
        let (_folder, path) = file("texts.txt", &bytes);
        let expected = ["first", "", " third, \"quoted\" ", "last"];
        assert_eq!(texts(&path, None, 3).unwrap(), expected, "{name}");
    }
}

#[test]
fn what_is_no_text_is_refused() {
    let line = |column: Option<&str>, content: &[u8]| {
        let (_folder, path) = file("texts", content);
        texts(&path, column, 8).unwrap_err().to_string()
    };
    assert!(line(None, b"PAR1....").contains("looks like Parquet"));
    assert!(line(None, b"a\0b\n").contains("binary data"));
    assert!(line(None, &[b'x'; 100]).contains("line 1: longer than 64 bytes"));
    assert!(line(Some("review"), b"").contains("is empty"));
    assert!(line(Some("review"), b"id,text\n1,a\n").contains("no column review (for text)"));
    // Every row counts, so that a bad one is not left out.
    assert!(line(Some("text"), b"id,text\n1,a\n2\n").contains("line 3"));
}
