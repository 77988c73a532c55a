//! The table of one device: kernels as shares of its ceilings, and k-means beside PyTorch and flash-kmeans on the
//! same GPU.

use std::env;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::PYTHON;
use super::marks::Marks;
use super::sides::build;
use super::table::line;
use crate::cmd;

/// The peers: name, what TF32 is, title.
const PEERS: [(&str, &str, &str); 4] = [
    ("torch", "ieee", "PyTorch eager"),
    ("torch", "tf32", "PyTorch eager, TF32"),
    ("flash-kmeans", "ieee", "flash-kmeans"),
    ("flash-kmeans", "tf32", "flash-kmeans, TF32"),
];

const ASSIGN_SHARE: f64 = 0.5;
const PAIRWISE_SHARE: f64 = 0.8;
/// Times the speed of PyTorch eager without TF32.
const TORCH_SPEED: f64 = 5.0;

/// Which device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Device {
    /// A real one, held to the marks.
    Gpu,
    /// Software Vulkan, with 128 times fewer rows: it shows that the table can be filled, and is not judged.
    Software,
}

/// Measures, prints the table, and holds a real GPU to its marks.
///
/// # Errors
/// If there is no such device, it fails, or a mark is missed; the last after the table is printed.
pub fn run(device: Device) -> Result<()> {
    let (name, shift) = match device {
        Device::Gpu => ("gpu", "0"),
        Device::Software => ("software", "7"),
    };
    let program = build(&["bench_device"])?.join("bench_device");
    let text = cmd::measure(cmd::program(program).args([name, shift]))?.stdout;
    let report = Report::parse(&text, peer)?;
    println!("{}", report.table());
    let mut marks = Marks::default();
    if device == Device::Gpu {
        report.hold(&mut marks);
    }
    marks.finish()
}

/// A peer's seconds of an iteration, or why there are none.
type Cell = Result<f64, String>;

// What they need depends on the GPU, so they are not installed.
fn peer((peer, tf32): (&str, &str), shape: [u64; 4]) -> Result<Cell> {
    let python = env::var_os(PYTHON).unwrap_or_else(|| "python3".into());
    let mut command = cmd::program(python);
    command
        .env("TRITON_F32_DEFAULT", tf32)
        .arg(Path::new("xtask/peer_gpu.py"))
        .arg(peer)
        .args(shape.map(|size| size.to_string()));
    let found: Value = serde_json::from_str(&cmd::measure(&mut command)?.stdout)?;
    match (found["seconds"].as_f64(), found["missing"].as_str()) {
        (Some(seconds), _) => Ok(Ok(seconds)),
        (None, Some(why)) => Ok(Err(why.to_owned())),
        (None, None) => anyhow::bail!("peer_gpu.py printed {found}"),
    }
}

/// A kernel's share of a ceiling.
struct Share {
    title: String,
    seconds: f64,
    share: f64,
    mark: f64,
    of: &'static str,
}

/// An iteration of k-means, ours and the peers'.
struct Lloyd {
    title: String,
    operations: f64,
    seconds: f64,
    peers: Vec<Cell>,
}

/// All figures of a device.
struct Report {
    device: String,
    flops: f64,
    bytes: f64,
    shares: Vec<Share>,
    lloyd: Vec<Lloyd>,
}

impl Report {
    /// Reads what `bench_device` prints, and asks the peers for the same.
    fn parse(text: &str, peer: impl Fn((&str, &str), [u64; 4]) -> Result<Cell>) -> Result<Self> {
        let all: Value = serde_json::from_str(text)?;
        let float = |value: &Value, name: &str| {
            let found = value[name].as_f64();
            found.with_context(|| format!("no {name} in {value}"))
        };
        let size = |value: &Value, name: &str| {
            let found = value[name].as_u64();
            found.with_context(|| format!("no {name} in {value}"))
        };
        let rows = |name: &str| all[name].as_array().with_context(|| format!("no {name}"));
        let mut shares = Vec::new();
        for row in rows("assign")? {
            let (n, d, k) = (size(row, "n")?, size(row, "d")?, size(row, "k")?);
            shares.push(Share {
                title: format!("fused assign, n={n}, d={d}, k={k}"),
                seconds: float(row, "seconds")?,
                share: float(row, "share")?,
                mark: ASSIGN_SHARE,
                of: "multiply-adds",
            });
        }
        for row in rows("pairwise")? {
            let (n, d) = (size(row, "n")?, size(row, "d")?);
            shares.push(Share {
                title: format!("pairwise sqeuclidean, n=m={n}, d={d}"),
                seconds: float(row, "seconds")?,
                share: float(row, "share")?,
                mark: PAIRWISE_SHARE,
                of: "copying",
            });
        }
        let mut lloyd = Vec::new();
        for row in rows("lloyd")? {
            let shape = ["b", "n", "d", "k"].map(|name| size(row, name));
            let [b, n, d, k] = shape;
            let shape = [b?, n?, d?, k?];
            let [b, n, d, k] = shape;
            let peers = PEERS
                .iter()
                .map(|(name, tf32, _)| peer((name, tf32), shape));
            lloyd.push(Lloyd {
                title: format!("Lloyd iteration, b={b}, n={n}, d={d}, k={k}"),
                operations: 2.0 * (b * n * d * k) as f64,
                seconds: float(row, "seconds")?,
                peers: peers.collect::<Result<_>>()?,
            });
        }
        Ok(Self {
            device: all["device"].as_str().context("no device")?.to_owned(),
            flops: float(&all, "flops")?,
            bytes: float(&all, "bytes")?,
            shares,
            lloyd,
        })
    }

    fn table(&self) -> String {
        let mut text = format!(
            "On {}, which multiplies and adds at {:.1} GFLOP/s and copies at {:.1} GB/s:\n\n\
             | | throng | share of its ceiling | mark |\n|---|---:|---:|---:|\n",
            self.device,
            self.flops / 1e9,
            self.bytes / 1e9
        );
        for share in &self.shares {
            text += &line(&[
                share.title.clone(),
                format!("{:.2} ms", 1e3 * share.seconds),
                format!("{:.0}% of {}", 100.0 * share.share, share.of),
                format!("{:.0}%", 100.0 * share.mark),
            ]);
        }
        let titles = PEERS.map(|(_, _, title)| title);
        text += &format!(
            "\nIn brackets how many times as fast throng is; the mark is {TORCH_SPEED} times {}, without TF32:\n\n\
             | | throng | {} |\n|---|---:|---:|---:|---:|---:|\n",
            titles[0],
            titles.join(" | ")
        );
        for lloyd in &self.lloyd {
            let figure = |seconds: f64| {
                let rate = lloyd.operations / seconds / 1e9;
                format!("{:.2} ms, {rate:.0} GFLOP/s", 1e3 * seconds)
            };
            let mut cells = vec![lloyd.title.clone(), figure(lloyd.seconds)];
            cells.extend(lloyd.peers.iter().map(|peer| match peer {
                Ok(seconds) => format!("{} ({:.2})", figure(*seconds), seconds / lloyd.seconds),
                Err(why) => format!("not measured: {why}"),
            }));
            text += &line(&cells);
        }
        text
    }

    /// A peer that is not there is no mark missed: its cell says so.
    fn hold(&self, marks: &mut Marks) {
        for share in &self.shares {
            let what = format!("{}, share of {}", share.title, share.of);
            marks.at_least(&what, share.share, share.mark);
        }
        for lloyd in &self.lloyd {
            if let Some(Ok(torch)) = lloyd.peers.first() {
                let what = format!("{}, times PyTorch eager's speed", lloyd.title);
                marks.at_least(&what, torch / lloyd.seconds, TORCH_SPEED);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const PRINTED: &str = r#"{"device": "gpu, a test", "flops": 1e12, "bytes": 1e11,
        "assign": [{"n": 9, "d": 8, "k": 7, "seconds": 0.5, "share": 0.6}],
        "pairwise": [{"n": 9, "d": 4, "seconds": 0.5, "share": 0.9}],
        "lloyd": [{"b": 2, "n": 9, "d": 8, "k": 7, "seconds": 0.5}]}"#;

    fn report(printed: &str, torch: f64) -> Report {
        let peer = |(name, _): (&str, &str), shape| {
            assert_eq!(shape, [2, 9, 8, 7]);
            Ok(match name {
                "torch" => Ok(torch),
                _ => Err("no flash-kmeans".to_owned()),
            })
        };
        Report::parse(printed, peer).unwrap()
    }

    fn held(report: &Report) -> Result<()> {
        let mut marks = Marks::default();
        report.hold(&mut marks);
        marks.finish()
    }

    #[test]
    fn a_missed_share_or_speed_is_found() {
        held(&report(PRINTED, 2.5)).unwrap();
        let slow = held(&report(PRINTED, 2.4)).unwrap_err().to_string();
        assert!(slow.contains("PyTorch eager's speed: 4.80"), "{slow}");
        let low = PRINTED.replace("0.6", "0.4").replace("0.9", "0.7");
        let low = held(&report(&low, 2.5)).unwrap_err().to_string();
        assert!(low.contains("share of multiply-adds: 0.40"), "{low}");
        assert!(low.contains("share of copying: 0.70"), "{low}");
    }

    #[test]
    fn what_is_not_measured_says_why() {
        let table = report(PRINTED, 2.5).table();
        assert_eq!(table.matches("not measured: no flash-kmeans").count(), 2);
        assert_eq!(table.matches("(5.00)").count(), 2, "{table}");
        assert!(
            table.contains("| 500.00 ms | 60% of multiply-adds | 50% |"),
            "{table}"
        );
        assert!(Report::parse("{}", |_, _| Ok(Ok(1.0))).is_err());
    }
}
