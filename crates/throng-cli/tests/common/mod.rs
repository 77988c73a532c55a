//! Runs the built command, and writes and reads its files without its code.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

pub mod events;
pub mod train;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// The command on the CPU, free of the caller's THRONG_DEVICE.
pub fn throng() -> Command {
    let mut command = plain_throng();
    command.env("THRONG_DEVICE", "cpu");
    command
}

/// The command as it comes, free of the caller's THRONG_DEVICE.
pub fn plain_throng() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_throng"));
    command.env_remove("THRONG_DEVICE");
    // Without it, libwayland under Mesa's Vulkan layer complains on stderr, past this program.
    command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
    command
}

/// A folder to run in.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub fn matrix(&self, name: &str, rows: &[&[f32]]) -> PathBuf {
        let flat: Vec<f32> = rows.concat();
        self.write(name, npy_f32(&flat, &[rows.len(), rows[0].len()]))
    }

    pub fn labels(&self, name: &str, labels: &[i64]) -> PathBuf {
        let data: Vec<u8> = labels.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.write(name, npy("<i8", false, &[labels.len()], &data))
    }

    /// Runs in the folder.
    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        self.run_by(throng(), args)
    }

    pub fn run_by<S: AsRef<OsStr>>(
        &self,
        mut command: Command,
        args: impl IntoIterator<Item = S>,
    ) -> Ran {
        command.current_dir(self.folder.path()).args(args);
        Ran(command.output().unwrap())
    }

    /// What the folder holds, sorted.
    pub fn list(&self) -> Vec<String> {
        list(self.folder.path())
    }
}

/// What a folder holds, sorted.
pub fn list(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A run that has ended.
pub struct Ran(pub Output);

impl Ran {
    pub fn code(&self) -> i32 {
        self.0.status.code().expect("ended by a signal")
    }

    pub fn stdout(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    /// The run succeeded.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code(), 0, "{}", self.stderr());
        self
    }

    /// Stdout is one JSON object on one line, and nothing else.
    #[track_caller]
    pub fn json(&self) -> Value {
        let stdout = self.stdout();
        assert_eq!(stdout.lines().count(), 1, "{stdout}");
        let value: Value = serde_json::from_str(&stdout).unwrap();
        assert!(value.is_object(), "{stdout}");
        value
    }

    /// The run failed with this status, nothing on stdout, and one line on stderr, which is given
    /// back without its prefix.
    #[track_caller]
    pub fn failed(&self, code: i32) -> String {
        let stderr = self.stderr();
        assert_eq!(self.code(), code, "{stderr}");
        assert_eq!(self.stdout(), "");
        let lines: Vec<&str> = stderr
            .lines()
            .filter(|line| !line.starts_with("device: "))
            .collect();
        assert_eq!(lines.len(), 1, "{stderr}");
        lines[0].strip_prefix("throng: ").expect(&stderr).to_owned()
    }

    /// As [`Ran::failed`], after any lines on what was read and guessed.
    #[track_caller]
    pub fn failed_after_notes(&self, code: i32) -> String {
        let stderr = self.stderr();
        assert_eq!(self.code(), code, "{stderr}");
        assert_eq!(self.stdout(), "");
        let mut errors = stderr.lines().filter(|line| line.starts_with("throng: "));
        assert_eq!(errors.next(), stderr.lines().last(), "{stderr}");
        assert_eq!(errors.next(), None, "{stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
        let line = stderr.lines().last().expect("a line");
        line.strip_prefix("throng: ").expect(&stderr).to_owned()
    }

    /// As [`Ran::failed`], with this very message.
    #[track_caller]
    pub fn failed_with(&self, code: i32, message: &str) {
        assert_eq!(self.failed(code), message);
    }
}

/// A .npy file as NumPy writes it.
pub fn npy(descr: &str, fortran: bool, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let lengths: String = shape.iter().map(|length| format!("{length}, ")).collect();
    let fortran = if fortran { "True" } else { "False" };
    let mut text =
        format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': ({lengths}), }}");
    while (10 + text.len() + 1) % 64 != 0 {
        text.push(' ');
    }
    text.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((text.len() as u16).to_le_bytes());
    file.extend(text.as_bytes());
    file.extend(data);
    file
}

pub fn npy_f32(values: &[f32], shape: &[usize]) -> Vec<u8> {
    let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    npy("<f4", false, shape, &data)
}

/// The shape and data of a .npy file of this type in C order.
pub fn parse_npy(path: &Path, descr: &str) -> (Vec<usize>, Vec<u8>) {
    let file = fs::read(path).unwrap();
    assert_eq!(&file[..8], b"\x93NUMPY\x01\x00");
    let length = usize::from(u16::from_le_bytes([file[8], file[9]]));
    let text = std::str::from_utf8(&file[10..10 + length]).unwrap();
    assert!(text.contains(&format!("'descr': '{descr}'")), "{text}");
    assert!(text.contains("'fortran_order': False"), "{text}");
    let shape = text.split('(').nth(1).unwrap().split(')').next().unwrap();
    let shape = shape
        .split(',')
        .filter(|length| !length.trim().is_empty())
        .map(|length| length.trim().parse().unwrap())
        .collect();
    (shape, file[10 + length..].to_vec())
}

pub fn read_f32(path: &Path) -> (Vec<usize>, Vec<f32>) {
    let (shape, data) = parse_npy(path, "<f4");
    let values = data.chunks_exact(4);
    (
        shape,
        values
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect(),
    )
}

pub fn read_i32(path: &Path) -> (Vec<usize>, Vec<i32>) {
    let (shape, data) = parse_npy(path, "<i4");
    let values = data.chunks_exact(4);
    (
        shape,
        values
            .map(|b| i32::from_le_bytes(b.try_into().unwrap()))
            .collect(),
    )
}

/// Whole numbers from 0 to 2^24 - 1 that look random: a linear congruential generator.
pub fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    (0..count)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32
        })
        .collect()
}

/// `noise` scaled to [0, 1).
pub fn uniform(count: usize, seed: u64) -> Vec<f32> {
    noise(count, seed)
        .iter()
        .map(|v| v / 16_777_216.0)
        .collect()
}
