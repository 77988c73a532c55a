//! Bad logs: one line that says what, where and what to do; status 2; nothing written.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
use std::fmt::Write as _;
use std::io::Write as _;

use common::{Place, Ran, list};
use flate2::Compression;
use flate2::write::GzEncoder;

/// A log of `users` users with six events each, in one of two manners.
fn log(users: usize) -> String {
    let mut text = String::from("user,time,action,item,price\n");
    for user in 0..users {
        for event in 0..6 {
            let (action, item) = if user % 2 == 0 {
                (
                    ["view", "cart", "purchase"][event % 3],
                    format!("shoe{}", event % 4),
                )
            } else {
                ("view", format!("book{}", (event + user) % 5))
            };
            let hour = 8 + event + user % 3;
            writeln!(
                text,
                "u{user:03},2024-03-{:02}T{hour:02}:15:00Z,{action},{item},{}",
                1 + event % 3,
                10 + event
            )
            .unwrap();
        }
    }
    text
}

fn segment(place: &Place, more: &[&str]) -> Ran {
    let mut args = vec!["segment", "log.csv", "--out", "o"];
    args.extend(more);
    place.run(args)
}

/// The log is refused with a line that begins so, and nothing is written.
#[track_caller]
fn refused(content: impl AsRef<[u8]>, more: &[&str], start: &str) -> String {
    let place = Place::new();
    place.write("log.csv", content);
    let line = segment(&place, more).failed(2);
    assert!(line.starts_with(start), "{line}");
    assert_eq!(place.list(), ["log.csv"]);
    line
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_missing_file() {
    Place::new()
        .run(["segment", "absent.csv", "--out", "o"])
        .failed_with(2, "absent.csv: no such file; check the path");
}

#[test]
fn an_empty_file() {
    refused("", &[], "log.csv is empty: ");
    refused("\n \n", &[], "log.csv is empty: ");
}

#[test]
fn a_header_only() {
    refused(
        "user,time,action,item\n",
        &[],
        "log.csv has no rows below its header",
    );
}

#[test]
fn no_such_column() {
    let line = refused(
        log(4),
        &["--user", "customer"],
        "log.csv has no column customer",
    );
    assert!(line.contains("user, time, action, item, price"), "{line}");
}

#[test]
fn a_column_that_cannot_be_guessed() {
    refused(
        "a,b\n1.5,x\n2.5,y\n3.5,z\n",
        &[],
        "log.csv: cannot tell which column is the ",
    );
}

#[test]
fn one_user_only() {
    let place = Place::new();
    place.write("log.csv", log(1));
    for k in ["auto", "1", "2"] {
        let line = segment(&place, &["--k", k]).failed_after_notes(2);
        assert!(line.starts_with("1 user is left after cleaning"), "{line}");
        assert_eq!(place.list(), ["log.csv"]);
    }
}

#[test]
fn a_truncated_gzip() {
    let whole = gzip(log(50).as_bytes());
    refused(
        &whole[..whole.len() / 2],
        &[],
        "log.csv is cut short: its gzip data ends too early; copy it again",
    );
}

#[test]
fn a_truncated_parquet() {
    // A Parquet file begins and ends with PAR1; a cut one has lost its end, where the directory is.
    let mut cut = b"PAR1".to_vec();
    cut.extend([0x15; 500]);
    let line = refused(&cut, &[], "log.csv is ");
    assert!(
        line.contains("Parquet") && line.contains("copy it again"),
        "{line}"
    );
}

#[test]
fn ten_megabytes_in_one_field() {
    let mut content = log(4);
    writeln!(
        content,
        "u009,2024-03-01T10:00:00Z,view,{},1",
        "x".repeat(10 << 20)
    )
    .unwrap();
    refused(content, &[], "log.csv: line 26");
    let mut content = log(4);
    // A quote that never closes takes the rest of the file with it.
    content.push_str("u009,2024-03-01T10:00:00Z,view,\"");
    content.push_str(&"shoe\n".repeat(2 << 20));
    let line = refused(content, &[], "log.csv: line 26");
    assert!(line.contains("quote"), "{line}");
}

#[test]
fn something_that_is_no_log() {
    refused(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", &[], "log.csv ");
    refused(b"PK\x03\x04 and so on", &[], "log.csv ");
}

/// `log(20)` with this many of its 120 rows made unreadable; the first of them on line 10.
fn with_bad_rows(bad: usize) -> String {
    let mut lines: Vec<String> = log(20).lines().map(str::to_owned).collect();
    for row in 0..bad {
        let line = &mut lines[9 + 3 * row];
        *line = line.replace("2024-", "year-");
    }
    lines.join("\n") + "\n"
}

#[test]
fn strict_stops_at_the_first_bad_row_and_names_line_and_column() {
    let line = refused(
        with_bad_rows(1),
        &["--strict"],
        "log.csv: line 10, column 2 (time): ",
    );
    assert!(line.contains("year-"), "{line}");
}

#[test]
fn too_many_bad_rows_stop_at_the_end_of_the_file() {
    // 7 of 120 are 5.8%, more than the 5% allowed; 6 are 5%, just what is.
    let line = refused(with_bad_rows(7), &[], "7 of 120 rows (5.8%) did not parse");
    assert!(line.contains("log.csv: line 10, column 2 (time)"), "{line}");
    refused(
        with_bad_rows(3),
        &["--max-bad", "0.02"],
        "3 of 120 rows (2.5%) did not parse",
    );
    refused(with_bad_rows(1), &["--max-bad", "0"], "1 of 120 rows");
    let wrong = Place::new();
    wrong.run(["segment", "log.csv", "--out", "o", "--max-bad", "5"]).failed_with(
        2,
        "invalid value '5' for '--max-bad <SHARE>': give a share from 0 to 1, such as 0.05; see \
         'throng segment --help'",
    );
}

#[test]
fn an_output_that_cannot_be_written_or_is_not_ours() {
    let place = Place::new();
    place.write("log.csv", log(20));
    let line = place
        .run(["segment", "log.csv", "--out", "log.csv/o"])
        .failed(2);
    assert!(line.starts_with("log.csv/o: cannot be written"), "{line}");
    std::fs::create_dir(place.path("o")).unwrap();
    place.write("o/thesis.tex", "mine");
    for more in [&[][..], &["--force"]] {
        let line = segment(&place, more).failed(2);
        assert_eq!(
            line,
            "o: is not empty and was not written by throng; choose another --out"
        );
    }
    assert_eq!(list(&place.path("o")), ["thesis.tex"]);
}

#[test]
fn a_wrong_schema_names_file_line_and_column() {
    let place = Place::new();
    place.write("log.csv", log(20));
    place.write(
        "schema.toml",
        "[columns]\nuser = \"user\"\nwhen = \"time\"\n",
    );
    let line = segment(&place, &["--schema", "schema.toml"]).failed(2);
    assert!(
        line.starts_with("schema.toml: line 3, column 1: "),
        "{line}"
    );
}

#[test]
fn pretrain_and_assign_refuse_the_same_way() {
    let place = Place::new();
    place.write("log.csv", "");
    let line = place.run(["pretrain", "log.csv", "--out", "m"]).failed(2);
    assert!(line.starts_with("log.csv is empty: "), "{line}");
    let line = place
        .run(["assign", "log.csv", "--bundle", "absent", "--out", "a.csv"])
        .failed(2);
    assert!(
        line.starts_with("--bundle absent: there is no bundle.json"),
        "{line}"
    );
    assert_eq!(place.list(), ["log.csv"]);
}
