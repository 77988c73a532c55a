//! What are the groups worth? Users are grouped by what they did before a day; do the groups differ in who comes back
//! after it, more than groups made of five columns of recency, frequency and money?
//! `cargo run --release -p throng-examples --example worth [LOG [DAY [K]]]`
//!
//! Without arguments: a small generated log, and its first of October.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::ops::ControlFlow;
use std::path::PathBuf;

use chrono::{NaiveDate, NaiveTime};
use throng::cluster::select::{SearchParams, search};
use throng::demo::Demo;
use throng::events::{EventLog, read};
use throng::prelude::*;

const DAY: i64 = 86_400_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (path, small) = match arguments.next() {
        Some(path) => (PathBuf::from(path), false),
        None => (generated()?, true),
    };
    let day: NaiveDate = arguments
        .next()
        .unwrap_or("2025-10-01".to_owned())
        .parse()?;
    let cut = day.and_time(NaiveTime::MIN).and_utc().timestamp_millis();
    let clusters = match arguments.next() {
        Some(k) => Clusters::Exactly(k.parse()?),
        None => Clusters::Auto,
    };

    let compute = Compute::auto();
    println!("{}", compute.describe());
    let mut read = read(
        &[Source::Path(path)],
        &ReadOptions::default(),
        &CleanOptions::default(),
        &mut |_| ControlFlow::Continue(()),
    )?;
    let whole = std::mem::take(&mut read.log);
    read.log = whole.before(cut);
    let back = came_back(&whole, &read.log, cut);
    let columns = five_columns(&read.log, cut);
    println!(
        "{} users before the day, {:.1}% come back",
        back.len(),
        100.0 * share(&back)
    );

    let params = SegmentParams {
        clusters,
        ..SegmentParams::default()
    };
    let found = throng::segment_log(read, &params, &compute, &mut Silent)?;
    let k = found.clusters.k();
    let events = compute.matrix(&found.embeddings, back.len(), found.behaviour.width())?;
    let money = compute.matrix(&columns, back.len(), 5)?;
    println!(
        "| groups of | k | smallest to largest rate of coming back | spread | bootstrap ARI |"
    );
    println!("|---|---|---|---|---|");
    for (name, x) in [
        ("behaviour", &events),
        ("recency, frequency, money", &money),
    ] {
        let mut exactly = SearchParams::new(k..=k);
        exactly.bootstraps = if small { 5 } else { 50 };
        let fitted = search(&compute, x, &exactly, &mut |_| ControlFlow::Continue(()))?;
        let (low, high, spread) = spread(fitted.model.labels(), k, &back);
        let stability = fitted.candidates[0].stability;
        println!(
            "| {name} | {k} | {:.1}% to {:.1}% | {:.3} | {stability:.3} |",
            100.0 * low,
            100.0 * high,
            spread
        );
    }
    Ok(())
}

/// Lowest and highest rate of a group, and the standard deviation of the rates, each user counting once.
fn spread(labels: &[u32], k: usize, back: &[bool]) -> (f64, f64, f64) {
    let mut counts = vec![(0.0, 0.0); k];
    for (&label, &back) in labels.iter().zip(back) {
        counts[label as usize].0 += f64::from(u8::from(back));
        counts[label as usize].1 += 1.0;
    }
    let (n, mean) = (back.len() as f64, share(back));
    let rates = || {
        counts
            .iter()
            .filter(|(_, of)| *of > 0.0)
            .map(|(yes, of)| (yes / of, *of))
    };
    let variance: f64 = rates()
        .map(|(rate, of)| of / n * (rate - mean).powi(2))
        .sum();
    let low = rates().map(|(rate, _)| rate).fold(f64::INFINITY, f64::min);
    let high = rates().map(|(rate, _)| rate).fold(0.0, f64::max);
    (low, high, variance.sqrt())
}

fn share(of: &[bool]) -> f64 {
    of.iter().filter(|&&yes| yes).count() as f64 / of.len().max(1) as f64
}

/// Whether each user of the early log has an event on or after the day.
fn came_back(whole: &EventLog, early: &EventLog, cut: i64) -> Vec<bool> {
    let last: HashMap<&str, i64> = (0..whole.users.len())
        .filter_map(|u| Some((whole.users[u].as_str(), whole.user(u).last()?.time)))
        .collect();
    early
        .users
        .iter()
        .map(|user| last.get(user.as_str()).is_some_and(|&time| time >= cut))
        .collect()
}

/// Days since the last event, visits, money, different items, days since the first event: logarithms, each scaled to
/// mean 0 and variance 1. `[users, 5]`.
fn five_columns(log: &EventLog, cut: i64) -> Vec<f32> {
    let mut rows: Vec<[f64; 5]> = Vec::new();
    for u in 0..log.users.len() {
        let events = log.user(u);
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            continue;
        };
        let mut days: Vec<i64> = events
            .iter()
            .map(|e| e.session.map_or(e.time / DAY, i64::from))
            .collect();
        let mut items: Vec<u32> = events.iter().filter_map(|e| e.item).collect();
        days.sort_unstable();
        days.dedup();
        items.sort_unstable();
        items.dedup();
        let money: f64 = events.iter().filter_map(|e| e.value).sum();
        let age = |time: i64| (cut - time) as f64 / DAY as f64;
        rows.push(
            [
                age(last.time),
                days.len() as f64,
                money,
                items.len() as f64,
                age(first.time),
            ]
            .map(f64::ln_1p),
        );
    }
    let n = rows.len().max(1) as f64;
    let mean: [f64; 5] = std::array::from_fn(|c| rows.iter().map(|r| r[c]).sum::<f64>() / n);
    let deviation: [f64; 5] = std::array::from_fn(|c| {
        (rows.iter().map(|r| (r[c] - mean[c]).powi(2)).sum::<f64>() / n)
            .sqrt()
            .max(1e-12)
    });
    rows.iter()
        .flat_map(|r| {
            (0..5)
                .map(|c| ((r[c] - mean[c]) / deviation[c]) as f32)
                .collect::<Vec<_>>()
        })
        .collect()
}

fn generated() -> std::io::Result<PathBuf> {
    let path = std::env::temp_dir().join("throng-worth.csv");
    Demo::generate(400, 2).write_csv(BufWriter::new(File::create(&path)?))?;
    Ok(path)
}
