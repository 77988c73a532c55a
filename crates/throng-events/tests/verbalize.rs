//! Behaviour as text: what is said in each language, what is kept, and that nothing later is known.
#![allow(clippy::unwrap_used)]

mod common;

use common::read_text;
use throng_events::{EventLog, Language, VerbalizeParams, Verbalized, Verbalizer};

const DAY: i64 = 24 * 60 * 60_000;

fn log(csv: &str) -> EventLog {
    read_text(csv, |_| {}, |_| {}).unwrap().log
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// The text of all of one user's events.
fn tell(log: &EventLog, user: usize, now: Option<i64>, params: VerbalizeParams) -> String {
    let events = log.offsets[user]..log.offsets[user + 1];
    let told = Verbalizer::new(log, params).text(events.clone(), now, usize::MAX, &words);
    assert_eq!(told.events, events);
    told.text
}

fn language(language: Language) -> VerbalizeParams {
    VerbalizeParams {
        language,
        ..VerbalizeParams::default()
    }
}

const SHOP: &str = "\
user,time,action,item,title,category,value
ann,2024-01-01 10:00,view,d1,red dress,dresses,39.90
ann,2024-01-01 10:01,view,m1,\"blue,
 mug\",,
ann,2024-01-01 10:02,add_to_cart,d1,red dress,dresses,39.90
ann,2024-01-01 10:05,purchase,d1,red dress,dresses,39.90
ann,2024-01-01 10:05,purchase,m1,\"blue,
 mug\",,3.05
ann,2024-01-15 10:00,search,,lamp,,
ann,2024-01-15 10:01,spin the wheel,,,,
";

#[test]
fn a_shop_in_english_and_chinese() {
    let log = log(SHOP);
    let now = log.span().unwrap().1 + 40 * DAY;
    assert_eq!(
        tell(&log, 0, Some(now), language(Language::English)),
        "2 visits in two weeks, spent 42.95. viewed red dress (dresses, 39.9), blue, mug; added red dress (dresses, \
         39.9) to the cart; bought red dress (dresses), blue, mug for 42.95. two weeks later searched for lamp; spin \
         the wheel. then nothing for a month."
    );
    assert_eq!(
        tell(&log, 0, Some(now), language(Language::Chinese)),
        "两周来访2次，消费42.95。浏览了red dress（dresses，39.9）、blue, mug；把red dress（dresses，39.9）加入购物车；\
         购买了red dress（dresses）、blue, mug，共42.95。两周后搜索了lamp；spin the wheel。此后一个月没有来。"
    );
    let bare = VerbalizeParams {
        categories: false,
        amounts: false,
        summary: false,
        ..VerbalizeParams::default()
    };
    assert_eq!(
        tell(&log, 0, None, bare),
        "viewed red dress, blue, mug; added red dress to the cart; bought red dress, blue, mug. two weeks later \
         searched for lamp; spin the wheel."
    );
}

#[test]
fn many_things_are_counted_and_nameless_ones_have_a_word() {
    let log = log("user,time,action,item,category\n\
                   u,2024-01-01,view,a,\nu,2024-01-01,view,b,\nu,2024-01-01,view,c,\n\
                   v,2024-01-01,view,,shoes\nv,2024-01-01,buy,,\n");
    let two = VerbalizeParams {
        most_named: 2,
        ..VerbalizeParams::default()
    };
    assert_eq!(tell(&log, 0, None, two), "viewed b, c and 1 more.");
    assert_eq!(
        tell(&log, 1, None, VerbalizeParams::default()),
        "bought an item; viewed shoes."
    );
}

/// A long log of one user: visits of several lines, with odd titles.
fn long() -> EventLog {
    let mut csv = "user,time,action,item,title,value\n".to_owned();
    for i in 0..120 {
        let action = ["view", "view", "cart", "purchase"][i * 7 % 4];
        let title = [
            "a mug",
            "a very long name of a thing",
            "[SEP] \u{200b}x",
            "红色连衣裙",
        ][i * 5 % 4];
        let (day, minute) = (1 + i / 5, i % 5);
        csv += &format!(
            "u,2024-01-{day:02} 10:{minute:02},{action},i{i},{title} {i},{}\n",
            i % 13
        );
    }
    log(&csv)
}

#[test]
fn the_newest_whole_events_are_kept_and_as_many_as_fit() {
    let log = long();
    let end = log.events.len();
    let verbalizer = Verbalizer::new(&log, VerbalizeParams::default());
    let now = Some(log.span().unwrap().1 + 9 * DAY);
    let of = |count: usize, summary: bool| {
        let params = VerbalizeParams {
            summary: false,
            ..VerbalizeParams::default()
        };
        let told = Verbalizer::new(&log, params).text(end - count..end, now, usize::MAX, &words);
        let all = verbalizer.text(0..end, now, usize::MAX, &words).text;
        let (head, _) = all.split_once(". ").unwrap();
        match summary {
            true => format!("{head}. {}", told.text),
            false => told.text,
        }
    };
    let mut most_told = 0;
    for budget in 0..words(&of(end, true)) + 5 {
        let Verbalized { text, events } = verbalizer.text(0..end, now, budget, &words);
        assert!(words(&text) <= budget, "{budget}: {text}");
        assert_eq!(events.end, end);
        let count = events.len();
        if count == 0 {
            assert!(words(&of(1, false)) > budget);
            assert!(text.is_empty() || text == "then nothing for a week.");
            continue;
        }
        // Without the summary one event fits sooner.
        let summary = text.contains("visits in");
        assert_eq!(summary, words(&of(1, true)) <= budget);
        assert_eq!(text, of(count, summary));
        assert!(count == end || words(&of(count + 1, summary)) > budget);
        most_told = most_told.max(count);
    }
    assert_eq!(most_told, end);
    // Any count of length will do.
    let bytes = verbalizer.text(0..end, now, 200, &|text: &str| text.len());
    assert!(bytes.text.len() <= 200 && !bytes.events.is_empty());
}

#[test]
fn what_is_no_range_of_events_is_told_as_nothing() {
    let log = log(SHOP);
    let verbalizer = Verbalizer::new(&log, VerbalizeParams::default());
    for range in [0..0, 3..3, 5..1_000] {
        let told = verbalizer.text(range, Some(i64::MAX), 100, &words);
        assert_eq!(told.text, "");
        assert!(told.events.is_empty());
    }
}

#[test]
fn titles_are_those_known_then() {
    let csv = |later: &str| {
        log(&format!(
            "user,time,action,item,title,category,value\n\
             a,2024-01-01,view,x,,,\n\
             b,2024-01-02,view,x,old name,old kind,\n\
             a,2024-01-03,view,x,,,\n\
             a,2024-01-03,view,y,,,\n\
             {later}"
        ))
    };
    let told = |log: &EventLog| {
        let plain = VerbalizeParams {
            summary: false,
            ..VerbalizeParams::default()
        };
        let verbalizer = Verbalizer::new(log, plain);
        verbalizer.text(0..3, None, usize::MAX, &words).text
    };
    let expected = "viewed x. two days later viewed old name (old kind), y.";
    assert_eq!(told(&csv("")), expected);
    for later in [
        "b,2024-01-04,view,x,new name,new kind,3\nb,2024-01-05,view,x,new name,new kind,4\nb,2024-01-05,view,y,why,,\n",
        "b,2024-01-03,view,x,a name of the same moment,,\nb,2024-01-03,view,y,why,,\n",
    ] {
        assert_eq!(told(&csv(later)), expected, "{later}");
    }
}
