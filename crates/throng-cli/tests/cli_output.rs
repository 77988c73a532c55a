//! Outputs appear whole or not at all, and what is not ours is never touched.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
use std::fs;

use common::{Place, list};

const WRITTEN: [&str; 4] = ["centroids.npy", "labels.npy", "result.json", "throng.json"];

fn place() -> Place {
    let place = Place::new();
    place.matrix("x.npy", &[&[0.0], &[1.0], &[10.0], &[11.0]]);
    place
}

fn cluster(place: &Place, out: &str, more: &[&str]) -> common::Ran {
    let mut args = vec!["cluster", "--input", "x.npy", "--k", "2", "--out", out];
    args.extend(more);
    place.run(args)
}

#[test]
fn a_new_folder_and_an_empty_one() {
    let place = place();
    cluster(&place, "new/deep", &[]).ok();
    assert_eq!(list(&place.path("new/deep")), WRITTEN);
    assert_eq!(list(&place.path("new")), ["deep"]);
    fs::create_dir(place.path("empty")).unwrap();
    cluster(&place, "empty", &[]).ok();
    assert_eq!(list(&place.path("empty")), WRITTEN);
    assert_eq!(place.list(), ["empty", "new", "x.npy"]);
}

#[test]
fn an_earlier_result_is_replaced_only_when_forced() {
    let place = place();
    cluster(&place, "o", &[]).ok();
    let before = fs::read(place.path("o/result.json")).unwrap();
    cluster(&place, "o", &["--seed", "8"])
        .failed_with(2, "o: holds an earlier result; add --force to replace it");
    assert_eq!(fs::read(place.path("o/result.json")).unwrap(), before);
    // What the user put beside the result stays.
    place.write("o/notes.txt", "mine");
    cluster(&place, "o", &["--seed", "8", "--force"]).ok();
    let result: serde_json::Value =
        serde_json::from_slice(&fs::read(place.path("o/result.json")).unwrap()).unwrap();
    assert_eq!(result["seed"], 8);
    assert_eq!(
        fs::read_to_string(place.path("o/notes.txt")).unwrap(),
        "mine"
    );
    assert_eq!(
        list(&place.path("o")),
        [
            "centroids.npy",
            "labels.npy",
            "notes.txt",
            "result.json",
            "throng.json"
        ]
    );
}

#[test]
fn a_folder_that_is_not_ours_is_refused_even_when_forced() {
    let place = place();
    fs::create_dir(place.path("o")).unwrap();
    place.write("o/result.json", "{}");
    for more in [&[][..], &["--force"]] {
        cluster(&place, "o", more).failed_with(
            2,
            "o: is not empty and was not written by throng; choose another --out",
        );
    }
    // A marker of another program by the same name does not make it ours.
    place.write("o/throng.json", "{\"name\": \"a crowd\"}");
    cluster(&place, "o", &["--force"]).failed_with(
        2,
        "o: is not empty and was not written by throng; choose another --out",
    );
    assert_eq!(
        fs::read_to_string(place.path("o/result.json")).unwrap(),
        "{}"
    );
    assert_eq!(list(&place.path("o")), ["result.json", "throng.json"]);
}

#[test]
fn a_meddled_marker_removes_nothing_outside() {
    let place = place();
    place.write("precious.txt", "mine");
    cluster(&place, "o", &[]).ok();
    let marker = fs::read_to_string(place.path("o/throng.json")).unwrap();
    let meddled = marker.replace(
        "\"labels.npy\"",
        "\"labels.npy\", \"../precious.txt\", \"..\"",
    );
    assert_ne!(marker, meddled);
    place.write("o/throng.json", meddled);
    cluster(&place, "o", &["--force"]).ok();
    assert_eq!(
        fs::read_to_string(place.path("precious.txt")).unwrap(),
        "mine"
    );
    assert_eq!(place.list(), ["o", "precious.txt", "x.npy"]);
    assert_eq!(list(&place.path("o")), WRITTEN);
}

#[test]
fn a_place_that_cannot_be_written_is_said_before_any_work() {
    let place = place();
    // Under a file there can be no folder, not even for root.
    let line = cluster(&place, "x.npy/o", &[]).failed(2);
    assert_eq!(
        line,
        "x.npy/o: cannot be written (Not a directory (os error 20)); choose another --out"
    );
    cluster(&place, "x.npy", &[]).failed_with(2, "x.npy: is not a folder; choose another --out");
    let before = fs::read(place.path("x.npy")).unwrap();
    let line = place
        .run(["distances", "--input", "x.npy", "--out", "x.npy/d.npy"])
        .failed(2);
    assert_eq!(
        line,
        "x.npy/d.npy: cannot be written (Not a directory (os error 20)); choose another --out"
    );
    assert_eq!(fs::read(place.path("x.npy")).unwrap(), before);
    assert_eq!(place.list(), ["x.npy"]);
    // The place is looked at before the input is.
    let line = place
        .run(["cluster", "--input", "absent.npy", "--out", "x.npy/o"])
        .failed(2);
    assert!(line.starts_with("x.npy/o: "), "{line}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_system_that_takes_no_files_is_refused() {
    let place = place();
    let line = cluster(&place, "/proc/throng", &[]).failed(2);
    assert!(
        line.starts_with("/proc/throng: cannot be written ("),
        "{line}"
    );
    let line = place
        .run(["distances", "--input", "x.npy", "--out", "/proc/d.npy"])
        .failed(2);
    assert!(
        line.starts_with("/proc/d.npy: cannot be written ("),
        "{line}"
    );
    place
        .run(["distances", "--input", "x.npy", "--out", "/dev/null"])
        .failed_with(2, "/dev/null: is not a regular file; choose another --out");
}

#[test]
fn a_failure_leaves_nothing_behind() {
    let place = place();
    place
        .run(["cluster", "--input", "x.npy", "--out", "a/b/c", "--k", "5"])
        .failed_with(2, "--k 5: x.npy has 4 rows; give at most that many");
    fs::create_dir(place.path("empty")).unwrap();
    place
        .run(["cluster", "--input", "x.npy", "--out", "empty", "--k", "5"])
        .failed(2);
    assert_eq!(place.list(), ["empty", "x.npy"]);
    assert!(list(&place.path("empty")).is_empty());
}

#[cfg(unix)]
#[test]
fn outputs_have_the_permissions_of_the_users_mask() {
    use std::os::unix::fs::PermissionsExt;
    let place = place();
    let script = format!(
        "umask 022; {0} cluster --input x.npy --k 2 --out o; {0} distances --input x.npy --out d.npy",
        env!("CARGO_BIN_EXE_throng")
    );
    let mut shell = std::process::Command::new("sh");
    shell.env("THRONG_DEVICE", "cpu");
    place.run_by(shell, ["-c", &script]).ok();
    let mode = |name: &str| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("o"), 0o755);
    assert_eq!(mode("o/labels.npy"), 0o644);
    assert_eq!(mode("d.npy"), 0o644);
}
