//! The whole road on a small generated shop, on the CPU.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::ops::ControlFlow;
use std::path::Path;

use throng::demo::Demo;
use throng::events::{CleanOptions, ReadOptions, Source, read};
use throng::metrics::adjusted_rand_score;
use throng::prelude::*;
use throng::{BehaviourParams, EncoderChoice, Error, segment_log};

/// Enough for the model to learn something, little enough to take seconds.
fn small() -> SegmentParams {
    SegmentParams {
        behaviour: BehaviourParams {
            epochs: Some(2),
            hidden: Some(32),
            layers: Some(1),
            ..Default::default()
        },
        clusters: Clusters::Among(2..=4),
        seed: 3,
        ..SegmentParams::default()
    }
}

fn shop(folder: &Path, users: usize) -> std::path::PathBuf {
    let path = folder.join("shop.csv");
    Demo::generate(users, 5)
        .write_csv(std::fs::File::create(&path).unwrap())
        .unwrap();
    path
}

#[test]
fn the_same_bits_twice_whatever_the_order_of_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = shop(folder.path(), 120);
    let text = std::fs::read_to_string(&path).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.reverse();
    let reversed = folder.path().join("reversed.csv");
    std::fs::write(&reversed, format!("{header}\n{}\n", rows.join("\n"))).unwrap();

    let compute = Compute::cpu();
    let run = |path: &Path| {
        segment(
            &[Source::Path(path.to_owned())],
            &small(),
            &compute,
            &mut Silent,
        )
        .unwrap()
    };
    let (first, again, other) = (run(&path), run(&path), run(&reversed));
    for found in [&again, &other] {
        assert_eq!(first.log.users, found.log.users);
        assert_eq!(first.embeddings, found.embeddings);
        assert_eq!(first.clusters.labels(), found.clusters.labels());
        assert_eq!(first.clusters.centroids(), found.clusters.centroids());
    }
    assert_ne!(
        first.embeddings[..32],
        first.embeddings[32..64],
        "users must not all be alike"
    );
}

#[test]
fn a_bundle_puts_the_same_users_into_the_same_clusters() {
    let folder = tempfile::tempdir().unwrap();
    let path = shop(folder.path(), 120);
    let compute = Compute::cpu();
    let found = segment(&[Source::Path(path)], &small(), &compute, &mut Silent).unwrap();
    let out = folder.path().join("out");
    std::fs::create_dir(&out).unwrap();
    found.save(&out).unwrap();
    for name in [
        "report.html",
        "clusters.csv",
        "clusters.json",
        "embeddings.npy",
        "dropped.csv",
    ] {
        assert!(out.join(name).is_file(), "{name}");
    }
    let table = std::fs::read_to_string(out.join("clusters.csv")).unwrap();
    assert_eq!(table.lines().count(), found.log.users.len() + 1);

    let bundle = Bundle::open(&out.join("bundle"), &compute).unwrap();
    let assigned = bundle.assign(&found.log, &compute, &mut Silent).unwrap();
    assert_eq!(assigned.labels, found.clusters.labels());
    assert_eq!(bundle.names.len(), found.clusters.k());

    // A changed file is refused.
    let weights = out.join("bundle/model.safetensors");
    let mut bytes = std::fs::read(&weights).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&weights, bytes).unwrap();
    let error = Bundle::open(&out.join("bundle"), &compute)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("model.safetensors") && error.contains("SHA-256"),
        "{error}"
    );
}

#[test]
fn a_pretrained_folder_serves_as_encoder() {
    let folder = tempfile::tempdir().unwrap();
    let path = shop(folder.path(), 60);
    let compute = Compute::cpu();
    let found = segment(
        &[Source::Path(path.clone())],
        &small(),
        &compute,
        &mut Silent,
    )
    .unwrap();
    let model = folder.path().join("model");
    std::fs::create_dir(&model).unwrap();
    found.behaviour.save(&model).unwrap();
    let params = SegmentParams {
        encoder: EncoderChoice::Folder(model),
        ..small()
    };
    let again = segment(&[Source::Path(path)], &params, &compute, &mut Silent).unwrap();
    assert_eq!(found.embeddings, again.embeddings);
}

#[test]
fn too_few_users_and_a_stop_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.csv");
    std::fs::write(
        &path,
        "user_id,event_time,event_type\na,2025-01-01,view\na,2025-01-02,view\n",
    )
    .unwrap();
    let compute = Compute::cpu();
    let error = segment(
        &[Source::Path(path)],
        &SegmentParams::default(),
        &compute,
        &mut Silent,
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 user is left after cleaning; groups need at least 3"
    );

    struct Impatient(u64);
    impl Observer for Impatient {
        fn progress(&mut self, stage: &str, done: u64, _: Option<u64>) -> ControlFlow<()> {
            if stage == "pretrain" && done >= self.0 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        }
        fn say(&mut self, _: &str) {}
    }
    let path = shop(folder.path(), 60);
    let error = segment(&[Source::Path(path)], &small(), &compute, &mut Impatient(2)).unwrap_err();
    assert!(error.is_cancelled() && !matches!(error, Error::TooFewUsers { .. }));
}

#[test]
fn the_generated_shop_is_seeded_and_its_cohorts_are_not_in_plain_counts() {
    let (a, b, c) = (
        Demo::generate(200, 1),
        Demo::generate(200, 1),
        Demo::generate(200, 2),
    );
    assert_eq!(a.rows, b.rows);
    assert_ne!(a.rows, c.rows);
    assert!(a.rows.is_sorted_by_key(|row| row.time));
    let names = Demo::cohort_names();
    for cohort in 0..names.len() as u32 {
        assert!(
            a.truth.contains(&cohort),
            "nobody is of {}",
            names[cohort as usize]
        );
    }
    // Which cohort a user is of must not be told by how many events there are.
    let mut counts = vec![0u32; 200];
    for row in &a.rows {
        counts[row.user] += 1;
    }
    let mut sorted = counts.clone();
    sorted.sort_unstable();
    let fifths: Vec<u32> = counts
        .iter()
        .map(|c| (sorted.partition_point(|s| s < c) * 5 / 200) as u32)
        .collect();
    assert!(adjusted_rand_score(&a.truth, &fifths).unwrap() < 0.2);
}

#[test]
fn users_of_an_early_log_are_segmented_without_what_came_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = shop(folder.path(), 80);
    let mut log = read(
        &[Source::Path(path)],
        &ReadOptions::default(),
        &CleanOptions::default(),
        &mut |_| ControlFlow::Continue(()),
    )
    .unwrap();
    let (first, last) = log.log.span().unwrap();
    log.log = log.log.before(first + (last - first) / 2);
    let users = log.log.users.len();
    let found = segment_log(log, &small(), &Compute::cpu(), &mut Silent).unwrap();
    assert!(users < 80 && found.clusters.labels().len() == users);
}
