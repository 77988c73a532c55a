//! What scikit-learn, scipy and other peers found, by `tests/golden/classes.py`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub struct Golden {
    pub binary: Vec<Binary>,
    pub multiclass: Vec<Columns>,
    pub multilabel: Vec<Columns>,
    pub temperature: Vec<Temperature>,
    pub delong: Vec<DeLong>,
    pub mcnemar: Vec<McNemar>,
    pub regression: Vec<Regression>,
    pub intervals: Vec<Intervals>,
}

pub fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../../tests/golden/classes.json")).unwrap()
}

#[derive(Deserialize, Default)]
pub struct Binary {
    pub name: String,
    pub n: usize,
    pub levels: u64,
    pub signal: u64,
    pub rarity: u64,
    pub flags: Vec<String>,
    pub roc_auc_score: Option<f64>,
    pub average_precision_score: f64,
    pub log_loss: f64,
    pub brier_score_loss: f64,
    pub roc_curve: Option<[Vec<Option<f64>>; 3]>,
    pub precision_recall_curve: [Vec<f64>; 3],
    pub calibration_curves: Option<[[Vec<f64>; 2]; 2]>,
    pub expected_calibration_error: Option<f64>,
    #[serde(flatten)]
    pub judged: Judged,
}

/// Classes, or columns each true by itself.
#[derive(Deserialize)]
pub struct Columns {
    pub name: String,
    pub n: usize,
    pub k: usize,
    pub levels: u64,
    pub signal: u64,
    pub flags: Vec<String>,
    pub roc_auc_score: Averages,
    pub average_precision_score: Averages,
    pub log_loss: Option<f64>,
    pub brier_score_loss: Option<f64>,
    pub expected_calibration_error: Option<f64>,
    pub some: Option<SomeLabels>,
    #[serde(flatten)]
    pub judged: Judged,
}

impl Columns {
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|f| f == flag)
    }
}

/// What predictions come to.
#[derive(Deserialize, Default)]
pub struct Judged {
    pub report: Value,
    pub text: String,
    pub confusion_matrix: Option<Vec<Vec<f64>>>,
    pub balanced_accuracy_score: Option<f64>,
    pub matthews_corrcoef: Option<f64>,
}

/// The report of some labels only.
#[derive(Deserialize)]
pub struct SomeLabels {
    pub labels: Vec<u32>,
    pub report: Value,
    pub text: String,
}

#[derive(Deserialize)]
pub struct Averages {
    pub per_class: Vec<Option<f64>>,
    #[serde(rename = "macro")]
    pub macro_avg: Option<f64>,
    #[serde(rename = "weighted")]
    pub weighted_avg: Option<f64>,
}

#[derive(Deserialize)]
pub struct Temperature {
    pub n: usize,
    pub k: usize,
    pub signal: i64,
    pub weighted: bool,
    pub temperature: f64,
    pub log_loss: f64,
}

#[derive(Deserialize)]
pub struct DeLong {
    pub n: usize,
    pub levels: u64,
    pub auc_a: f64,
    pub auc_b: f64,
    pub z: f64,
    pub p_value: f64,
    pub standard_error: f64,
}

#[derive(Deserialize)]
pub struct McNemar {
    pub only_a: usize,
    pub only_b: usize,
    pub p_value: f64,
}

#[derive(Deserialize)]
pub struct Regression {
    pub n: usize,
    pub kind: String,
    pub mean_squared_error: f64,
    pub mean_absolute_error: f64,
    pub r2_score: Option<f64>,
}

#[derive(Deserialize)]
pub struct Intervals {
    pub n: usize,
    pub levels: u64,
    #[serde(flatten)]
    pub ends: BTreeMap<String, [f64; 2]>,
}
