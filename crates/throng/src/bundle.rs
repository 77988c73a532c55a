//! A folder from which new users are put into existing clusters, with no network and no log.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use throng_cluster::KMeans;
use throng_compute::Compute;
use throng_events::EventLog;

use crate::{Behaviour, Error, Observer, Segmentation};

const MANIFEST: &str = "bundle.json";
const CLUSTERS: &str = "clusters.json";
const FILES: [&str; 4] = [
    "config.json",
    "model.safetensors",
    "vocabulary.json",
    CLUSTERS,
];
const VERSION: u32 = 1;

/// What the folder holds, and the SHA-256 of each file.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    throng_bundle: u32,
    sha256: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ClustersFile {
    names: Vec<String>,
    clusters: KMeans,
}

/// An opened bundle.
#[derive(Debug)]
pub struct Bundle {
    behaviour: Behaviour,
    clusters: KMeans,
    /// A name for each cluster.
    pub names: Vec<String>,
}

/// New users in old clusters, in the order of the log's users.
#[derive(Debug, Clone, PartialEq)]
pub struct Assigned {
    /// The cluster of each user.
    pub labels: Vec<u32>,
    /// Its distance to that cluster's centroid, in the metric.
    pub distances: Vec<f32>,
}

impl Bundle {
    /// Writes the bundle of `found` into `folder`, which exists and is empty.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub(crate) fn save(found: &Segmentation, folder: &Path) -> Result<(), Error> {
        found.behaviour.save(folder)?;
        let clusters = ClustersFile {
            names: found
                .report
                .cohorts
                .iter()
                .map(|c| c.name.clone())
                .collect(),
            clusters: found.clusters.clone(),
        };
        write_json(&folder.join(CLUSTERS), &clusters)?;
        let mut sha256 = BTreeMap::new();
        for name in FILES {
            sha256.insert(name.to_owned(), hash(&folder.join(name))?);
        }
        write_json(
            &folder.join(MANIFEST),
            &Manifest {
                throng_bundle: VERSION,
                sha256,
            },
        )
    }

    /// Opens a bundle after checking every file against its hash.
    ///
    /// # Errors
    /// If a file is missing, changed or does not fit the others.
    pub fn open(folder: &Path, compute: &Compute) -> Result<Self, Error> {
        let manifest: Manifest = read_json(&folder.join(MANIFEST))?;
        if manifest.throng_bundle != VERSION {
            let problem = format!(
                "bundle version {}, this program reads {VERSION}",
                manifest.throng_bundle
            );
            return Err(Error::folder(folder, problem));
        }
        for name in FILES {
            let path = folder.join(name);
            if manifest.sha256.get(name) != Some(&hash(&path)?) {
                return Err(Error::folder(
                    &path,
                    "the file is not the one that was saved (its SHA-256 differs)",
                ));
            }
        }
        let file: ClustersFile = read_json(&folder.join(CLUSTERS))?;
        let behaviour = Behaviour::open(folder, compute)?;
        if behaviour.width() != file.clusters.d() {
            return Err(Error::folder(
                folder,
                "the model's vectors and the clusters are not of one width",
            ));
        }
        Ok(Self {
            behaviour,
            clusters: file.clusters,
            names: file.names,
        })
    }

    /// The clusters.
    #[must_use]
    pub fn clusters(&self) -> &KMeans {
        &self.clusters
    }

    /// Puts every user of `log` into the nearest cluster. A user with the same events gets the same cluster as in the
    /// segmentation, if `log` ends when that log ended.
    ///
    /// # Errors
    /// If the device fails or the observer stops the work.
    pub fn assign(
        &self,
        log: &EventLog,
        compute: &Compute,
        observer: &mut dyn Observer,
    ) -> Result<Assigned, Error> {
        if log.users.is_empty() {
            return Ok(Assigned {
                labels: Vec::new(),
                distances: Vec::new(),
            });
        }
        let x = self.behaviour.embed(log, observer)?.to_device(compute)?;
        let labels = self.clusters.predict(compute, &x)?;
        let distances = self.clusters.distances(&x, &labels)?;
        Ok(Assigned { labels, distances })
    }
}

fn hash(path: &Path) -> Result<String, Error> {
    let bytes = std::fs::read(path).map_err(|e| Error::folder(path, e))?;
    Ok(Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(value).map_err(|e| Error::folder(path, e))?;
    std::fs::write(path, text + "\n").map_err(|e| Error::folder(path, e))
}

fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, Error> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::folder(path, e))?;
    serde_json::from_str(&text).map_err(|e| Error::folder(path, e))
}
