//! Finds the groups in a shop's users: an event log in, judged clusters out.
//!
//! ```no_run
//! use throng::prelude::*;
//!
//! let compute = Compute::auto();
//! let params = SegmentParams::default();
//! let found = segment(&[Source::Path("log.csv".into())], &params, &compute, &mut Silent)?;
//! println!("{} users in {} groups", found.log.users.len(), found.clusters.k());
//! found.save("out".as_ref())?;
//! # Ok::<(), throng::Error>(())
//! ```

mod behaviour;
mod bundle;
pub mod classify;
pub mod cohorts;
pub mod demo;
mod error;
pub mod npy;
mod observer;
mod pca;
mod segment;
mod summary;
mod tables;
mod tell;

pub use behaviour::{Behaviour, BehaviourParams};
pub use bundle::{Assigned, Bundle};
pub use error::Error;
pub use observer::{Observer, Silent};
pub use pca::Pca;
pub use segment::{Clusters, EncoderChoice, SegmentParams, Segmentation, segment, segment_log};
pub use tell::{History, tell};

pub use throng_bert as bert;
pub use throng_cluster as cluster;
pub use throng_compute as compute;
pub use throng_events as events;
pub use throng_metrics as metrics;
pub use throng_report as report;

/// What most programs import.
pub mod prelude {
    pub use crate::{Bundle, Clusters, Observer, SegmentParams, Segmentation, Silent, segment};
    pub use throng_cluster::{KMeans, Metric};
    pub use throng_compute::Compute;
    pub use throng_events::{CleanOptions, ReadOptions, Source};
}
