//! Labels from a log: known answers, and that nothing at or after the cut is in a history.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::read_text;
use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use throng_events::{
    BuysWithin, CutOff, EventLog, EventsError, LeftOut, Outcomes, Purchases, SequenceUnit,
    SessionBuys, Split, Tokens, VerbalizeParams, Verbalizer, Vocabulary, VocabularyParams,
    sequences, user_folds,
};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

fn log(csv: &str) -> EventLog {
    read_text(csv, |_| {}, |_| {}).unwrap().log
}

/// Milliseconds of a day of January 2024.
fn day(day: i64) -> i64 {
    (19_722 + day) * DAY
}

fn users(log: &EventLog, outcomes: &Outcomes) -> Vec<(String, usize, bool)> {
    let row = |e: &throng_events::Example| (log.users[e.user].clone(), e.history.len(), e.label);
    outcomes.examples.iter().map(row).collect()
}

fn row(user: &str, history: usize, label: bool) -> (String, usize, bool) {
    (user.to_owned(), history, label)
}

const LOG: &str = "user,time,action,item\n\
    at,2024-01-01,view,x\nat,2024-01-10,buy,x\n\
    edge,2024-01-02,view,x\nedge,2024-01-15,buy,x\n\
    just,2024-01-02,view,x\njust,2024-01-14 23:59:59,buy,x\n\
    late,2024-01-03,buy,x\nlate,2024-01-20,buy,x\n\
    looks,2024-01-05,view,x\nlooks,2024-01-11,view,x\n\
    new,2024-01-12,buy,x\n\
    twice,2024-01-01,buy,x\ntwice,2024-01-09 23:59:59,view,y\ntwice,2024-01-12,buy,x\n";

#[test]
fn who_buys_within_five_days() {
    let log = log(LOG);
    let purchases = Purchases::of(&log);
    let mut question = BuysWithin {
        cut_off: CutOff::At(day(10)),
        horizon: Some(5 * DAY),
        observed: None,
    };
    let outcomes = question.label(&log, &purchases).unwrap();
    let expected = [
        // A purchase at the cut-off counts, and is no history.
        row("at", 1, true),
        // One at the end of the window does not.
        row("edge", 1, false),
        row("just", 1, true),
        row("late", 1, false),
        row("looks", 1, false),
        row("twice", 2, true),
    ];
    assert_eq!(users(&log, &outcomes), expected);
    assert_eq!(
        outcomes.left_out,
        LeftOut {
            no_history: 1,
            ..LeftOut::default()
        }
    );
    assert!(
        outcomes
            .examples
            .iter()
            .all(|e| (e.now, e.known) == (day(10), day(15)))
    );
    assert_eq!(outcomes.positive(), 0.5);
    // Until the end, the last moment included.
    question.horizon = None;
    let all = question.label(&log, &purchases).unwrap();
    let labels: Vec<bool> = all.examples.iter().map(|e| e.label).collect();
    assert_eq!(labels, [true, true, true, true, false, true]);
    assert!(all.examples.iter().all(|e| e.known == day(20)));
}

#[test]
fn a_window_that_is_not_seen_to_its_end_has_no_label() {
    let log = log(LOG);
    let purchases = Purchases::of(&log);
    let label = |horizon: i64, observed: Option<i64>| {
        let cut_off = CutOff::At(day(10));
        BuysWithin {
            cut_off,
            horizon: Some(horizon),
            observed,
        }
        .label(&log, &purchases)
        .unwrap()
    };
    assert_eq!(label(10 * DAY, None).examples.len(), 6);
    for censored in [label(10 * DAY + 1, None), label(5 * DAY, Some(day(15) - 1))] {
        // Nobody, who bought so far neither.
        assert!(censored.examples.is_empty());
        assert_eq!(
            censored.left_out,
            LeftOut {
                no_history: 1,
                censored: 6,
                ..LeftOut::default()
            }
        );
    }
    assert_eq!(label(10 * DAY + 1, Some(day(21))).examples.len(), 6);
    // Each user's own cut-off: three windows end in time, one moment is before the user's first event.
    let each = vec![
        Some(day(2)),
        Some(day(12)),
        Some(day(16)),
        None,
        Some(day(5)),
        Some(day(13)),
        Some(day(13)),
    ];
    let cut_off = CutOff::Each(each);
    let question = BuysWithin {
        cut_off,
        horizon: Some(7 * DAY),
        observed: None,
    };
    let outcomes = question.label(&log, &purchases).unwrap();
    let expected = [
        row("at", 1, false),
        row("edge", 1, true),
        row("new", 1, false),
        row("twice", 3, false),
    ];
    assert_eq!(users(&log, &outcomes), expected);
    assert_eq!(
        outcomes.left_out,
        LeftOut {
            no_history: 2,
            censored: 1,
            ..LeftOut::default()
        }
    );
    assert_eq!(
        outcomes.left_out.to_string(),
        "left out: 2 without history, 1 not seen to the end"
    );
}

#[test]
fn which_session_ends_in_a_purchase() {
    let log = log("user,time,action,item\n\
        a,2024-01-01 10:00,view,x\na,2024-01-01 10:10,cart,x\n\
        a,2024-01-01 10:11,cart,z\na,2024-01-01 10:11,purchase,x\na,2024-01-01 10:11,view,thanks\n\
        a,2024-01-01 10:12,view,y\na,2024-01-01 10:13,purchase,y\n\
        a,2024-01-01 12:00,view,x\na,2024-01-01 12:30,view,y\n\
        b,2024-01-01 10:00,purchase,x\nb,2024-01-01 10:01,view,x\n\
        c,2024-01-01 12:40,view,x\nc,2024-01-01 12:41,purchase,x\n\
        d,2024-01-01 13:00:01,view,x\n");
    let sessions = SessionBuys {
        gap: 30 * MINUTE,
        observed: None,
    };
    let outcomes = sessions.label(&log, &Purchases::of(&log)).unwrap();
    // What is of the minute of the purchase is cut, written before it or not.
    assert_eq!(
        users(&log, &outcomes),
        [row("a", 2, true), row("a", 2, false)]
    );
    let (first, second) = (&outcomes.examples[0], &outcomes.examples[1]);
    assert_eq!(
        (first.now, first.known),
        (day(1) + 610 * MINUTE, day(1) + 643 * MINUTE + 1)
    );
    assert_eq!(
        (second.now, second.known),
        (day(1) + 750 * MINUTE, day(1) + 780 * MINUTE + 1)
    );
    assert_eq!(
        outcomes.left_out,
        LeftOut {
            censored: 2,
            only_purchase: 1,
            ..LeftOut::default()
        }
    );
    // The log saw more: only what goes on is censored.
    let sessions = SessionBuys {
        observed: Some(day(2)),
        ..sessions
    };
    let outcomes = sessions.label(&log, &Purchases::of(&log)).unwrap();
    assert_eq!(
        outcomes.left_out,
        LeftOut {
            only_purchase: 1,
            ..LeftOut::default()
        }
    );
    assert_eq!(outcomes.examples.len(), 4);
}

#[test]
fn sessions_by_column_and_interleaved_ones() {
    let log = log("user,time,action,item,session\n\
        a,2024-01-01 10:00,view,x,s1\na,2024-01-01 10:01,view,x,s2\n\
        a,2024-01-01 10:02,buy,x,s1\na,2024-01-01 10:03,view,x,s3\na,2024-01-01 23:00,buy,x,s3\n\
        b,2024-01-09 10:02,view,x,s1\nb,2024-01-09 10:02,view,x,s4\n");
    let sessions = SessionBuys {
        gap: 0,
        observed: Some(day(30)),
    };
    let outcomes = sessions.label(&log, &Purchases::of(&log)).unwrap();
    let expected = [
        row("a", 1, false),
        row("a", 1, true),
        row("b", 1, false),
        row("b", 1, false),
    ];
    assert_eq!(users(&log, &outcomes), expected);
    assert_eq!(
        outcomes.left_out,
        LeftOut {
            interleaved: 1,
            ..LeftOut::default()
        }
    );
}

#[test]
fn refuses_what_cannot_be_labelled() {
    let silent = log("user,time,action\na,2024-01-01,view\na,2024-01-02,click\n");
    let ask = |log: &EventLog, cut_off, horizon| {
        BuysWithin {
            cut_off,
            horizon,
            observed: None,
        }
        .label(log, &Purchases::of(log))
        .unwrap_err()
    };
    let sessions = SessionBuys {
        gap: 0,
        observed: None,
    };
    for error in [
        ask(&silent, CutOff::At(0), None),
        sessions
            .label(&silent, &Purchases::of(&silent))
            .unwrap_err(),
    ] {
        assert_eq!(
            error.to_string(),
            "the log does not say what a purchase is: name an action of it purchase, buy or order; its actions: \
             click, view"
        );
    }
    let log = log(LOG);
    for (error, message) in [
        (
            ask(&log, CutOff::At(0), Some(0)),
            "horizon must be at least 1 ms, not 0",
        ),
        (
            ask(&log, CutOff::Each(vec![]), None),
            "cut-offs must be 7 (one a user), not 0",
        ),
    ] {
        assert!(matches!(error, EventsError::Option { .. }));
        assert_eq!(error.to_string(), message);
    }
    let negative = SessionBuys {
        gap: -1,
        observed: None,
    };
    assert!(negative.label(&log, &Purchases::of(&log)).is_err());
    // No event at all is no error: nobody has a label.
    let nobody = EventLog {
        offsets: vec![0],
        ..EventLog::default()
    };
    let every = Purchases::of(&log);
    assert_eq!(
        sessions.label(&nobody, &every).unwrap(),
        Outcomes::default()
    );
}

/// Rows of a shop of which everything is drawn, and the same with every cell of rows at or after `cut` drawn anew,
/// some of them gone and others come, also of new users and items.
fn shops(seed: u64, cut: i64) -> [EventLog; 2] {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = |from: i64, to: i64, count: usize, new: bool| -> Vec<String> {
        (0..count)
            .map(|_| {
                let time = random.random_range(from..to) / MINUTE * MINUTE;
                let user = random.random_range(0..if new { 30 } else { 20 });
                let item = random.random_range(0..if new { 12 } else { 8 });
                let action = ["view", "cart", "purchase", "wish"]
                    [random.random_range(0..if new { 4 } else { 3 })];
                let title = ["", "mug", "lamp", "a later name"]
                    [random.random_range(0..if new { 4 } else { 3 })];
                let kind =
                    ["", "home", "later kind"][random.random_range(0..if new { 3 } else { 2 })];
                let value = random.random_range(1..if new { 900 } else { 90 });
                let time = throng_events::format_time(time);
                format!("u{user},{time},{action},i{item},{title},{kind},{value}\n")
            })
            .collect()
    };
    let before = draw(day(1), cut, 150, false);
    let after = draw(cut, day(30), 80, false);
    // The moment of the cut is after it.
    let mut other = draw(cut, day(40), 120, true);
    let at = throng_events::format_time(cut);
    other.extend((0..20).map(|user| format!("u{user},{at},purchase,i1,at the cut,home,7\n")));
    [after, other].map(|after| {
        let header = "user,time,action,item,title,category,value\n";
        log(&(header.to_owned() + &before.concat() + &after.concat()))
    })
}

#[test]
fn nothing_at_or_after_the_cut_changes_an_input() {
    let mut changed = 0;
    for seed in 0..20 {
        let cut = day(15) + 617 * MINUTE;
        let told = shops(seed, cut).map(|log| {
            let question = BuysWithin {
                cut_off: CutOff::At(cut),
                horizon: None,
                observed: None,
            };
            let outcomes = question.label(&log, &Purchases::of(&log)).unwrap();
            let verbalizer = Verbalizer::new(&log, VerbalizeParams::default());
            let mut labels = Vec::new();
            let mut inputs = BTreeMap::new();
            for e in &outcomes.examples {
                assert!(
                    log.events[e.history.clone()]
                        .iter()
                        .all(|event| event.time < cut)
                );
                let text = |budget| {
                    verbalizer
                        .text(e.history.clone(), Some(e.now), budget, &|text| text.len())
                        .text
                };
                let texts = [text(120), text(usize::MAX)];
                inputs.insert(log.users[e.user].clone(), texts);
                labels.push(e.label);
            }
            // The log before the cut knows no more, by its vocabulary, its tokens and its items.
            let early = log.before(cut);
            let vocabulary = Vocabulary::build(&early, &VocabularyParams::default());
            let purchases = Purchases::of(&early);
            let tokens: Vec<Tokens> = sequences(&early, SequenceUnit::User)
                .iter()
                .map(|s| vocabulary.encode(&early, &purchases, s, cut, 100))
                .collect();
            let items: BTreeMap<String, String> = (0..early.items.len() as u32)
                .filter(|&item| early.events.iter().any(|e| e.item == Some(item)))
                .map(|item| {
                    (
                        early.items.name(item).to_owned(),
                        early.item_name(item).to_owned(),
                    )
                })
                .collect();
            let words = (vocabulary.tokens().to_vec(), tokens, items);
            (inputs, words, labels)
        });
        let [
            (inputs, words, labels),
            (other_inputs, other_words, other_labels),
        ] = told;
        assert!(inputs.len() > 15);
        assert_eq!(inputs, other_inputs);
        assert_eq!(words, other_words);
        changed += usize::from(labels != other_labels);
    }
    // Else nothing was tried.
    assert!(changed > 10);
}

#[test]
fn nothing_from_the_purchase_on_changes_a_session() {
    let session = |later: &str| {
        let log = log(&format!(
            "user,time,action,item,title,value\n\
             a,2024-01-01 10:00,view,x,,3\nb,2024-01-01 10:03,view,x,mug,3\na,2024-01-01 10:05,cart,x,,3\n{later}\
             z,2024-01-09 10:00,view,x,other,9\n"
        ));
        let sessions = SessionBuys {
            gap: 30 * MINUTE,
            observed: None,
        };
        let outcomes = sessions.label(&log, &Purchases::of(&log)).unwrap();
        let first = &outcomes.examples[0];
        let verbalizer = Verbalizer::new(&log, VerbalizeParams::default());
        let text = verbalizer
            .text(first.history.clone(), Some(first.now), 100, &|t| t.len())
            .text;
        (text, first.label)
    };
    let expected = "viewed x (3); added mug (3) to the cart.".to_owned();
    assert_eq!(
        session("b,2024-01-02,buy,x,,1\n"),
        (expected.clone(), false)
    );
    for later in [
        "a,2024-01-01 10:20,buy,x,,3\n",
        "a,2024-01-01 10:06,buy,x,,900\na,2024-01-01 10:06,add,x,why,3\na,2024-01-01 10:30,view,y,how,\n",
        "a,2024-01-01 10:07,purchase,x,jug,3\nb,2024-01-01 10:05,view,x,jug,3\n",
    ] {
        assert_eq!(session(later), (expected.clone(), true), "{later}");
    }
}

/// Users and classes of rows: some users have many.
fn rows(random: &mut ChaCha8Rng) -> Vec<(String, u32)> {
    (0..400)
        .map(|_| {
            let user: usize = random.random_range(0..150);
            (
                format!("user {user}"),
                u32::from(user.is_multiple_of(5)) + u32::from(user.is_multiple_of(11)),
            )
        })
        .collect()
}

fn parted(rows: &[(String, u32)]) -> (Vec<&str>, Vec<u32>) {
    rows.iter()
        .map(|(user, class)| (user.as_str(), *class))
        .unzip()
}

#[test]
fn users_are_on_one_side_in_any_order_of_rows() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut sides = BTreeSet::new();
    for seed in 0..30 {
        let mut rows = rows(&mut random);
        let of = |rows: &[(String, u32)]| {
            let (users, _) = parted(rows);
            let split = Split::by_user(&users, 0.3, seed).unwrap();
            assert!(split.between.is_empty());
            let mut all = [split.train.clone(), split.test.clone()].concat();
            all.sort_unstable();
            assert_eq!(all, (0..rows.len()).collect::<Vec<_>>());
            let names = |rows: Vec<usize>| {
                rows.into_iter()
                    .map(|r| users[r].to_owned())
                    .collect::<BTreeSet<_>>()
            };
            (names(split.train), names(split.test))
        };
        let (train, test) = of(&rows);
        assert!(train.is_disjoint(&test));
        // Five standard errors of a share of 150 users.
        let share = test.len() as f64 / (train.len() + test.len()) as f64;
        assert!(
            (share - 0.3).abs() < 5.0 * (0.21 / 140.0_f64).sqrt(),
            "{share}"
        );
        rows.shuffle(&mut random);
        assert_eq!(of(&rows), (train.clone(), test.clone()));
        // Who joins moves nobody.
        rows.push(("someone new".into(), 1));
        let (more_train, more_test) = of(&rows);
        assert!(more_train.is_superset(&train) && more_test.is_superset(&test));
        sides.insert(test);
    }
    assert_eq!(sides.len(), 30, "every seed parts users in its own way");
    assert_eq!(Split::by_user(&["a", "b"], 0.0, 1).unwrap().test.len(), 0);
    assert_eq!(Split::by_user(&["a", "b"], 1.0, 1).unwrap().test.len(), 2);
    for share in [-0.1, 1.1, f64::NAN] {
        assert!(Split::by_user(&["a"], share, 1).is_err());
    }
}

#[test]
fn folds_keep_users_whole_and_classes_even() {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    for (seed, k) in [(1, 2), (2, 5), (3, 7)] {
        let mut rows = rows(&mut random);
        let of = |rows: &[(String, u32)]| {
            let (users, classes) = parted(rows);
            let folds = user_folds(&users, &classes, k, seed).unwrap();
            let mut fold_of: BTreeMap<String, usize> = BTreeMap::new();
            for (user, &fold) in users.iter().zip(&folds) {
                assert_eq!(*fold_of.entry((*user).to_owned()).or_insert(fold), fold);
            }
            fold_of
        };
        let folds = of(&rows);
        let classes: BTreeMap<String, u32> = rows.iter().cloned().collect();
        for class in [None, Some(0), Some(1), Some(2)] {
            let mut sizes = vec![0; k];
            folds
                .iter()
                .filter(|(user, _)| class.is_none_or(|c| classes[*user] == c))
                .for_each(|(_, &fold)| sizes[fold] += 1);
            let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
            assert!(most - least <= 1, "{class:?}: {sizes:?}");
        }
        rows.shuffle(&mut random);
        assert_eq!(of(&rows), folds);
        let (users, classes) = parted(&rows);
        assert_ne!(
            user_folds(&users, &classes, k, seed).unwrap(),
            user_folds(&users, &classes, k, seed + 100).unwrap()
        );
    }
    // A user's class is that of most rows: b and c are of class 1 and are parted, whatever the seed.
    for seed in 0..20 {
        let folds = user_folds(
            &["a", "b", "b", "b", "c", "d"],
            &[0, 0, 1, 1, 1, 0],
            2,
            seed,
        )
        .unwrap();
        assert_ne!(folds[1], folds[4]);
        assert_ne!(folds[0], folds[5]);
    }
    assert!(user_folds(&["a", "b"], &[0, 1], 3, 0).is_err());
    assert!(user_folds(&["a", "b"], &[0, 1], 1, 0).is_err());
    assert!(user_folds(&["a", "b"], &[0], 2, 0).is_err());
}

#[test]
fn by_time_no_outcome_is_learned_before_it_is_known() {
    let log = log(LOG);
    let each = (0..7).map(|user| Some(day(6 + 2 * user))).collect();
    let question = BuysWithin {
        cut_off: CutOff::Each(each),
        horizon: Some(3 * DAY),
        observed: Some(day(60)),
    };
    let outcomes = question.label(&log, &Purchases::of(&log)).unwrap();
    // Looked at on days 6, 8, ..., 18, known three days later.
    assert_eq!(outcomes.examples.len(), 7);
    let split = Split::by_time(&outcomes.examples, day(13));
    assert_eq!(
        (split.train, split.between, split.test),
        (vec![0, 1, 2], vec![3], vec![4, 5, 6])
    );
    let edge = Split::by_time(&outcomes.examples, day(14));
    assert_eq!(
        (edge.train, edge.between, edge.test),
        (vec![0, 1, 2], vec![3], vec![4, 5, 6])
    );
    let nothing = Split::by_time(&outcomes.examples, day(1));
    assert_eq!(nothing.test.len(), 7);
}
