//! Help, completions, and what a wrong command line says.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
use common::{Place, plain_throng};

const COMMANDS: [&str; 15] = [
    "demo",
    "segment",
    "assign",
    "cluster",
    "distances",
    "neighbors",
    "pretrain",
    "embed",
    "texts",
    "train",
    "predict",
    "evaluate",
    "doctor",
    "bench",
    "completions",
];

/// The first words of the lines under "Commands:".
fn commands_in(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

#[test]
fn help_lists_what_is_built_and_nothing_else() {
    let place = Place::new();
    let help = place.run(["--help"]).ok().stdout();
    let mut listed = commands_in(&help);
    listed.retain(|name| name != "help");
    assert_eq!(listed, COMMANDS);
    assert!(help.contains("Example"), "{help}");
}

#[test]
fn every_subcommand_has_an_example_and_the_common_options() {
    let place = Place::new();
    for name in COMMANDS {
        let ran = place.run([name, "--help"]).ok();
        let help = ran.stdout();
        assert!(
            help.contains(&format!("Example:\n  throng {name}")),
            "{help}"
        );
        for option in ["--json", "--device", "--seed", "--quiet"] {
            assert!(help.contains(option), "{name} lacks {option}");
        }
        assert_eq!(ran.stderr(), "");
    }
    for what in ["clusters", "classes"] {
        let help = place.run(["evaluate", what, "--help"]).ok().stdout();
        let example = format!("Example:\n  throng evaluate {what}");
        assert!(help.contains(&example), "{help}");
    }
    let help = place.run(["cluster", "--help"]).ok().stdout();
    assert!(help.contains("[possible values: kmeans]"), "{help}");
}

#[test]
fn the_version_is_the_packages() {
    let version = Place::new().run(["--version"]).ok().stdout();
    assert_eq!(version, format!("throng {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_for_every_shell() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let ran = place.run(["completions", shell]).ok();
        assert!(ran.stdout().contains("throng"), "{shell}");
        assert!(ran.stdout().contains("segment"), "{shell}");
        assert_eq!(ran.stderr(), "");
        let json = place.run(["completions", shell, "--json"]).ok().json();
        assert_eq!(json["shell"], shell);
        assert_eq!(json["script"], ran.stdout());
    }
}

#[test]
fn a_wrong_command_line_is_said_in_one_line() {
    let place = Place::new();
    let cases: [(&[&str], &str); 8] = [
        (
            &[],
            "'throng' requires a subcommand but one was not provided [subcommands: demo, segment, \
             assign, cluster, distances, neighbors, pretrain, embed, texts, train, predict, evaluate, doctor, bench, completions, help]; see 'throng --help'",
        ),
        (
            &["clustr"],
            "unrecognized subcommand 'clustr'; a similar subcommand exists: 'cluster'; see \
             'throng --help'",
        ),
        (
            &["cluster"],
            "the following required arguments were not provided: --input <FILE.npy> --out <DIR>; \
             see 'throng cluster --help'",
        ),
        (
            &["cluster", "--input", "x.npy", "--out", "o", "--k", "0"],
            "invalid value '0' for '--k <N|A..B|auto>': at least 1 cluster is needed; see 'throng \
             cluster --help'",
        ),
        (
            &["cluster", "--input", "x.npy", "--out", "o", "--k", "-2"],
            "invalid value '-2' for '--k <N|A..B|auto>': give a number (8), a range (2..12) or \
             auto; see 'throng cluster --help'",
        ),
        (
            &[
                "cluster",
                "--input",
                "x.npy",
                "--out",
                "o",
                "--algorithm",
                "dbscan",
            ],
            "invalid value 'dbscan' for '--algorithm <ALGORITHM>' [possible values: kmeans]; see \
             'throng cluster --help'",
        ),
        (
            &[
                "distances",
                "--input",
                "x.npy",
                "--out",
                "o",
                "--metric",
                "mahalanobis",
            ],
            "invalid value 'mahalanobis' for '--metric <METRIC>' [possible values: sqeuclidean, \
             euclidean, cosine, dot, manhattan, chebyshev, hamming, jaccard]; see 'throng distances --help'",
        ),
        (
            &["evaluate", "clusters", "--input", "x.npy"],
            "the following required arguments were not provided: --labels <FILE.npy>; see 'throng \
             evaluate clusters --help'",
        ),
    ];
    for (args, message) in cases {
        place.run(args).failed_with(2, message);
    }
    assert!(place.list().is_empty());
}

#[test]
fn a_wrong_device_is_said_whether_by_option_or_environment() {
    let place = Place::new();
    let message = "invalid value 'tpu' for '--device <DEVICE>' [possible values: auto, gpu, \
                   software, cpu]; a similar value exists: 'cpu'; see 'throng completions --help'";
    place
        .run(["completions", "bash", "--device", "tpu"])
        .failed_with(2, message);
    let mut command = plain_throng();
    command.env("THRONG_DEVICE", "tpu");
    place
        .run_by(command, ["completions", "bash"])
        .failed_with(2, message);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stdout_is_status_1_and_a_closed_reader_is_none() {
    use std::process::Stdio;
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = plain_throng()
        .args(["completions", "bash"])
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.starts_with("throng: stdout: cannot be written (No space left"),
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 1);

    let status = std::process::Command::new("sh")
        .arg("-c")
        .arg(format!(
            "{} completions zsh | true",
            env!("CARGO_BIN_EXE_throng")
        ))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(status.stderr).unwrap(), "");
}
