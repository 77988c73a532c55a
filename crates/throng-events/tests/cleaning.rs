//! Cleaning: what goes, why, and that the order of rows does not matter.
#![allow(clippy::unwrap_used)]

mod common;

use common::{assert_same, lines, read_text};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use throng_events::{Read, SequenceUnit, formula_safe, sequences, write_csv};

fn dropped(read: &Read) -> Vec<String> {
    read.dropped
        .rows()
        .map(|r| format!("{} {}", r.line, r.reason))
        .collect()
}

#[test]
fn one_reason_a_row_the_first_that_holds() {
    let text = "\
CustomerID,InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice
1.0,500001,A,1,2011-01-01,1
1.0,500001,A,1,2011-01-01,1
,C500002,A,-1,2011-01-01,0
1.0,C500003,A,-1,,0
1.0,C500004,A,-1,2011-01-01,0
1.0,500005,A,-1,2011-01-01,0
1.0,500006,A,0,2011-01-01,1
1.0,500007,POST,1,2011-01-01,0
1.0,500008,POST,1,2011-01-01,1
2.0,500009,M,1,2011-01-01,1
2.0,500009,M,1,2011-01-01,1
2.0,500009,M,1,,1
1,500010,B,,2011-01-01,
";
    let read = read_text(
        text,
        |_| {},
        |c| (c.exclude_items, c.min_events) = (vec!["POST".to_owned()], 2),
    )
    .unwrap();
    assert_eq!(
        dropped(&read),
        [
            "3 duplicate",
            "4 missing_user",
            "5 missing_time",
            "6 cancellation",
            "7 non_positive_quantity",
            "8 non_positive_quantity",
            "9 non_positive_price",
            "10 excluded_item",
            "11 below_min_events",
            "12 duplicate",
            "13 missing_time"
        ]
    );
    assert_eq!(
        lines(&read.log),
        [
            "1|2011-01-01T00:00:00Z|purchase|A|-|-|500001|1|1",
            "1|2011-01-01T00:00:00Z|purchase|B|-|-|500010|-|-"
        ]
    );
    assert_eq!(
        read.log.items.names(),
        ["A", "B"],
        "no name is left of rows that are gone"
    );
    assert_eq!(
        read.notes,
        ["3 sessions are a C and a number, where 7 are a number: taken as cancellations"]
    );
    let kept = read_text(text, |_| {}, |c| c.keep_duplicates = true).unwrap();
    assert_eq!(
        kept.dropped.to_string(),
        "1 missing_user, 2 missing_time, 1 cancellation, 2 non_positive_quantity, 1 non_positive_price"
    );
    assert_eq!(kept.log.events.len(), 6);
}

#[test]
fn a_c_before_a_number_is_no_cancellation_where_all_sessions_have_it() {
    let text = "user,time,session\nu,1,C1\nu,2,C2\nu,3,17\n";
    let read = read_text(text, |_| {}, |_| {}).unwrap();
    assert_eq!((read.log.events.len(), read.notes.len()), (3, 0));
}

#[test]
fn actions_that_take_back() {
    let text = "user,time,action,item\nu,1,view,a\nu,2,Refund,a\nu,3,order_cancelled,a\nu,4,RETURN,a\nu,5,return_visit,a\nu,6,,a\nu,7,remove_from_cart,a\n";
    let read = read_text(text, |_| {}, |_| {}).unwrap();
    assert_eq!(
        dropped(&read),
        ["3 cancellation", "4 cancellation", "5 cancellation"]
    );
    assert_eq!(
        read.log.actions.names(),
        ["event", "remove_from_cart", "return_visit", "view"]
    );
}

#[test]
fn sales_that_are_undone() {
    let text = "\
user,order,item,quantity,time,price
u,1,A,2,2024-01-01,1
u,2,A,2,2024-01-03,1
u,3,A,3,2024-01-03,1
u,4,A,2,2024-01-09,1
v,5,A,2,2024-01-03,1
u,C6,A,-2,2024-01-05,1
u,C7,A,-3,2024-01-02,1
u,C8,B,-1,2024-01-02,1
u,C9,A,-2,2024-01-03,1
u,10,A,2,2024-01-02,1
";
    let read = read_text(text, |_| {}, |c| c.cancelled_sales = true).unwrap();
    // C9 takes the sale of its own day, C6 the one before; the sale after both, the other user's and the one with
    // another quantity stay.
    assert_eq!(
        dropped(&read)
            .iter()
            .filter(|d| d.ends_with("sale"))
            .collect::<Vec<_>>(),
        ["3 cancelled_sale", "11 cancelled_sale"]
    );
    assert_eq!(read.log.events.len(), 4);
    assert_eq!(read_text(text, |_| {}, |_| {}).unwrap().log.events.len(), 6);
}

#[test]
fn repeats() {
    let text = "user,time,action,item,title\nu,100,view,a,x\nu,105,view,a,y\nu,110,view,a,x\nu,111,view,a,x\nu,105,view,b,x\nu,105,buy,a,x\nv,105,view,a,x\nu,200,search,,tea\nu,201,search,,mug\nu,202,search,,tea\n";
    let read = read_text(text, |_| {}, |c| c.collapse_repeats = Some(10_000)).unwrap();
    // 110 is not more than 10 seconds after 100, 111 is.
    assert_eq!(
        dropped(&read),
        [
            "3 collapsed_repeat",
            "4 collapsed_repeat",
            "11 collapsed_repeat"
        ]
    );
}

#[test]
fn money() {
    let text = "user,time,price,quantity,amount\nu,1,2.5,4,\nu,2,2.5,,\nu,3,2.5,4,7\nu,4,,4,\n";
    let values: Vec<_> = read_text(text, |_| {}, |_| {})
        .unwrap()
        .log
        .events
        .iter()
        .map(|e| e.value)
        .collect();
    assert_eq!(values, [Some(10.0), Some(2.5), Some(7.0), None]);
}

#[test]
fn dates_settled_by_others() {
    let day = read_text("user,date\nu,1/2/2023\nu,13/2/2023\n", |_| {}, |_| {}).unwrap();
    assert_eq!(
        lines(&day.log)[0],
        "u|2023-02-01T00:00:00Z|event|-|-|-|-|-|-"
    );
    assert!(
        day.notes[0].starts_with("dates are read day first, as "),
        "{}",
        day.notes[0]
    );
    assert!(
        day.notes[0].ends_with("log: line 3, column 2 (date) shows: \"13/2/2023\""),
        "{}",
        day.notes[0]
    );
    let month = read_text("user,date\nu,1/2/2023\nu,2/13/2023\n", |_| {}, |_| {}).unwrap();
    assert_eq!(
        lines(&month.log)[0],
        "u|2023-01-02T00:00:00Z|event|-|-|-|-|-|-"
    );
    assert!(
        month.notes[0].starts_with("dates are read month first, as "),
        "{}",
        month.notes[0]
    );
    let said = read_text("user,date\nu,1/2/2023\n", |o| o.day_first = true, |_| {}).unwrap();
    assert_eq!(
        lines(&said.log)[0],
        "u|2023-02-01T00:00:00Z|event|-|-|-|-|-|-"
    );
    let said = read_text("user,date\nu,1/2/2023\n", |o| o.month_first = true, |_| {}).unwrap();
    assert_eq!(
        lines(&said.log)[0],
        "u|2023-01-02T00:00:00Z|event|-|-|-|-|-|-"
    );
}

#[test]
fn names_of_other_shops() {
    for (header, expected) in [
        (
            "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session",
            "user=user_id time=event_time session=user_session action=event_type item=product_id \
             category=category_code price=price (all guessed)",
        ),
        (
            "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country",
            "user=Customer ID time=InvoiceDate session=Invoice item=StockCode quantity=Quantity price=Price \
             text=Description (all guessed)",
        ),
        (
            "timestamp,visitorid,event,itemid",
            "user=visitorid time=timestamp action=event item=itemid (all guessed)",
        ),
        (
            "Client-ID,TS,Behavior,SKU,Qty,Product",
            "user=Client-ID time=TS action=Behavior item=SKU quantity=Qty text=Product (all guessed)",
        ),
    ] {
        let row = vec!["1"; header.split(',').count()].join(",");
        let read = read_text(format!("{header}\n{row}\n"), |_| {}, |_| {}).unwrap();
        assert_eq!(read.columns.to_string(), expected);
    }
    // A well-known name does not count against what its values say: no price, no time.
    let text = "user_id,date,created_at,price\n1,soon,2024-01-01,high\n2,late,2024-01-01,low\n";
    let read = read_text(text, |_| {}, |_| {}).unwrap();
    assert_eq!(
        read.columns.to_string(),
        "user=user_id time=created_at (all guessed)"
    );
    // Nor do many rows without a user, all at the beginning.
    let text = format!(
        "customer_id,date\n{}7,2024-01-01\n",
        ",2024-01-01\n".repeat(10_000)
    );
    let read = read_text(text, |_| {}, |_| {}).unwrap();
    assert_eq!(
        read.columns.to_string(),
        "user=customer_id time=date (all guessed)"
    );
    let text = "a,user_id,b\n1,7,1700000000\n";
    let named = read_text(
        text,
        |o| (o.columns.user, o.columns.time) = (Some("a".into()), Some("b".into())),
        |_| {},
    );
    assert_eq!(named.unwrap().columns.to_string(), "user=a time=b");
}

/// Rows with many ties, duplicates, cancellations and holes.
fn messy(seed: u64, rows: usize) -> (String, Vec<String>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let header =
        "CustomerID,InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,event,category";
    let mut rows: Vec<String> = (0..rows - rows / 10)
        .map(|_| {
            let mut pick = |n: u32| rng.random_range(0..n);
            let user = ["1.0", "2", "10.0", "", "x"][pick(5) as usize];
            let invoice = [
                format!("{}", 500_000 + pick(9)),
                format!("C{}", 500_000 + pick(3)),
            ][usize::from(pick(8) == 0)]
            .clone();
            let item = ["A", "B", "C", ""][pick(4) as usize];
            let text = ["tea", "mug", "\"a, b\"", ""][pick(4) as usize];
            let quantity = ["1", "2", "-1", "-2", "0", "3.0", ""][pick(7) as usize];
            let time = format!("2024-01-{:02} 0{}:00", 1 + pick(6), pick(2));
            let price = [
                "1", "1", "1", "2.5", "2.5", "2.5", "2.5", "0.1", "0", "-1", "x",
            ][pick(11) as usize];
            let event = ["view", "buy", "refund", ""][pick(4) as usize];
            let category = ["c1", "c2", ""][pick(3) as usize];
            format!("{user},{invoice},{item},{text},{quantity},{time},{price},{event},{category}")
        })
        .collect();
    rows.extend_from_within(..rows.len() / 9);
    (header.to_owned(), rows)
}

#[test]
fn the_order_of_rows_leaves_no_trace() {
    for seed in 0..20 {
        let (header, mut rows) = messy(seed, 300);
        assert_eq!(rows.len(), 300);
        let mut read = |batch: usize| {
            let text = format!("{header}\n{}\n", rows.join("\n"));
            rows.shuffle(&mut ChaCha8Rng::seed_from_u64(seed + batch as u64));
            let clean = |c: &mut throng_events::CleanOptions| {
                (c.cancelled_sales, c.collapse_repeats, c.min_events) = (true, Some(3_600_000), 3);
            };
            let options = |o: &mut throng_events::ReadOptions| {
                (o.batch_rows, o.max_bad) = (batch, 0.5);
                // A guess looks at a batch, and one row is too little to tell a price by.
                o.columns.price = Some("UnitPrice".to_owned());
            };
            read_text(text, options, clean).unwrap()
        };
        let first = read(8192);
        assert!(first.log.events.len() > 20, "{}", first.dropped);
        for batch in [1, 7, 100, 299, 300, 301] {
            let other = read(batch);
            assert_same(&first.log, &other.log);
            assert_eq!(first.dropped.to_string(), other.dropped.to_string());
        }
        let taken = first.dropped.total() as usize + first.log.events.len();
        assert_eq!(
            (taken, first.dropped.rows().count() as u64),
            (300, first.dropped.total())
        );
        assert!(first.log.users.is_sorted() && first.log.items.names().is_sorted());
        for u in 0..first.log.users.len() {
            assert!(first.log.user(u).is_sorted_by_key(|e| e.time));
        }
    }
}

#[test]
fn a_written_log_reads_back() {
    for seed in 0..5 {
        let (header, rows) = messy(seed, 200);
        let text = format!("{header}\n{}\n", rows.join("\n"));
        let first = read_text(text, |o| o.max_bad = 0.5, |_| {}).unwrap().log;
        let mut out = Vec::new();
        write_csv(&first, &mut out).unwrap();
        let again = read_text(&out, |_| {}, |c| c.keep_duplicates = true).unwrap();
        assert_same(&first, &again.log);
        assert_eq!(again.dropped.total(), 0);
    }
    let log = read_text("user,time,value\nu,1.5e9,0.1\n,,\n", |_| {}, |_| {})
        .unwrap()
        .log;
    let mut out = Vec::new();
    write_csv(&log, &mut out).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "user_id,event_time,event_type,price\nu,2017-07-14T02:40:00Z,event,0.1\n"
    );
}

#[test]
fn sessions() {
    let cut = |text: &str, unit| {
        let log = read_text(text, |_| {}, |_| {}).unwrap().log;
        sequences(&log, unit)
            .into_iter()
            .map(|s| (s.user, s.events))
            .collect::<Vec<_>>()
    };
    let text = "user,time\nu,0\nu,60\nu,121\nv,130\n";
    assert_eq!(cut(text, SequenceUnit::User), [(0, 0..3), (1, 3..4)]);
    let unit = SequenceUnit::Session { gap: 60_000 };
    assert_eq!(cut(text, unit), [(0, 0..2), (0, 2..3), (1, 3..4)]);
    // A session column decides, also about events at the same time; where it is empty, the pause does.
    let text = "user,time,session\nu,0,b\nu,0,a\nu,0,b\nu,500,b\nu,600,\nu,601,\nu,900,\n"
        .replace("u,0,b\nu,0,a\nu,0,b", "u,0,b\nu,0,a");
    assert_eq!(
        cut(&text, unit),
        [(0, 0..1), (0, 1..3), (0, 3..5), (0, 5..6)]
    );
}

#[test]
fn a_formula_in_a_log_does_nothing_in_dropped_csv() {
    let text = "user,time,price\nu,1,1\nu,2,=cmd()\n";
    let read = read_text(text, |o| o.max_bad = 0.5, |_| {}).unwrap();
    let mut out = Vec::new();
    read.dropped.write_csv(&mut out).unwrap();
    let mut csv = csv::Reader::from_reader(out.as_slice());
    let row = csv.records().next().unwrap().unwrap();
    assert!(
        row.iter()
            .all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])),
        "{row:?}"
    );
    assert_eq!(&row[3], "column 3 (price): \"=cmd()\" is not a number");
    for (text, safe) in [
        ("=1", "'=1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@a", "'@a"),
        ("\ta", "'\ta"),
        ("\ra", "'\ra"),
        ("a=1", "a=1"),
        ("", ""),
    ] {
        assert_eq!(formula_safe(text), safe);
    }
    let folder = common::Folder::new();
    read.dropped.save_csv(&folder.path("dropped.csv")).unwrap();
    assert_eq!(std::fs::read(folder.path("dropped.csv")).unwrap(), out);
    let error = read
        .dropped
        .save_csv(&folder.path("absent/dropped.csv"))
        .unwrap_err();
    assert!(
        folder
            .message(&error)
            .starts_with("cannot write absent/dropped.csv: No such file or directory"),
        "{error}"
    );
}
