//! Comparing what two runs of `throng segment` wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// What one run wrote.
#[derive(Clone)]
pub struct Segmented {
    /// User id -> cluster.
    labels: BTreeMap<String, String>,
    /// Reason -> how many rows were dropped for it.
    pub dropped: BTreeMap<String, usize>,
    /// The files that must be the same bit for bit.
    bits: Vec<(&'static str, Vec<u8>)>,
}

impl Segmented {
    /// Reads the output folder of a run.
    pub fn read(dir: &Path) -> Result<Self> {
        let bits = ["clusters.csv", "embeddings.npy"].map(|name| {
            let path = dir.join(name);
            Ok((
                name,
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?,
            ))
        });
        let bits = bits.into_iter().collect::<Result<Vec<_>>>()?;
        let dropped = fs::read(dir.join("dropped.csv")).context("cannot read dropped.csv")?;
        Self::parse(bits, &dropped)
    }

    fn parse(bits: Vec<(&'static str, Vec<u8>)>, dropped: &[u8]) -> Result<Self> {
        let clusters = bits
            .iter()
            .find(|(name, _)| *name == "clusters.csv")
            .context("no clusters.csv")?;
        let mut labels = BTreeMap::new();
        for pair in columns(&clusters.1, ["user", "cluster"]).context("clusters.csv")? {
            let [user, cluster] = pair;
            if labels.insert(user.clone(), cluster).is_some() {
                bail!("clusters.csv names the user {user} twice");
            }
        }
        let mut counts = BTreeMap::new();
        for [reason] in columns(dropped, ["reason"]).context("dropped.csv")? {
            *counts.entry(reason).or_default() += 1;
        }
        Ok(Self {
            labels,
            dropped: counts,
            bits,
        })
    }

    /// How many users have a cluster.
    pub fn users(&self) -> usize {
        self.labels.len()
    }

    /// How many clusters there are.
    pub fn clusters(&self) -> usize {
        self.labels.values().collect::<BTreeSet<_>>().len()
    }

    /// # Errors
    /// If the users, the labels, the dropped rows or a bit of the files differ: the first that does.
    pub fn same_as(&self, other: &Self) -> Result<()> {
        let (ours, theirs): (BTreeSet<_>, BTreeSet<_>) =
            (self.labels.keys().collect(), other.labels.keys().collect());
        if let Some(user) = ours.symmetric_difference(&theirs).next() {
            bail!(
                "the user {user} is in one of them only ({} and {} users)",
                ours.len(),
                theirs.len()
            );
        }
        let mut moved = self
            .labels
            .iter()
            .filter(|(user, label)| other.labels.get(*user) != Some(label));
        if let Some((user, label)) = moved.next() {
            bail!(
                "{} users have another label, the first is {user}: {label}",
                moved.count() + 1
            );
        }
        if self.dropped != other.dropped {
            bail!("dropped rows: {:?} and {:?}", self.dropped, other.dropped);
        }
        for ((name, ours), (_, theirs)) in self.bits.iter().zip(&other.bits) {
            if ours != theirs {
                bail!("{name} is not the same bit for bit");
            }
        }
        Ok(())
    }
}

/// The named columns of a CSV file, row by row.
fn columns<const N: usize>(text: &[u8], names: [&str; N]) -> Result<Vec<[String; N]>> {
    let mut reader = csv::Reader::from_reader(text);
    let header = reader.headers()?.clone();
    let mut places = [0; N];
    for (place, name) in places.iter_mut().zip(names) {
        let found = header.iter().position(|column| column == name);
        *place = found.with_context(|| format!("no column {name}"))?;
    }
    let rows = reader.records().map(|row| {
        let row = row?;
        Ok(places.map(|place| row[place].to_owned()))
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const CLUSTERS: &str =
        "user,cluster,distance,silhouette\n1,0,0.5,0.1\n2,1,0.25,0.2\n3,0,1.0,0.3\n";
    const DROPPED: &str = "line,reason\n4,duplicate\n9,duplicate\n7,no_user\n";

    fn segmented(clusters: &str, embeddings: &[u8], dropped: &str) -> Segmented {
        let bits = vec![
            ("clusters.csv", clusters.into()),
            ("embeddings.npy", embeddings.to_vec()),
        ];
        Segmented::parse(bits, dropped.as_bytes()).unwrap()
    }

    fn difference(clusters: &str, embeddings: &[u8], dropped: &str) -> String {
        let first = segmented(CLUSTERS, b"abc", DROPPED);
        first
            .same_as(&segmented(clusters, embeddings, dropped))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_same_is_the_same() {
        let first = segmented(CLUSTERS, b"abc", DROPPED);
        first.same_as(&first.clone()).unwrap();
        assert_eq!(
            (first.users(), first.clusters(), first.dropped["duplicate"]),
            (3, 2, 2)
        );
    }

    #[test]
    fn one_changed_value_is_found() {
        assert!(
            difference(&CLUSTERS.replace("2,1,", "2,0,"), b"abc", DROPPED).contains("first is 2")
        );
        assert!(difference(&CLUSTERS.replace("3,0,", "4,0,"), b"abc", DROPPED).contains("user 3"));
        assert!(
            difference(&CLUSTERS.replace("0.25", "0.26"), b"abc", DROPPED).contains("clusters.csv")
        );
        assert!(difference(CLUSTERS, b"abd", DROPPED).contains("embeddings.npy"));
        assert!(
            difference(
                CLUSTERS,
                b"abc",
                &DROPPED.replace("7,no_user", "7,duplicate")
            )
            .contains("dropped")
        );
    }

    #[test]
    fn a_user_named_twice_and_a_missing_column_are_errors() {
        let twice = vec![("clusters.csv", CLUSTERS.replace("2,1", "1,1").into())];
        assert!(Segmented::parse(twice, DROPPED.as_bytes()).is_err());
        let renamed = vec![(
            "clusters.csv",
            CLUSTERS.replace("cluster,", "label,").into(),
        )];
        assert!(Segmented::parse(renamed, DROPPED.as_bytes()).is_err());
    }
}
