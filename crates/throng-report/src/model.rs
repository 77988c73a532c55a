//! What a report holds. All shares and rates are fractions, 0 to 1.

mod nan;
pub(crate) mod training;

use serde::{Deserialize, Serialize};

/// A whole report: what [`html`](crate::html) shows and [`json`](crate::json) writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The page's heading.
    pub title: String,
    /// The log and the result in figures.
    pub summary: Summary,
    /// How the number of clusters was found.
    pub selection: Selection,
    /// The users on a plane.
    pub map: Map,
    /// One band of silhouette values a cluster.
    pub silhouette: Vec<SilhouetteBand>,
    /// One card a cluster, in the order shown.
    pub cohorts: Vec<Cohort>,
    /// The comparison with a known truth, where there is one.
    pub truth: Option<Truth>,
    /// Plain sentences on method, device and limits.
    pub notes: Vec<String>,
}

/// The log and the result in figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The files read.
    pub sources: Vec<String>,
    /// Rows read.
    pub rows: u64,
    /// Events kept after cleaning.
    pub events: u64,
    /// Users grouped.
    pub users: u64,
    /// Different items.
    pub items: u64,
    /// Events by action.
    pub actions: Vec<Count>,
    /// Day of the first event, ISO 8601.
    pub first: String,
    /// Day of the last event, ISO 8601.
    pub last: String,
    /// How the columns were read, as a sentence.
    pub columns: String,
    /// Rows left out, by reason.
    pub dropped: Vec<Count>,
    /// The encoder, in words.
    pub encoder: String,
    /// The device, in words.
    pub device: String,
    /// Number of clusters.
    pub k: usize,
    /// Mean silhouette of all users, -1 to 1.
    #[serde(deserialize_with = "nan::number")]
    pub silhouette_score: f64,
    /// Adjusted Rand index between groupings of resampled users, at most 1.
    pub stability: Option<f64>,
    /// The rate over all users, and what it means in this log.
    pub conversion: Rate,
}

/// Something counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Count {
    /// What was counted.
    pub name: String,
    /// How many.
    pub count: u64,
}

/// How the number of clusters was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Selection {
    /// Whether several numbers were tried.
    pub searched: bool,
    /// The number taken.
    pub chosen: usize,
    /// Why, as sentences.
    pub reasons: Vec<String>,
    /// What was tried, by ascending k.
    pub candidates: Vec<Candidate>,
    /// What a candidate must meet, where that is what decides.
    pub marks: Option<Marks>,
}

/// What a number of clusters must meet to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Marks {
    /// The least [`Candidate::recovery`].
    pub recovery: f64,
    /// The greatest [`Candidate::valley`].
    pub valley: f64,
}

/// One number of clusters that was tried, with its measures (scikit-learn's names).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Number of clusters.
    pub k: usize,
    /// Sum of squared distances to the nearest centroid; lower is tighter.
    #[serde(deserialize_with = "nan::number")]
    pub inertia: f64,
    /// Mean silhouette, -1 to 1; higher is better.
    #[serde(deserialize_with = "nan::number")]
    pub silhouette_score: f64,
    /// Spread between clusters over spread within; higher is better.
    #[serde(deserialize_with = "nan::number")]
    pub calinski_harabasz_score: f64,
    /// Mean similarity to the most similar cluster; lower is better.
    #[serde(deserialize_with = "nan::number")]
    pub davies_bouldin_score: f64,
    /// How even the sizes are: 1 when all are equal.
    #[serde(deserialize_with = "nan::number")]
    pub balance: f64,
    /// Adjusted Rand index between groupings of resampled users, where computed.
    pub stability: Option<f64>,
    /// Over groupings of resampled users, the mean Jaccard index of the cluster that is found again worst, where computed.
    pub recovery: Option<f64>,
    /// Density of users between the two clusters that are least apart, over the lower of their peaks, where computed.
    pub valley: Option<f64>,
}

/// The users on the plane of the first two principal components.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Map {
    /// The users shown.
    pub points: Vec<Point>,
    /// Share of the variance on each axis.
    #[serde(deserialize_with = "nan::pair")]
    pub explained: [f64; 2],
    /// Of how many users `points` is a sample.
    pub shown_of: u64,
}

/// One user on the map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// First principal component.
    #[serde(deserialize_with = "nan::single")]
    pub x: f32,
    /// Second principal component.
    #[serde(deserialize_with = "nan::single")]
    pub y: f32,
    /// The user's cluster.
    pub cluster: u32,
    /// The user's id, if it may be shown.
    pub user: Option<String>,
}

/// The silhouette values of one cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SilhouetteBand {
    /// The cluster.
    pub cluster: u32,
    /// Mean over all its users.
    #[serde(deserialize_with = "nan::number")]
    pub mean: f64,
    /// Values in descending order, evenly thinned to a few hundred at most.
    #[serde(deserialize_with = "nan::singles")]
    pub values: Vec<f32>,
}

/// One cluster, described.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cohort {
    /// The cluster's number, as in the labels.
    pub id: u32,
    /// A short name.
    pub name: String,
    /// Its users.
    pub size: u64,
    /// Its share of all users.
    #[serde(deserialize_with = "nan::number")]
    pub share: f64,
    /// Mean silhouette of its users.
    #[serde(deserialize_with = "nan::number")]
    pub silhouette: f64,
    /// The rate over its users.
    pub conversion: Rate,
    /// What its typical user is like.
    pub facts: Vec<Fact>,
    /// What it does more than the others, most telling first.
    pub more: Vec<Trait>,
    /// What it does less than the others, most telling first.
    pub less: Vec<Trait>,
    /// Users near its centre.
    pub typical: Vec<Typical>,
}

/// A figure of a cluster beside that of all users, both ready to read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is: `median spend`.
    pub label: String,
    /// In this cluster.
    pub value: String,
    /// Over all users.
    pub overall: String,
}

/// Something that a cluster does more or less than the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trait {
    /// `item`, `action`, `category`, `transition` or `rhythm`.
    pub kind: String,
    /// What it is, as the log has it.
    pub label: String,
    /// Natural logarithm of the odds ratio, with a prior; above 0 for more.
    #[serde(deserialize_with = "nan::number")]
    pub log_odds: f64,
    /// `log_odds` over its standard deviation.
    #[serde(deserialize_with = "nan::number")]
    pub z: f64,
    /// Its share in this cluster.
    #[serde(deserialize_with = "nan::number")]
    pub share: f64,
    /// Its share over all users.
    #[serde(deserialize_with = "nan::number")]
    pub overall: f64,
}

/// One typical user and what they did, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Typical {
    /// The user's id.
    pub user: String,
    /// Their events, in words.
    pub steps: Vec<String>,
}

/// A share of users, with its 95% interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// Its name, and after a colon what it counts in this log:
    /// `repeat purchase rate: users who bought on two or more days`.
    pub what: String,
    /// `count` over `of`.
    #[serde(deserialize_with = "nan::number")]
    pub value: f64,
    /// Lower end of the interval.
    #[serde(deserialize_with = "nan::number")]
    pub low: f64,
    /// Upper end of the interval.
    #[serde(deserialize_with = "nan::number")]
    pub high: f64,
    /// Users counted.
    pub count: u64,
    /// Of so many.
    pub of: u64,
}

/// How well a known truth was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Adjusted Rand index of the clusters against the truth, at most 1.
    #[serde(deserialize_with = "nan::number")]
    pub adjusted_rand_score: f64,
    /// The same of k-means on plain event counts.
    pub baseline_adjusted_rand_score: Option<f64>,
    /// Users by true group (row) and cluster (column).
    pub table: Vec<Vec<u64>>,
    /// Names of the rows.
    pub names: Vec<String>,
}
