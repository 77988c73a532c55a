//! Every kind of bad input, and the one line that is said about it.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use common::{Folder, gzip, read_file, read_text, read_with};
use parquet::arrow::ArrowWriter;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use throng_events::{CleanOptions, ReadOptions, Schema, Source};

/// The message that reading `content` ends with.
fn fails(content: impl AsRef<[u8]>, change: impl FnOnce(&mut ReadOptions)) -> String {
    let folder = Folder::new();
    let mut options = ReadOptions::default();
    change(&mut options);
    let source = folder.file("log", content);
    folder.message(&read_with(&[source], &options, &CleanOptions::default()).unwrap_err())
}

const GOOD: &str = "user_id,event_time,price\nu1,2024-01-01,1\nu2,2024-01-02,2\n";

fn parquet(rows: i64, text: &str) -> Vec<u8> {
    let users: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
    let times: ArrayRef = Arc::new(Int64Array::from_iter_values(
        (0..rows).map(|i| 1_700_000_000 + i),
    ));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..rows).map(|_| text)));
    let batch = RecordBatch::try_from_iter([("user_id", users), ("time", times), ("title", texts)])
        .unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

#[test]
fn nothing_to_read() {
    for content in ["", "\u{feff}", "\n \r\n"] {
        assert_eq!(
            fails(content, |_| {}),
            "log is empty: there is no header and no row",
            "{content:?}"
        );
    }
    assert_eq!(
        fails(gzip(b""), |_| {}),
        "log is empty: there is no header and no row"
    );
    assert_eq!(
        fails("user_id,event_time\n", |_| {}),
        "log has no rows below its header"
    );
    assert_eq!(
        fails(parquet(0, ""), |_| {}),
        "log has no rows below its header"
    );
    let error = read_with(&[], &ReadOptions::default(), &CleanOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no log to read: name a file, or - for standard input"
    );
}

#[test]
fn columns_that_are_not_there() {
    assert_eq!(
        fails(GOOD, |o| o.columns.user = Some("customer".to_owned())),
        "log has no column customer (for user); its columns: user_id, event_time, price"
    );
    assert_eq!(
        fails(GOOD.replace("user_id", "who"), |_| {}),
        "log: cannot tell which column is the user; name it with --user; its columns: who, event_time, price"
    );
    assert_eq!(
        fails(GOOD.replace("2024", "year"), |_| {}),
        "log: cannot tell which column is the time; name it with --time; its columns: user_id, event_time, price"
    );
    assert_eq!(
        fails(GOOD.replace("price", "user_id"), |_| {}),
        "log has two columns named user_id: rename one"
    );
    let one = "log has one column only (user_id): a log needs a user and a time, separated by comma, semicolon or tab";
    assert_eq!(fails("user_id\nu1\n", |_| {}), one);
    assert_eq!(
        fails("user_id|time\nu1|1\n", |_| {}),
        one.replace("(user_id)", "(user_id|time)")
    );
}

#[test]
fn files_cut_short() {
    let whole = parquet(1000, "a title");
    for keep in [5, whole.len() / 2, whole.len() - 1] {
        assert_eq!(
            fails(&whole[..keep], |_| {}),
            "log is cut short: its Parquet data ends too early; copy it again"
        );
    }
    let mut text = GOOD.to_owned();
    (0..50_000).for_each(|i| text.push_str(&format!("u{i},2024-01-01,{}\n", i * i % 977)));
    let whole = gzip(text.as_bytes());
    for keep in [12, whole.len() / 2, whole.len() - 4] {
        assert_eq!(
            fails(&whole[..keep], |_| {}),
            "log is cut short: its gzip data ends too early; copy it again"
        );
    }
}

#[test]
fn files_that_are_damaged() {
    // The checksum comes eight bytes before the end.
    let mut bytes = gzip(&GOOD.repeat(10_000).into_bytes());
    let checksum = bytes.len() - 8;
    bytes[checksum] ^= 0x55;
    let message = fails(bytes, |o| o.max_bad = 1.0);
    assert!(
        message.starts_with("log is damaged: its gzip data cannot be read ("),
        "{message}"
    );
    assert!(message.ends_with("; copy it again"), "{message}");
    let mut bytes = parquet(1000, "a title");
    let footer = bytes.len() - 200;
    bytes[footer..footer + 100]
        .iter_mut()
        .for_each(|b| *b = 0xff);
    let message = fails(bytes, |_| {});
    assert!(
        message.starts_with("log is damaged: its Parquet data cannot be read ("),
        "{message}"
    );
}

/// Whatever is done to a file, reading ends with a log or a message.
#[test]
fn random_damage_never_panics() {
    let mut text = GOOD.to_owned();
    (0..500).for_each(|i| text.push_str(&format!("u{i},2024-01-01,{}\n", i * i % 977)));
    let json: String = (0..500)
        .map(|i| format!("{{\"user_id\":{i},\"event_time\":\"2024-01-01\",\"price\":1.5}}\n"))
        .collect();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let files = [
        parquet(500, "a title"),
        gzip(text.as_bytes()),
        text.into_bytes(),
        json.into_bytes(),
        utf16,
    ];
    let folder = Folder::new();
    let options = ReadOptions {
        max_bad: 1.0,
        max_field_bytes: 1 << 16,
        ..ReadOptions::default()
    };
    let mut failed = 0;
    for (kind, file) in files.iter().enumerate() {
        for seed in 0..400 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut bytes = file.clone();
            for _ in 0..1 + seed % 9 {
                let at = rng.random_range(0..bytes.len());
                bytes[at] = rng.random();
            }
            if seed % 4 == 0 {
                bytes.truncate(rng.random_range(0..bytes.len()));
            }
            let source = folder.file("log", &bytes);
            match read_with(&[source], &options, &CleanOptions::default()) {
                Ok(read) => assert!(read.rows > 0, "{kind} {seed}"),
                Err(error) => {
                    folder.message(&error);
                    failed += 1;
                }
            }
        }
    }
    assert!(failed > 100, "{failed}");
}

#[test]
fn a_field_without_end() {
    let megabytes = "x".repeat(10 << 20);
    for field in [
        megabytes.clone(),
        format!("\"{megabytes}\""),
        format!("\"{}\"", "\n\"\"".repeat(4 << 20)),
    ] {
        assert_eq!(
            fails(
                format!("user_id,event_time,title\nu1,2024-01-01,a\nu2,2024-01-01,{field}\n"),
                |_| {}
            ),
            "log: line 3, column 3 (title): longer than 1048576 bytes (a quote that never closes?); repair the row"
        );
    }
    assert_eq!(
        fails(&megabytes, |_| {}),
        "log: line 1, column 1: longer than 1048576 bytes (a quote that never closes?); repair the row"
    );
    // However many fields it has, a header is bounded.
    assert_eq!(
        fails("a,".repeat(1 << 20), |_| {}),
        "log: line 1, column 524289: longer than 1048576 bytes (a quote that never closes?); repair the row"
    );
    assert_eq!(
        fails(
            format!("{{\"user\": 1, \"time\": 1}}\n{{\"user\": \"{megabytes}\"}}\n"),
            |_| {}
        ),
        "log: line 2: longer than 1048576 bytes (a quote that never closes?); repair the row"
    );
    assert_eq!(
        fails(parquet(3, &"x".repeat(5000)), |o| o.max_field_bytes = 4999),
        "log: line 1, column 3 (title): longer than 4999 bytes (a quote that never closes?); repair the row"
    );
    // A row has a bound for each field, not for all together.
    let fine = format!(
        "user_id,event_time,a,b\nu1,2024-01-01,{0},{0}\n",
        "x".repeat(1 << 20)
    );
    assert!(read_text(fine, |_| {}, |_| {}).is_ok());
}

#[test]
fn no_table_at_all() {
    let all = "; give CSV, JSON Lines or Parquet, as it is or gzipped";
    for (content, what) in [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "a PNG picture"),
        (
            b"PK\x03\x04\x14\0".to_vec(),
            "a ZIP archive or an Excel workbook",
        ),
        (b"%PDF-1.7\n".to_vec(), "a PDF document"),
        ((0..=255).collect(), "binary data"),
        (vec![0; 1000], "binary data"),
        (
            b"[{\"user\": 1}]".to_vec(),
            "one JSON array, where each line should be one object",
        ),
    ] {
        let expected = format!("log is not a log: it looks like {what}{all}");
        assert_eq!(fails(&content, |_| {}), expected);
        assert_eq!(fails(gzip(&content), |_| {}), expected);
    }
}

#[test]
fn paths_that_do_not_read() {
    let folder = Folder::new();
    let error = read_file(Source::Path(folder.path("absent.csv"))).unwrap_err();
    assert_eq!(
        folder.message(&error),
        "cannot read absent.csv: No such file or directory (os error 2)"
    );
    std::fs::create_dir(folder.path("sub")).unwrap();
    let error = read_file(Source::Path(folder.path("sub"))).unwrap_err();
    assert_eq!(
        folder.message(&error),
        "sub is a folder: name the files in it"
    );
}

#[test]
fn rows_that_do_not_parse() {
    let mut text = "user_id,event_time,price\n".to_owned();
    for i in 0..100 {
        text.push_str(match i {
            10 => "u1,2024-01-01,cheap\n",
            20 => "u1,yesterday,1\n",
            30 => "u1,2024-01-01\n",
            40 => "u1,2024-01-01,1,\n",
            50 => "u1,2024-01-01,\"2,50\"\n",
            _ => "",
        });
        text.push_str(&format!("u{i},2024-01-01,1\n"));
    }
    let folder = Folder::new();
    let source = folder.file("log", &text);
    let read = read_file(source.clone()).unwrap();
    assert_eq!(
        (read.rows, read.log.users.len()),
        (105, 100),
        "5 of 105 are fewer than 5%"
    );
    let dropped: Vec<_> = read
        .dropped
        .rows()
        .map(|r| format!("{} {} {}", r.line, r.reason, r.detail))
        .collect();
    assert_eq!(
        dropped,
        [
            "12 unparsed column 3 (price): \"cheap\" is not a number",
            "23 unparsed column 2 (event_time): \"yesterday\" is not a time",
            "34 unparsed column 3 (price): 2 fields where the header has 3",
            "45 unparsed column 4: 4 fields where the header has 3",
            "56 unparsed column 3 (price): \"2,50\" is not a number (is it a decimal comma? say so)",
        ]
    );
    let strict = ReadOptions {
        strict: true,
        ..ReadOptions::default()
    };
    let error = read_with(
        std::slice::from_ref(&source),
        &strict,
        &CleanOptions::default(),
    )
    .unwrap_err();
    assert_eq!(
        folder.message(&error),
        "log: line 12, column 3 (price): \"cheap\" is not a number"
    );
    let fewer = ReadOptions {
        max_bad: 0.04,
        ..ReadOptions::default()
    };
    let error = read_with(&[source], &fewer, &CleanOptions::default()).unwrap_err();
    assert_eq!(
        folder.message(&error),
        "5 of 105 rows (4.8%) did not parse, more than 4.0% (--max-bad 0.04); the first is \
         log: line 12, column 3 (price): \"cheap\" is not a number"
    );
    assert_eq!(
        fails(GOOD, |o| o.max_bad = 1.5),
        "--max-bad must be between 0 and 1, not 1.5",
    );
}

#[test]
fn rows_that_cleaning_takes_never_count_as_bad() {
    let text = "user_id,event_time,quantity\nu1,2024-01-01,1\n,2024-01-01,1\nu2,,1\nu3,2024-01-01,-1\nu1,2024-01-01,1\n";
    let folder = Folder::new();
    let strict = ReadOptions {
        strict: true,
        max_bad: 0.0,
        ..ReadOptions::default()
    };
    let read = read_with(
        &[folder.file("log", text)],
        &strict,
        &CleanOptions::default(),
    )
    .unwrap();
    assert_eq!(
        read.dropped.to_string(),
        "1 duplicate, 1 missing_user, 1 missing_time, 1 non_positive_quantity"
    );
    assert_eq!(
        fails(
            "user_id,event_time,quantity\n,2024-01-01,1\nu3,2024-01-01,-1\n",
            |_| {}
        ),
        "no event is left of 2 rows: 1 missing_user, 1 non_positive_quantity"
    );
}

#[test]
fn a_quote_that_swallows_rows() {
    let mut text = "user_id,event_time,title\n".to_owned();
    (0..98).for_each(|i| text.push_str(&format!("u{i},2024-01-01,x\n")));
    text.push_str("a,2024-01-01,\"open\nb,2024-01-01,x\n");
    let read = read_text(&text, |_| {}, |_| {}).unwrap();
    let dropped: Vec<_> = read.dropped.rows().map(|r| (r.line, r.detail)).collect();
    let detail = "column 3 (title): a quote opens on line 100 and never closes";
    assert_eq!(dropped, [(100, detail), (101, detail)]);
    // The next quote, rows below, closes it: all of them are listed.
    text.push_str("c,\"2024-01-01\",x\nd,2024-01-01,x\n");
    let folder = Folder::new();
    let options = ReadOptions {
        max_bad: 0.01,
        ..ReadOptions::default()
    };
    let error = read_with(
        &[folder.file("log", text)],
        &options,
        &CleanOptions::default(),
    )
    .unwrap_err();
    assert_eq!(
        folder.message(&error),
        "3 of 102 rows (2.9%) did not parse, more than 1.0% (--max-bad 0.01); the first is \
         log: line 100, column 4: 4 fields where the header has 3"
    );
}

#[test]
fn dates_that_read_two_ways() {
    let rows = |dates: &[&str]| {
        dates.iter().fold("user,date\n".to_owned(), |text, date| {
            format!("{text}u,{date}\n")
        })
    };
    assert_eq!(
        fails(rows(&["2/2/2024", "01/12/2023 08:26"]), |_| {}),
        "log: line 3, column 2 (date): \"01/12/2023 08:26\" may be day first or month first; \
         say --day-first or --month-first"
    );
    assert_eq!(
        fails(rows(&["01/12/2023", "12/13/2023", "13/12/2023"]), |_| {}),
        "dates are mixed: log: line 4, column 2 (date): \"13/12/2023\" is day first, but \
         log: line 3, column 2 (date): \"12/13/2023\" is month first; say --day-first or --month-first"
    );
    assert_eq!(
        fails(rows(&["13/12/2023"]), |o| (o.month_first, o.strict) =
            (true, true)),
        "log: cannot tell which column is the time; name it with --time; its columns: user, date"
    );
    assert_eq!(
        fails(rows(&["1/2/2023", "13/12/2023"]), |o| (
            o.month_first,
            o.strict
        ) = (true, true)),
        "log: line 3, column 2 (date): \"13/12/2023\" is not a time"
    );
    assert_eq!(
        fails(GOOD, |o| (o.day_first, o.month_first) = (true, true)),
        "--day-first and --month-first exclude each other"
    );
}

#[test]
fn text_of_a_log_keeps_messages_on_one_line() {
    let message = fails("user\u{1b}[31m_id\t\"event\ntime\"\nu1\t2024\n", |_| {});
    assert!(
        message.contains("user\u{fffd}[31m_id, event\u{fffd}time"),
        "{message}"
    );
    let message = fails(
        format!("user,time\nu1,1\nu1,\"a\r\nb{}\"\n", "c".repeat(1000)),
        |o| o.strict = true,
    );
    let expected = format!(
        "log: line 3, column 2 (time): \"a\u{fffd}\u{fffd}b{}…\" is not a time",
        "c".repeat(56)
    );
    assert_eq!(message, expected);
}

#[test]
fn schemas() {
    let fails = |text: &str| Schema::parse(text, "schema.toml").unwrap_err().to_string();
    assert_eq!(
        fails("[columns]\nuser = \"a\"\nusr = \"b\"\n"),
        "schema.toml: line 3, column 1: unknown field `usr`, expected one of `user`, `time`, `action`, `item`, `text`, \
         `value`, `session`, `category`, `quantity`, `price`"
    );
    assert_eq!(
        fails("[format]\nutc_offset = \"Berlin\"\n"),
        "schema.toml: line 2, column 14: time zone must be UTC or an offset like +02:00, not \"Berlin\""
    );
    for text in [
        "[format]\nday_first = 1\n",
        "[columns\n",
        "[format]\nseparator = \"ab\"\n",
    ] {
        let message = fails(text);
        assert!(
            message.starts_with("schema.toml: line ") && !message.contains('\n'),
            "{message}"
        );
    }
    let folder = Folder::new();
    let error = Schema::load(&folder.path("absent.toml")).unwrap_err();
    assert_eq!(
        folder.message(&error),
        "cannot read absent.toml: No such file or directory (os error 2)"
    );
    let schema = Schema::parse(
        "[columns]\nuser = \"who\"\ntime = \"when\"\n[format]\nseparator = \"|\"\ndecimal_comma = true\nday_first = true\n\
         utc_offset = \"+01:00\"\n[clean]\nexclude_items = [\"POST\"]\nmin_events = 1\ncollapse_repeats_seconds = 60\n",
        "schema.toml",
    )
    .unwrap();
    let (mut read, mut clean) = (ReadOptions::default(), CleanOptions::default());
    schema.apply(&mut read, &mut clean);
    let text = "who|when|item|price\nu1|01/12/2010 09:26|POST|1\nu1|01/12/2010 09:26|A|2,5\nu1|01/12/2010 09:27|A|2,5\n";
    let read = read_with(&[folder.file("log", text)], &read, &clean).unwrap();
    assert_eq!(
        common::lines(&read.log),
        ["u1|2010-12-01T08:26:00Z|event|A|-|-|-|-|2.5"]
    );
    assert_eq!(
        read.dropped.to_string(),
        "1 excluded_item, 1 collapsed_repeat"
    );
    assert_eq!(
        read.columns.to_string(),
        "user=who time=when item=item price=price (guessed: item, price)"
    );
}
