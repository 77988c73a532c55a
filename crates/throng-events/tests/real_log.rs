//! The facts of a real shop's log, where it is at hand: `THRONG_ONLINE_RETAIL` names the folder with
//! `online_retail.parquet` and `online_retail.csv.gz` (UCI Online Retail, 541,909 rows).
#![allow(clippy::unwrap_used)]

mod common;

use std::path::PathBuf;

use common::{assert_same, read_with};
use throng_events::{CleanOptions, Read, ReadOptions, Reason, SequenceUnit, Source, sequences};

fn read(name: &str, min_events: usize) -> Read {
    let folder = std::env::var_os("THRONG_ONLINE_RETAIL").map(PathBuf::from);
    let path = folder
        .unwrap_or_else(|| panic!("set THRONG_ONLINE_RETAIL to the log's folder"))
        .join(name);
    let clean = CleanOptions {
        min_events,
        ..CleanOptions::default()
    };
    let start = std::time::Instant::now();
    let read = read_with(&[Source::Path(path)], &ReadOptions::default(), &clean).unwrap();
    println!("{} in {:?}", read.sources[0], start.elapsed());
    println!("{}\n{}\n{:?}", read.columns, read.dropped, read.notes);
    read
}

#[test]
#[ignore = "needs the Online Retail log in the folder THRONG_ONLINE_RETAIL"]
fn online_retail() {
    let (csv, parquet) = (
        read("online_retail.csv.gz", 1),
        read("online_retail.parquet", 1),
    );
    assert_same(&csv.log, &parquet.log);
    for read in [&csv, &parquet] {
        assert_eq!(read.rows, 541_909);
        assert_eq!(read.log.users.len(), 4338);
        // Counted by a few lines of Python over the same rows.
        assert_eq!(read.log.events.len(), 392_692);
        for (reason, count) in [
            (Reason::Duplicate, 5268),
            (Reason::MissingUser, 135_037),
            (Reason::Cancellation, 8872),
            (Reason::NonPositivePrice, 40),
        ] {
            assert_eq!(read.dropped.count(reason), count, "{reason}");
        }
        assert_eq!(
            read.dropped.total() + read.log.events.len() as u64,
            read.rows
        );
        assert_eq!(
            read.columns.to_string(),
            "user=CustomerID time=InvoiceDate session=InvoiceNo item=StockCode quantity=Quantity price=UnitPrice \
             text=Description (all guessed)"
        );
        assert_eq!(read.log.actions.names(), ["purchase"]);
        let mut invoices: Vec<usize> = vec![0; read.log.users.len()];
        let sessions = sequences(&read.log, SequenceUnit::Session { gap: 0 });
        sessions.iter().for_each(|s| invoices[s.user] += 1);
        invoices.sort_unstable();
        assert_eq!(
            (
                invoices[invoices.len() / 2],
                invoices[invoices.len() * 9 / 10]
            ),
            (2, 9)
        );
    }
    let two = read("online_retail.parquet", 2);
    assert_eq!(two.log.users.len(), 4267);
    assert_eq!(two.dropped.count(Reason::BelowMinEvents), 71);
}
