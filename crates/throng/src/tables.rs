//! The files of a segmentation.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use throng_events::formula_safe;

use crate::{Error, Segmentation, npy};

/// Writes everything but the bundle.
pub(crate) fn write_all(found: &Segmentation, folder: &Path) -> Result<(), Error> {
    write(folder, "report.html", |out| {
        out.write_all(throng_report::html(&found.report).as_bytes())
    })?;
    let json = throng_report::json(&found.report).map_err(|e| Error::folder(folder, e))?;
    write(folder, "clusters.json", |out| {
        out.write_all(json.as_bytes())
    })?;
    write(folder, "clusters.csv", |out| clusters(found, out))?;
    write(folder, "embeddings.npy", |out| {
        npy::write_f32(out, &found.embeddings, found.behaviour.width())
    })?;
    write(folder, "dropped.csv", |out| {
        found.dropped.write_csv(out).map_err(std::io::Error::other)
    })
}

fn write(
    folder: &Path,
    name: &str,
    fill: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> Result<(), Error> {
    let path = folder.join(name);
    let done = File::create(&path).and_then(|file| {
        let mut out = BufWriter::new(file);
        fill(&mut out)?;
        out.flush()
    });
    done.map_err(|e| Error::folder(&path, e))
}

fn clusters(found: &Segmentation, out: &mut impl Write) -> std::io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(["user", "cluster", "distance", "silhouette"])?;
    for (u, user) in found.log.users.iter().enumerate() {
        table.write_record([
            formula_safe(user).as_ref(),
            &found.clusters.labels()[u].to_string(),
            &found.distances[u].to_string(),
            &found.silhouette[u].to_string(),
        ])?;
    }
    table.flush()
}
