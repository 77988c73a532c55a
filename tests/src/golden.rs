//! Golden files of scikit-learn's k-means and measures, made by `golden/kmeans.py`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use serde::Deserialize;

use crate::blobs::blobs;
use crate::public_sets::public_set;

/// Share of rows whose label must be scikit-learn's. The rest are ties in `f32`.
pub const SAME_LABELS: f64 = 0.9999;

/// Relative (of small figures absolute) difference that a figure may have.
pub const TOLERANCE: f64 = 1e-5;

/// What scikit-learn found.
#[derive(Debug, Clone, Deserialize)]
pub struct Golden {
    /// The name of the case.
    pub name: String,
    /// Rows.
    pub n: usize,
    /// Features.
    pub d: usize,
    /// Clusters.
    pub k: usize,
    /// The spread of [`blobs`]; none for a public set.
    pub spread: Option<i64>,
    /// The rows that the centroids start from, \[k\].
    pub start: Vec<usize>,
    /// What every feature of the last centroid starts from instead, far from all rows.
    pub far: Option<f32>,
    /// Iterations.
    pub n_iter: usize,
    /// The sum of squared distances to the centroids.
    pub inertia: f64,
    /// Measures of the labels, by name.
    pub figures: BTreeMap<String, f64>,
    /// Silhouettes of every 37th row, by metric.
    pub silhouette_samples: BTreeMap<String, Vec<f64>>,
    /// Labels, \[n\]; in a file of their own.
    #[serde(skip)]
    pub labels: Vec<u32>,
}

/// The data of a case.
pub struct Data {
    /// Rows, [n, d].
    pub x: Vec<f32>,
    /// Planted groups or classes, \[n\].
    pub truth: Vec<u32>,
    /// The first centroids, [k, d].
    pub init: Vec<f32>,
}

impl Golden {
    /// Reads a case.
    ///
    /// # Errors
    /// A line that says which file is missing or wrong.
    pub fn read(name: &str) -> Result<Self, String> {
        let open = |ending: &str| {
            let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
                .join("golden")
                .join(format!("kmeans_{name}.{ending}"));
            File::open(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let mut golden: Self = serde_json::from_reader(open("json")?)
            .map_err(|error| format!("kmeans_{name}.json: {error}"))?;
        let mut labels = Vec::new();
        GzDecoder::new(open("labels.gz")?)
            .read_to_end(&mut labels)
            .map_err(|error| format!("kmeans_{name}.labels.gz: {error}"))?;
        if labels.len() != golden.n {
            return Err(format!("kmeans_{name}.labels.gz: {} labels", labels.len()));
        }
        golden.labels = labels.into_iter().map(u32::from).collect();
        Ok(golden)
    }

    /// Makes or reads the data of the case.
    ///
    /// # Errors
    /// A line that says what is missing and how to get it.
    pub fn data(&self) -> Result<Data, String> {
        let (x, truth) = match self.spread {
            Some(spread) => {
                let blobs = blobs(self.n, self.d, self.k, spread);
                (blobs.x, blobs.truth)
            }
            None => {
                let set = self.name.split('_').next().unwrap_or_default();
                let set = public_set(set)?;
                (set.x, set.truth)
            }
        };
        let rows = self.start.iter().map(|&row| &x[row * self.d..][..self.d]);
        let mut init: Vec<f32> = rows.flatten().copied().collect();
        if let Some(far) = self.far {
            let last = init.len() - self.d;
            init[last..].fill(far);
        }
        Ok(Data { x, truth, init })
    }

    /// Compares a fit.
    ///
    /// # Errors
    /// A line that says what differs.
    pub fn compare_fit(&self, labels: &[u32], n_iter: usize, inertia: f64) -> Result<(), String> {
        if labels.len() != self.n {
            return Err(format!("{} labels for {} rows", labels.len(), self.n));
        }
        let same = labels.iter().zip(&self.labels).filter(|(a, b)| a == b);
        let same = same.count() as f64 / self.n as f64;
        if same < SAME_LABELS {
            return Err(format!("{:.4}% of the labels are the same", 100.0 * same));
        }
        if n_iter != self.n_iter {
            return Err(format!("n_iter is {n_iter}, not {}", self.n_iter));
        }
        let off = (inertia - self.inertia).abs() / self.inertia;
        // This way round, so that NaN is an error.
        if off <= TOLERANCE {
            return Ok(());
        }
        Err(format!("inertia is {inertia}, not {}", self.inertia))
    }

    /// Compares a measure of the golden labels.
    ///
    /// # Errors
    /// A line that says what differs.
    pub fn compare_figure(&self, name: &str, value: f64) -> Result<(), String> {
        let figure = self
            .figures
            .get(name)
            .ok_or_else(|| format!("there is no figure {name}"))?;
        if close(value, *figure) {
            return Ok(());
        }
        Err(format!("{name} is {value}, not {figure}"))
    }

    /// Compares the silhouettes of all rows, \[n\].
    ///
    /// # Errors
    /// A line that says which row differs.
    pub fn compare_silhouettes(&self, metric: &str, samples: &[f32]) -> Result<(), String> {
        let golden = self
            .silhouette_samples
            .get(metric)
            .ok_or_else(|| format!("there are no silhouettes by {metric}"))?;
        if samples.len() != self.n {
            return Err(format!("{} silhouettes for {} rows", samples.len(), self.n));
        }
        for (index, (&found, &wanted)) in samples.iter().step_by(37).zip(golden).enumerate() {
            if !close(f64::from(found), wanted) {
                let row = 37 * index;
                return Err(format!(
                    "the silhouette of row {row} by {metric} is {found}, not {wanted}"
                ));
            }
        }
        Ok(())
    }
}

fn close(found: f64, wanted: f64) -> bool {
    (found - wanted).abs() <= TOLERANCE * wanted.abs().max(1.0)
}
