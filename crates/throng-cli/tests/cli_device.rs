//! Which device is taken, and what is said about it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
use common::{Place, plain_throng};

fn place() -> Place {
    let place = Place::new();
    place.matrix("x.npy", &[&[0.0], &[1.0], &[10.0], &[11.0]]);
    place
}

/// The device of a run with this environment and these options.
fn device(environment: Option<&str>, options: &[&str]) -> (String, String) {
    let place = place();
    let mut command = plain_throng();
    if let Some(value) = environment {
        command.env("THRONG_DEVICE", value);
    }
    let mut args = vec![
        "cluster", "--input", "x.npy", "--k", "2", "--out", "o", "--json",
    ];
    args.extend(options);
    let ran = place.run_by(command, args).ok();
    (
        ran.json()["device"].as_str().unwrap().to_owned(),
        ran.stderr(),
    )
}

#[test]
fn one_line_says_which_was_taken() {
    let (name, stderr) = device(None, &["--device", "cpu"]);
    assert!(name.starts_with("cpu"), "{name}");
    assert_eq!(stderr, format!("device: {name}\n"));
}

#[test]
fn quiet_says_nothing() {
    let (_, stderr) = device(None, &["--device", "cpu", "--quiet"]);
    assert_eq!(stderr, "");
    let place = place();
    let ran = place
        .run([
            "cluster", "--input", "x.npy", "--k", "2", "--out", "o", "--quiet",
        ])
        .ok();
    assert_eq!((ran.stdout(), ran.stderr()), (String::new(), String::new()));
}

#[test]
fn the_environment_chooses_and_the_option_wins() {
    let (by_environment, _) = device(Some("software"), &[]);
    assert!(!by_environment.starts_with("cpu"), "{by_environment}");
    let (by_option, _) = device(Some("software"), &["--device", "cpu"]);
    assert!(by_option.starts_with("cpu"), "{by_option}");
    let (by_option, _) = device(Some("cpu"), &["--device", "software"]);
    assert_eq!(by_option, by_environment);
}

#[test]
fn a_software_adapter_is_never_taken_unasked() {
    let (software, _) = device(None, &["--device", "software"]);
    let (chosen, _) = device(None, &[]);
    assert_ne!(chosen, software);
}

#[test]
fn an_empty_variable_is_none() {
    let (empty, _) = device(Some(""), &[]);
    assert_eq!(empty, device(None, &[]).0);
}

#[test]
fn a_gpu_that_is_not_there_is_said() {
    let place = place();
    let ran = place.run([
        "cluster", "--input", "x.npy", "--k", "2", "--out", "o", "--device", "gpu",
    ]);
    if ran.code() == 0 {
        assert!(!ran.stderr().starts_with("device: cpu"), "{}", ran.stderr());
    } else {
        let line = ran.failed(2);
        assert!(line.starts_with("no GPU found"), "{line}");
        assert!(line.contains("--device auto or cpu"), "{line}");
        assert_eq!(place.list(), ["x.npy"]);
    }
}
