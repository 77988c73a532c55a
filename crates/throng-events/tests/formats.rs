//! The same log in every format, encoding and spelling.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

use arrow_array::builder::StringDictionaryBuilder;
use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array,
    Int64Array, LargeStringArray, RecordBatch, StringArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray,
};
use common::{Folder, assert_same, gzip, lines, read_file, read_text, read_with};
use parquet::arrow::ArrowWriter;
use throng_events::{CleanOptions, Encoding, EventsError, Format, ReadOptions, Source};

const CSV: &str = "\
user_id,event_time,event_type,product_id,title,category,quantity,price,session_id
2,2024-03-01 10:00:00,view,A1,\"Tea, green\",food,1,2.5,s1
10,2024-03-01 09:00:00,purchase,A1,\"Tea, green\",food,2,2.5,s2
10,2024-03-01 08:59:30,view,B2,Mug Ω 5\u{20ac},,1,10,s2
";

const EXPECTED: [&str; 3] = [
    "10|2024-03-01T08:59:30Z|view|B2|Mug Ω 5€|-|s2|1|10",
    "10|2024-03-01T09:00:00Z|purchase|A1|Tea, green|food|s2|2|5",
    "2|2024-03-01T10:00:00Z|view|A1|Tea, green|food|s1|1|2.5",
];

#[test]
fn csv() {
    let read = read_text(CSV, |_| {}, |_| {}).unwrap();
    assert_eq!(lines(&read.log), EXPECTED);
    assert_eq!(read.rows, 3);
    assert_eq!(read.dropped.total(), 0);
    assert_eq!(read.log.users, ["10", "2"]);
    assert_eq!(read.log.offsets, [0, 2, 3]);
    assert_eq!(read.log.item_name(0), "Tea, green");
    assert_eq!(read.notes, [""; 0]);
    assert_eq!(read.sources[0].format, Format::Csv { separator: ',' });
    assert_eq!(
        read.columns.to_string(),
        "user=user_id time=event_time session=session_id action=event_type item=product_id category=category \
         quantity=quantity price=price text=title (all guessed)"
    );
}

#[test]
fn encodings_and_line_ends() {
    let expected = read_text(CSV, |_| {}, |_| {}).unwrap().log;
    let utf16 = |little: bool, mark: bool| -> Vec<u8> {
        let text = format!("{}{CSV}", if mark { "\u{feff}" } else { "" });
        text.encode_utf16()
            .flat_map(|u| {
                if little {
                    u.to_le_bytes()
                } else {
                    u.to_be_bytes()
                }
            })
            .collect()
    };
    let crlf = CSV.replace('\n', "\r\n");
    for (what, bytes, encoding) in [
        (
            "mark",
            format!("\u{feff}{CSV}").into_bytes(),
            Encoding::Utf8,
        ),
        ("crlf", crlf.into_bytes(), Encoding::Utf8),
        ("cr", CSV.replace('\n', "\r").into_bytes(), Encoding::Utf8),
        (
            "no last line end",
            CSV.trim_end().as_bytes().to_vec(),
            Encoding::Utf8,
        ),
        (
            "empty lines",
            CSV.replace('\n', "\n\n").into_bytes(),
            Encoding::Utf8,
        ),
        ("UTF-16LE, mark", utf16(true, true), Encoding::Utf16Le),
        ("UTF-16BE, mark", utf16(false, true), Encoding::Utf16Be),
        ("UTF-16LE", utf16(true, false), Encoding::Utf16Le),
        ("UTF-16BE", utf16(false, false), Encoding::Utf16Be),
    ] {
        for bytes in [bytes.clone(), gzip(&bytes)] {
            let read = read_text(bytes, |_| {}, |_| {}).unwrap_or_else(|e| panic!("{what}: {e}"));
            assert_same(&read.log, &expected);
            assert_eq!(read.sources[0].encoding, Some(encoding), "{what}");
        }
    }
}

#[test]
fn utf16_longer_than_any_buffer() {
    let mut text = "user_id,event_time,title\n".to_owned();
    for i in 0..9000 {
        text.push_str(&format!("u{},2024-03-01,日本語 \u{1f600} {i}\n", i % 7));
    }
    let utf16: Vec<u8> = format!("\u{feff}{text}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let (a, b) = (
        read_text(utf16, |_| {}, |_| {}).unwrap(),
        read_text(&text, |_| {}, |_| {}).unwrap(),
    );
    assert_eq!(a.rows, 9000);
    assert_same(&a.log, &b.log);
}

#[test]
fn a_late_latin_1_byte_is_read_and_said() {
    let mut bytes = b"user_id,event_time,title\n".to_vec();
    for i in 0..9999 {
        bytes.extend_from_slice(format!("u1,{},Caf\u{e9} utf8\n", 1_700_000_000 + i).as_bytes());
    }
    bytes.extend_from_slice(b"u1,1800000000,Caf\xe9 \x80\n");
    let read = read_text(bytes, |_| {}, |_| {}).unwrap();
    assert_eq!(read.log.texts.names(), ["Café utf8", "Café €"]);
    assert_eq!(read.notes.len(), 1);
    assert!(
        read.notes[0]
            .ends_with("log: 1 row is not UTF-8 and read as Windows-1252, the first on line 10001"),
        "{}",
        read.notes[0]
    );
}

#[test]
fn separators_and_decimal_commas() {
    let expected = read_text(CSV, |_| {}, |_| {}).unwrap().log;
    let tabs = CSV
        .replace("\"Tea, green\"", "Tea\u{0} green")
        .replace(',', "\t")
        .replace('\u{0}', ",");
    let tabs = read_text(tabs, |_| {}, |_| {}).unwrap();
    assert_eq!(tabs.sources[0].format, Format::Csv { separator: '\t' });
    assert_same(&tabs.log, &expected);
    let semicolons = "\
user_id;event_time;event_type;product_id;title;category;quantity;price;session_id
2;2024-03-01 10:00:00;view;A1;Tea, green;food;1;2,5;s1
10;2024-03-01 09:00:00;purchase;A1;Tea, green;food;2;2,50;s2
10;2024-03-01 08:59:30;view;B2;Mug Ω 5\u{20ac};;1;10;s2
";
    let read = read_text(semicolons, |o| o.decimal_comma = true, |_| {}).unwrap();
    assert_same(&read.log, &expected);
    let pipes = CSV
        .replace("\"Tea, green\"", "Tea\u{0} green")
        .replace(',', "|")
        .replace('\u{0}', ",");
    assert_same(
        &read_text(pipes, |o| o.separator = Some('|'), |_| {})
            .unwrap()
            .log,
        &expected,
    );
}

#[test]
fn quoted_line_ends() {
    let text = "user,time,title\nu1,2024-01-01,\"two\r\nlines and \"\"quotes\"\"\"\nu1,bad,x\nu2,2024-01-02,y\n";
    let read = read_text(text, |o| o.max_bad = 1.0, |_| {}).unwrap();
    assert_eq!(read.log.texts.names(), ["two\r\nlines and \"quotes\"", "y"]);
    let dropped: Vec<_> = read.dropped.rows().collect();
    assert_eq!(
        (dropped.len(), dropped[0].line),
        (1, 4),
        "the row after the one of two lines"
    );
}

#[test]
fn json_lines() {
    let text = r#"
{"user_id": 2, "event_time": "2024-03-01T10:00:00Z", "event_type": "view", "product_id": "A1", "title": "Tea, green", "category": "food", "quantity": 1, "price": 2.5, "session_id": "s1"}

{"user_id": 10.0, "event_time": 1709283600, "event_type": "purchase", "product_id": "A1", "title": "Tea, green", "category": "food", "quantity": 2, "price": 2.5, "session_id": "s2", "extra": {"deep": [1, 2]}}
{"session_id": "s2", "user_id": "10", "event_time": 1709283570000, "event_type": "view", "product_id": "B2", "title": "Mug \u03a9 5€", "category": null, "quantity": 1, "price": 10}
"#;
    let expected = read_text(CSV, |_| {}, |_| {}).unwrap().log;
    for bytes in [text.as_bytes().to_vec(), gzip(text.as_bytes())] {
        let read = read_text(bytes, |_| {}, |_| {}).unwrap();
        assert_eq!(read.sources[0].format, Format::JsonLines);
        assert_same(&read.log, &expected);
    }
}

#[test]
fn json_inside_json_and_batches_with_other_names() {
    let text = "\
{\"user\": {\"id\": 1}, \"ts\": 1700000000, \"a\": 1}
{\"user\": {\"id\": 2}, \"ts\": 1700000001, \"price\": 3}
{\"b\": 2, \"user\": {\"id\": 1}, \"ts\": 1700000000}
not json
[1]
{\"user\": {\"id\": 1}, \"ts\": 1700000000, \"a\": 1}
";
    let read = read_text(
        text,
        |o| {
            o.columns.user = Some("user.id".to_owned());
            o.columns.price = Some("price".to_owned());
            (o.batch_rows, o.max_bad) = (2, 0.5);
        },
        |_| {},
    )
    .unwrap();
    assert_eq!(
        lines(&read.log),
        [
            "1|2023-11-14T22:13:20Z|event|-|-|-|-|-|-",
            "1|2023-11-14T22:13:20Z|event|-|-|-|-|-|-",
            "2|2023-11-14T22:13:21Z|event|-|-|-|-|-|3"
        ]
    );
    let mut out = Vec::new();
    read.dropped.write_csv(&mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    let rows: Vec<&str> = out
        .lines()
        .map(|l| &l[l.find("log,").map_or(0, |i| i + 4)..])
        .collect();
    assert_eq!(
        rows,
        [
            "file,line,reason,detail",
            "4,unparsed,column 2: not JSON: expected ident",
            "5,unparsed,not a JSON object",
            "6,duplicate,"
        ]
    );
}

fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn parquet_of(user: ArrayRef, time: ArrayRef, price: ArrayRef) -> Vec<u8> {
    let mut actions = StringDictionaryBuilder::<Int8Type>::new();
    ["view", "purchase", "view"]
        .iter()
        .for_each(|a| actions.append_value(a));
    parquet(vec![
        ("user_id", user),
        ("event_time", time),
        ("event_type", Arc::new(actions.finish())),
        (
            "product_id",
            Arc::new(StringArray::from(vec!["A1", "A1", "B2"])),
        ),
        (
            "title",
            Arc::new(LargeStringArray::from(vec![
                "Tea, green",
                "Tea, green",
                "Mug Ω 5€",
            ])),
        ),
        (
            "category",
            Arc::new(StringArray::from(vec![Some("food"), Some("food"), None])),
        ),
        ("quantity", Arc::new(Int32Array::from(vec![1, 2, 1]))),
        ("price", price),
        (
            "session_id",
            Arc::new(BinaryArray::from(vec!["s1".as_bytes(), b"s2", b"s2"])),
        ),
        (
            "in_stock",
            Arc::new(BooleanArray::from(vec![true, false, true])),
        ),
    ])
}

#[test]
fn parquet_types() {
    let expected = read_text(CSV, |_| {}, |_| {}).unwrap().log;
    let seconds = [1_709_287_200_i64, 1_709_283_600, 1_709_283_570];
    let scaled = |by: i64| seconds.iter().map(|s| s * by).collect::<Vec<_>>();
    let users: [ArrayRef; 3] = [
        Arc::new(Int64Array::from(vec![2, 10, 10])),
        Arc::new(Float64Array::from(vec![2.0, 10.0, 10.0])),
        Arc::new(StringArray::from(vec!["2", "10", "10"])),
    ];
    let times: [ArrayRef; 7] = [
        Arc::new(TimestampSecondArray::from(scaled(1))),
        Arc::new(TimestampMillisecondArray::from(scaled(1000)).with_timezone("UTC")),
        Arc::new(TimestampMicrosecondArray::from(scaled(1_000_000)).with_timezone("Europe/London")),
        Arc::new(TimestampNanosecondArray::from(scaled(1_000_000_000)).with_timezone("+02:00")),
        Arc::new(Int64Array::from(scaled(1000))),
        Arc::new(Float64Array::from(seconds.map(|s| s as f64).to_vec())),
        Arc::new(StringArray::from(vec![
            "2024-03-01 10:00",
            "2024-03-01 09:00",
            "2024-03-01T08:59:30",
        ])),
    ];
    let prices: [ArrayRef; 2] = [
        Arc::new(Float64Array::from(vec![2.5, 2.5, 10.0])),
        Arc::new(
            Decimal128Array::from(vec![250, 250, 1000])
                .with_precision_and_scale(10, 2)
                .unwrap(),
        ),
    ];
    for time in &times {
        for (user, price) in users.iter().zip(prices.iter().cycle()) {
            let bytes = parquet_of(user.clone(), time.clone(), price.clone());
            let read = read_text(bytes, |_| {}, |_| {}).unwrap();
            assert_eq!(read.sources[0].format, Format::Parquet);
            assert_same(&read.log, &expected);
        }
    }
    // Gzipped, it goes through a temporary file; a zone that is said is not a Parquet instant's.
    let bytes = gzip(&parquet_of(
        users[0].clone(),
        times[1].clone(),
        prices[0].clone(),
    ));
    assert_same(
        &read_text(&bytes, |o| o.utc_offset_minutes = 60, |_| {})
            .unwrap()
            .log,
        &expected,
    );
    // Decimal commas are a matter of text.
    assert_same(
        &read_text(&bytes, |o| o.decimal_comma = true, |_| {})
            .unwrap()
            .log,
        &expected,
    );
}

#[test]
fn parquet_dates_and_nulls() {
    let bytes = parquet(vec![
        (
            "customer",
            Arc::new(Float64Array::from(vec![
                Some(7.0),
                None,
                Some(f64::NAN),
                Some(7.0),
            ])) as ArrayRef,
        ),
        (
            "date",
            Arc::new(Date32Array::from(vec![
                Some(14_944),
                Some(14_944),
                Some(14_944),
                None,
            ])),
        ),
    ]);
    let read = read_text(bytes, |_| {}, |_| {}).unwrap();
    assert_eq!(
        lines(&read.log),
        ["7|2010-12-01T00:00:00Z|event|-|-|-|-|-|-"]
    );
    let dropped: Vec<_> = read
        .dropped
        .rows()
        .map(|r| (r.line, r.reason.name()))
        .collect();
    assert_eq!(
        dropped,
        [
            (2, "missing_user"),
            (3, "missing_user"),
            (4, "missing_time")
        ]
    );
}

#[test]
fn several_files_are_one_log() {
    let folder = Folder::new();
    let rows: Vec<&str> = CSV.lines().collect();
    let first = folder.file("a.csv", format!("{}\n{}\n{}\n", rows[0], rows[1], rows[2]));
    let json = r#"{"user_id":10,"event_time":"2024-03-01 08:59:30","event_type":"view","product_id":"B2","title":"Mug Ω 5€","quantity":1,"price":10,"session_id":"s2"}"#;
    let second = folder.file("b.jsonl", json);
    // A row that is in two files is there once.
    let third = folder.file("c.csv", format!("{}\n{}\n", rows[0], rows[2]));
    let empty = folder.file("d.csv", format!("{}\n", rows[0]));
    let read = read_with(
        &[third, empty, second, first],
        &ReadOptions::default(),
        &CleanOptions::default(),
    )
    .unwrap();
    assert_same(&read.log, &read_text(CSV, |_| {}, |_| {}).unwrap().log);
    assert_eq!(read.rows, 4);
    assert_eq!(read.dropped.to_string(), "1 duplicate");
    assert!(
        read.dropped
            .rows()
            .all(|r| r.file.ends_with("a.csv") && r.line == 3)
    );
    let said: Vec<String> = read
        .sources
        .iter()
        .map(|s| folder.message_of(&s.to_string()))
        .collect();
    assert_eq!(
        said,
        [
            "c.csv: CSV (comma), UTF-8, 1 row",
            "d.csv: CSV (comma), UTF-8, 0 rows",
            "b.jsonl: JSON Lines, UTF-8, 1 row",
            "a.csv: CSV (comma), UTF-8, 2 rows"
        ]
    );
}

#[test]
fn progress_ends_at_the_total_and_can_stop() {
    let folder = Folder::new();
    let mut text = "user,time\n".to_owned();
    (0..1000).for_each(|i| text.push_str(&format!("u{i},{}\n", 1_700_000_000 + i)));
    let sources = [
        folder.file("a", &text),
        folder.file("b", text.replace('u', "v").replace("vser", "user")),
    ];
    let options = ReadOptions {
        batch_rows: 100,
        ..ReadOptions::default()
    };
    let mut seen = Vec::new();
    throng_events::read(&sources, &options, &CleanOptions::default(), &mut |p| {
        seen.push(p);
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    let last = seen.last().unwrap();
    assert_eq!(
        (last.total, last.bytes, last.rows),
        (Some(2 * text.len() as u64), 2 * text.len() as u64, 2000)
    );
    assert!(seen.is_sorted_by_key(|p| (p.bytes, p.rows)));
    let stopped = throng_events::read(&sources, &options, &CleanOptions::default(), &mut |p| {
        if p.rows >= 300 {
            std::ops::ControlFlow::Break(())
        } else {
            std::ops::ControlFlow::Continue(())
        }
    });
    assert!(matches!(stopped, Err(EventsError::Cancelled)));
}

#[test]
#[ignore = "run by `standard_input`, as a process that has something on its standard input"]
fn child_of_standard_input() {
    let read = read_file(Source::Stdin).unwrap();
    println!("read:{}", lines(&read.log).join("\nread:"));
}

#[test]
fn standard_input() {
    let seconds = Arc::new(Int64Array::from(vec![
        1_709_287_200_i64,
        1_709_283_600,
        1_709_283_570,
    ]));
    let users = Arc::new(Int64Array::from(vec![2, 10, 10]));
    let parquet = parquet_of(
        users,
        seconds,
        Arc::new(Float64Array::from(vec![2.5, 2.5, 10.0])),
    );
    for bytes in [CSV.as_bytes().to_vec(), gzip(CSV.as_bytes()), parquet] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--ignored",
                "--exact",
                "child_of_standard_input",
                "--nocapture",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        let out = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        let got: Vec<&str> = out
            .lines()
            .filter_map(|l| l.split_once("read:"))
            .map(|(_, l)| l)
            .collect();
        assert_eq!(got, EXPECTED);
    }
}
