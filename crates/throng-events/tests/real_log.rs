//! The facts of a real shop's log, where it is at hand: `THRONG_ONLINE_RETAIL` names the folder with
//! `online_retail.parquet` and `online_retail.csv.gz` (UCI Online Retail, 541,909 rows).
#![allow(clippy::unwrap_used)]

mod common;

use std::path::PathBuf;

use common::{assert_same, read_with};
use throng_events::{
    BuysWithin, CleanOptions, CutOff, EventLog, Example, LeftOut, Purchases, Read, ReadOptions,
    Reason, SequenceUnit, SessionBuys, Source, Split, VerbalizeParams, Verbalizer, sequences,
    user_folds,
};

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

/// The share of pairs of one who buys and one who does not that `score` puts in the right order, ties as half.
fn auc(examples: &[Example], score: impl Fn(&Example) -> f64) -> f64 {
    let of = |label| {
        let side = examples.iter().filter(move |e| e.label == label);
        side.map(&score).collect::<Vec<f64>>()
    };
    let (yes, no) = (of(true), of(false));
    let mut sum = 0.0;
    for y in &yes {
        for n in &no {
            sum += match y.total_cmp(n) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
        }
    }
    sum / (yes.len() * no.len()) as f64
}

#[test]
#[ignore = "needs the Online Retail log in the folder THRONG_ONLINE_RETAIL"]
fn who_buys_again() {
    let log = read("online_retail.parquet", 1).log;
    let purchases = Purchases::of(&log);
    // 2011-09-10, in milliseconds.
    let cut = 15_227 * 24 * 60 * 60_000;
    assert_eq!(throng_events::format_time(cut), "2011-09-10T00:00:00Z");
    let question = BuysWithin {
        cut_off: CutOff::At(cut),
        horizon: None,
        observed: None,
    };
    let outcomes = question.label(&log, &purchases).unwrap();
    println!(
        "{} users, {:.4} positive, {}",
        outcomes.examples.len(),
        outcomes.positive(),
        outcomes.left_out
    );
    // The label's known difficulty, from a few lines of Python.
    assert_eq!(outcomes.examples.len(), 3370);
    assert_eq!(
        outcomes.left_out,
        LeftOut {
            no_history: 968,
            ..LeftOut::default()
        }
    );
    assert!((outcomes.positive() - 0.570).abs() < 0.0005);
    let events = |e: &Example| &log.events[e.history.clone()];
    let recency = auc(&outcomes.examples, |e| {
        events(e).last().unwrap().time as f64
    });
    let frequency = auc(&outcomes.examples, |e| {
        let invoices = events(e).iter().map(|e| e.session);
        invoices.collect::<std::collections::HashSet<_>>().len() as f64
    });
    let spend = auc(&outcomes.examples, |e| {
        events(e).iter().filter_map(|e| e.value).sum()
    });
    println!("AUC: recency {recency:.4}, frequency {frequency:.4}, spend {spend:.4}");
    for (found, known) in [(recency, 0.683), (frequency, 0.722), (spend, 0.711)] {
        assert!((found - known).abs() < 0.0005, "{found} {known}");
    }
    tells_the_same_without_the_future(&log, cut, &outcomes.examples);

    let folds = user_folds(&outcomes.users(&log), &outcomes.classes(), 5, 1).unwrap();
    for fold in 0..5 {
        let of = |label| {
            let both = outcomes.examples.iter().zip(&folds);
            both.filter(|(e, f)| e.label == label && **f == fold)
                .count()
        };
        assert_eq!(of(true) + of(false), 674);
        assert!([384, 385].contains(&of(true)), "{} of 1921", of(true));
    }
    let split = Split::by_user(&outcomes.users(&log), 0.2, 1).unwrap();
    assert!(split.test.len().abs_diff(674) < 116, "{}", split.test.len());

    // A month after a cut-off in November is not seen to its end.
    let late = BuysWithin {
        cut_off: CutOff::At(cut + 70 * 24 * 60 * 60_000),
        horizon: Some(30 * 24 * 60 * 60_000),
        observed: None,
    };
    let late = late.label(&log, &purchases).unwrap();
    assert!(late.examples.is_empty() && late.left_out.censored > 4000);
    // In a log of purchases every session is one only.
    let sessions = SessionBuys {
        gap: 30 * 60_000,
        observed: None,
    };
    let sessions = sessions.label(&log, &purchases).unwrap();
    println!("sessions: {}", sessions.left_out);
    let left_out = sessions.left_out;
    // The log's invoices, counted by a few lines of Python.
    assert_eq!(left_out.only_purchase + left_out.censored, 18_532);
    assert!(sessions.examples.is_empty() && left_out.interleaved == 0);
}

/// Texts of the log and of the log that ends at the cut are the same bytes.
fn tells_the_same_without_the_future(log: &EventLog, cut: i64, examples: &[Example]) {
    let words = |text: &str| text.split_whitespace().count();
    let early = log.before(cut);
    let whole = Verbalizer::new(log, VerbalizeParams::default());
    let before = Verbalizer::new(&early, VerbalizeParams::default());
    assert_eq!(early.users.len(), examples.len());
    let start = std::time::Instant::now();
    let (mut told, mut all) = (0, 0);
    for (u, e) in examples.iter().enumerate() {
        assert_eq!(early.users[u], log.users[e.user]);
        let range = early.offsets[u]..early.offsets[u + 1];
        let text = whole.text(e.history.clone(), Some(cut), 100, &words);
        assert_eq!(text.text, before.text(range, Some(cut), 100, &words).text);
        assert!(words(&text.text) <= 100 && !text.events.is_empty());
        (told, all) = (told + text.events.len(), all + e.history.len());
        if u % 1000 == 0 {
            println!("{}", text.text);
        }
    }
    println!(
        "{told} of {all} events told in 100 words, twice {} users in {:?}",
        examples.len(),
        start.elapsed()
    );
}
