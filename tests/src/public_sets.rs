//! Iris, wine and digits, as scikit-learn ships them. Fetched, never committed.

use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;

/// A labelled data set.
pub struct PublicSet {
    /// Rows, [n, d].
    pub x: Vec<f32>,
    /// Features.
    pub d: usize,
    /// Classes, \[n\].
    pub truth: Vec<u32>,
}

/// Reads `iris`, `wine` or `digits` from `assets/sklearn`.
///
/// # Errors
/// A line that says what is missing and the command that fetches it, or what cannot be read.
pub fn public_set(name: &str) -> Result<PublicSet, String> {
    let (file, header) = match name {
        "iris" => ("iris.csv", true),
        "wine" => ("wine_data.csv", true),
        "digits" => ("digits.csv.gz", false),
        _ => return Err(format!("there is no public set {name}")),
    };
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../assets/sklearn")
        .join(file);
    let bytes = std::fs::read(&path).map_err(|error| {
        format!(
            "{}: {error}; run `cargo xtask assets` to fetch it",
            path.display()
        )
    })?;
    let text = if file.ends_with(".gz") {
        let mut text = String::new();
        GzDecoder::new(&bytes[..])
            .read_to_string(&mut text)
            .map_err(|error| format!("{file}: {error}"))?;
        text
    } else {
        String::from_utf8(bytes).map_err(|error| format!("{file}: {error}"))?
    };
    parse(&text, header).ok_or_else(|| format!("{file}: not the table that was expected"))
}

/// Numbers, the last column the class; the first line may be a header.
fn parse(text: &str, header: bool) -> Option<PublicSet> {
    let mut set = PublicSet {
        x: Vec::new(),
        d: 0,
        truth: Vec::new(),
    };
    for line in text.lines().skip(usize::from(header)) {
        // As f64 first: that is what scikit-learn reads and then rounds.
        let values: Result<Vec<f64>, _> = line.split(',').map(str::parse).collect();
        let (class, features) = values.ok()?.split_last().map(|(c, f)| (*c, f.to_vec()))?;
        set.truth.push(class as u32);
        set.d = features.len();
        set.x.extend(features.into_iter().map(|v| v as f32));
    }
    (!set.truth.is_empty() && set.x.len() == set.d * set.truth.len()).then_some(set)
}
