//! Logs that anybody can fetch, by facts that a few lines of Python count: `cargo xtask assets` puts them into `assets`.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;

use common::read_with;
use throng_events::{CleanOptions, Columns, Event, ReadOptions, Reason, Source};

fn asset(name: &str) -> Source {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../assets")
        .join(name);
    assert!(
        path.exists(),
        "assets/{name} is not there: run `cargo xtask assets`"
    );
    Source::Path(path)
}

/// The funnel of a made-up shop, by Retentioneering.
#[test]
fn a_funnel_with_sessions() {
    let read = |keep_duplicates| {
        let clean = CleanOptions {
            keep_duplicates,
            ..CleanOptions::default()
        };
        let source = [asset("funnel/ecom.csv.gz")];
        read_with(&source, &ReadOptions::default(), &clean).unwrap()
    };
    let clean = read(false);
    assert_eq!(clean.dropped.count(Reason::Duplicate), 30);
    assert_eq!(
        (clean.dropped.total(), clean.log.events.len()),
        (30, 31_076)
    );
    let read = read(true);
    assert_eq!(
        read.columns.to_string(),
        "user=user_id time=timestamp session=session_id action=event (all guessed)"
    );
    let log = &read.log;
    assert_eq!(
        (read.rows, read.dropped.total(), log.events.len()),
        (31_106, 0, 31_106)
    );
    assert_eq!((log.users.len(), log.sessions.names().len()), (600, 3_605));
    assert_eq!(log.actions.names().len(), 19);
    for (action, count) in [
        ("product_view", 6_851),
        ("add_to_cart", 1_346),
        ("purchase", 470),
        ("checkout_bug", 44),
    ] {
        let is_it = |event: &&Event| log.actions.name(event.action) == action;
        assert_eq!(log.events.iter().filter(is_it).count(), count, "{action}");
    }
}

/// MovieLens-1M (Harper and Konstan 2015, <https://doi.org/10.1145/2827872>) in RecBole's form: more than half of the
/// ratings come in the second of the user's one before.
#[test]
fn a_million_ratings() {
    let options = ReadOptions {
        columns: Columns {
            user: Some("user_id:token".to_owned()),
            item: Some("item_id:token".to_owned()),
            time: Some("timestamp:float".to_owned()),
            ..Columns::default()
        },
        ..ReadOptions::default()
    };
    let source = [asset("movielens/ml-1m.inter")];
    let read = read_with(&source, &options, &CleanOptions::default()).unwrap();
    let log = &read.log;
    assert_eq!(
        (read.rows, read.dropped.total(), log.events.len()),
        (1_000_209, 0, 1_000_209)
    );
    assert_eq!((log.users.len(), log.items.names().len()), (6_040, 3_706));
    assert_eq!(log.span(), Some((956_703_932_000, 1_046_454_590_000)));
    let titles = log.items.names();
    assert!(titles.iter().any(|title| title == "Misérables, Les (1998)"));
    let mut together = 0;
    for user in 0..log.users.len() {
        let events = log.user(user).windows(2);
        together += events.filter(|pair| pair[0].time == pair[1].time).count();
    }
    assert_eq!(together, 529_046);
}
