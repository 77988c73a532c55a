//! The demo: a generated log down the whole road, and how well the planted cohorts were found.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use throng_cluster::KMeans;
use throng_compute::Compute;
use throng_events::{EventLog, Source, read};
use throng_metrics::adjusted_rand_score;
use throng_report::Truth;

use super::Demo;
use crate::{Error, Observer, SegmentParams, Segmentation, segment_log};

/// The name of the generated log in the demo's folder.
pub const LOG: &str = "log.csv";

/// What a demo came to.
#[derive(Debug)]
pub struct DemoOutcome {
    /// The segmentation, its report with the truth in it.
    pub segmentation: Segmentation,
    /// Agreement of found and planted cohorts; 1 is perfect, 0 is chance (Hubert and Arabie 1985).
    pub adjusted_rand_score: f64,
    /// The same for k-means on counts of actions and categories, told the number of cohorts.
    pub baseline_adjusted_rand_score: f64,
}

impl Demo {
    /// Writes the log to `folder/log.csv`, segments that file and compares with what was planted.
    ///
    /// # Errors
    /// As [`segment_log`]; if the log cannot be written.
    pub fn run(
        &self,
        folder: &Path,
        params: &SegmentParams,
        compute: &Compute,
        observer: &mut dyn Observer,
    ) -> Result<DemoOutcome, Error> {
        let path = folder.join(LOG);
        let file = File::create(&path).map_err(|e| Error::folder(&path, e))?;
        self.write_csv(BufWriter::new(file))
            .map_err(|e| Error::folder(&path, e))?;
        let mut read = read(
            &[Source::Path(path)],
            &params.read,
            &params.clean,
            &mut |p| observer.progress("read", p.bytes, p.total),
        )?;
        for source in &mut read.sources {
            LOG.clone_into(&mut source.name);
        }
        let mut segmentation = segment_log(read, params, compute, observer)?;

        let truth = self.truth_of(&segmentation.log);
        let found = segmentation.clusters.labels();
        let score = adjusted_rand_score(&truth, found)?;
        let (counts, d) = plain_counts(&segmentation.log);
        let x = compute.matrix(&counts, truth.len(), d)?;
        let names = Self::cohort_names();
        let baseline = KMeans::params(names.len())
            .seed(params.seed)
            .fit(compute, &x)?;
        let baseline_score = adjusted_rand_score(&truth, baseline.labels())?;

        let mut table = vec![vec![0u64; segmentation.clusters.k()]; names.len()];
        for (&planted, &cluster) in truth.iter().zip(found) {
            table[planted as usize][cluster as usize] += 1;
        }
        segmentation.report.truth = Some(Truth {
            adjusted_rand_score: score,
            baseline_adjusted_rand_score: Some(baseline_score),
            table,
            names: names.into_iter().map(str::to_owned).collect(),
        });
        Ok(DemoOutcome {
            segmentation,
            adjusted_rand_score: score,
            baseline_adjusted_rand_score: baseline_score,
        })
    }

    /// The planted cohort of each user of `log`, who are those of this demo or some of them.
    fn truth_of(&self, log: &EventLog) -> Vec<u32> {
        let planted: std::collections::HashMap<String, u32> = self
            .truth
            .iter()
            .enumerate()
            .map(|(u, &cohort)| (Self::user_id(u), cohort))
            .collect();
        log.users
            .iter()
            .filter_map(|user| planted.get(user).copied())
            .collect()
    }
}

/// How often each user did each action, and had to do with each category: `[users, actions + categories]`.
fn plain_counts(log: &EventLog) -> (Vec<f32>, usize) {
    let d = log.actions.len() + log.categories.len();
    let mut counts = vec![0.0; log.users.len() * d];
    for (u, row) in counts.chunks_exact_mut(d).enumerate() {
        for event in log.user(u) {
            row[event.action as usize] += 1.0;
            if let Some(category) = event.category {
                row[log.actions.len() + category as usize] += 1.0;
            }
        }
    }
    (counts, d)
}
