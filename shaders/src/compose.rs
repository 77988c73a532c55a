//! Imports: a line `//!import name` is replaced by `wgsl/<name>.wgsl`, and `//!import metric` by the
//! metric's file.

use crate::{Metric, Step};

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../wgsl/", $name, ".wgsl")))),*]
    };
}

const FILES: &[(&str, &str)] = files![
    "ceiling/copy",
    "ceiling/fma",
    "kmeans/batch_assign",
    "kmeans/batch_centroids",
    "kmeans/batch_count",
    "kmeans/batch_distances",
    "kmeans/batch_gather",
    "kmeans/batch_inertia",
    "kmeans/batch_nearest",
    "kmeans/batch_norms",
    "kmeans/batch_partials",
    "kmeans/batch_place",
    "kmeans/batch_products",
    "kmeans/batch_repair",
    "kmeans/batch_scan",
    "kmeans/batch_settle",
    "kmeans/batch_starts",
    "kmeans/batch_status",
    "kmeans/batch_sums",
    "kmeans/parallel_accept",
    "kmeans/parallel_draw",
    "kmeans/parallel_weigh",
    "kmeans/plus_plus_accept",
    "kmeans/plus_plus_choose",
    "kmeans/plus_plus_distances",
    "kmeans/plus_plus_gather",
    "kmeans/plus_plus_pick",
    "kmeans/plus_plus_potentials",
    "metric/chebyshev",
    "metric/cosine",
    "metric/dot",
    "metric/euclidean",
    "metric/hamming",
    "metric/jaccard",
    "metric/manhattan",
    "metric/sqeuclidean",
    "neighbors/distances",
    "neighbors/exclude",
    "neighbors/select",
    "neighbors/sort",
    "pairwise/distances",
    "radius/counts",
    "radius/fill",
    "rows/finite",
    "rows/scale",
    "rows/scatter",
    "shared/groups",
    "shared/half",
    "shared/key",
    "shared/nearest",
    "shared/part",
    "shared/philox",
    "shared/problem",
    "shared/problem_of",
    "shared/scan",
    "shared/seeding",
    "shared/tile",
    "shared/two_float",
    "silhouette/finish",
    "silhouette/simplified",
    "silhouette/sums",
];

const IMPORT: &str = "//!import ";

/// The whole WGSL of `step`. `metric` is taken by the steps that compare rows, see [`Step::metrics`]. A
/// name that is no file stays as a comment, and the WGSL does not validate.
pub fn source(step: Step, metric: Option<Metric>) -> String {
    let mut out = String::new();
    for line in file(step.file()).unwrap_or_default().lines() {
        let imported = line.strip_prefix(IMPORT).and_then(|name| match metric {
            Some(metric) if name == "metric" => file(&format!("metric/{}", metric.name())),
            _ => file(name),
        });
        out.push_str(imported.unwrap_or(line));
        out.push('\n');
    }
    out
}

/// A kernel's WGSL for bindings that are pieces of one buffer: if it writes one of them, all are declared as
/// written, for WebGPU lets a dispatch either read a buffer or write it. No others are: what is written may not
/// decide how often a loop goes round that has a barrier.
pub fn written(wgsl: &str, shared: &[u32]) -> String {
    const READ: &str = "var<storage, read>";
    const WRITE: &str = "var<storage, read_write>";
    let is_shared = |line: &str| {
        let number = line.strip_prefix("@group(0) @binding(");
        let number = number.and_then(|rest| rest.split_once(')')?.0.parse().ok());
        number.is_some_and(|number: u32| shared.contains(&number))
    };
    let mut bindings = wgsl.lines().filter(|line| is_shared(line));
    if !bindings.any(|line| line.contains(WRITE)) {
        return wgsl.to_owned();
    }
    let mut out = String::new();
    for line in wgsl.lines() {
        if is_shared(line) {
            out += &line.replace(READ, WRITE);
        } else {
            out += line;
        }
        out.push('\n');
    }
    out
}

/// A kernel's WGSL with the matrix at `binding` read as 16-bit floats, two a word; none where nothing there is a
/// matrix. Of a matrix `x` kernels read values by a function `x_at`, which is replaced. No feature of a device is asked
/// for: WGSL's f16 would be one.
pub fn halved(wgsl: &str, binding: u32) -> Option<String> {
    let declaration = format!("@group(0) @binding({binding}) var<storage, read> ");
    let (name, rest) = wgsl.split_once(&declaration)?.1.split_once(": array<")?;
    let (value, _) = rest.split_once(">;")?;
    let read = format!("    return {name}[index];\n");
    if !wgsl.contains(&format!("fn {name}_at(index: u32) -> {value} {{\n{read}")) {
        return None;
    }
    let declared = format!("{declaration}{name}: array<");
    let half = format!(
        "    return float_of_half(({name}[index / 2u] >> (16u * (index % 2u))) & 0xffffu);\n"
    );
    let mut halved = wgsl
        .replace(&format!("{declared}{value}>;"), &format!("{declared}u32>;"))
        .replace(&read, &half);
    let function = file("shared/half")?;
    if !halved.contains(function) {
        halved.push_str(function);
    }
    Some(halved)
}

fn file(name: &str) -> Option<&'static str> {
    FILES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}
