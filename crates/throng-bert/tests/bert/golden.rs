//! What PyTorch computed, and how near to it is near enough.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use throng_bert::BertConfig;

/// Difference that a figure may have, relative above 1: f32's epsilon times the terms of a token's longest sums (32
/// across, 64 inside) times two layers, 1.2e-7 x 96 x 2. PyTorch's own f32 comes within 7.1e-6 (`float32_error` in the
/// file).
pub const TOLERANCE: f64 = 2.3e-5;

/// tests/golden/bert.json.
#[derive(Debug, Deserialize)]
pub struct Golden {
    /// The model's sizes.
    pub config: BertConfig,
    /// Tokens of each sequence.
    pub lengths: Vec<usize>,
    /// Names and shapes in transformers' state dict, the pooler's too.
    pub tensors: BTreeMap<String, Vec<usize>>,
    /// Names among these that are other tensors' second names.
    pub tied: Vec<String>,
    /// Hidden places, row * columns + column.
    pub places: Vec<i32>,
    /// The tokens to guess there.
    pub targets: Vec<i32>,
    /// The last layer at real tokens, [32, hidden].
    pub hidden: Vec<f64>,
    /// The pooler's output, [3, hidden].
    pub pooled: Vec<f64>,
    /// Masked mean of the last layer, [3, hidden].
    pub mean: Vec<f64>,
    /// Scores at the hidden places, [places, vocabulary].
    pub logits: Vec<f64>,
    /// Mean cross-entropy at the hidden places.
    pub loss: f64,
    /// The loss's gradients by tensor; the pooler has none.
    pub gradients: BTreeMap<String, Gradient>,
}

/// A tensor's gradient in brief, as of [out, in].
#[derive(Debug, Deserialize)]
pub struct Gradient {
    /// Sum of the entries.
    pub sum: f64,
    /// Euclidean norm.
    pub norm: f64,
    /// Some places, row-major.
    pub at: Vec<usize>,
    /// The entries there.
    pub entries: Vec<f64>,
}

impl Golden {
    pub fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/bert.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    /// Columns of the padded batch.
    pub fn columns(&self) -> usize {
        self.lengths.iter().copied().max().unwrap()
    }
}

/// Holds `actual` against golden values.
///
/// # Errors
/// A line naming the first value that differs.
pub fn compare(what: &str, actual: &[f32], expected: &[f64]) -> Result<(), String> {
    if actual.len() != expected.len() {
        return Err(format!(
            "{what}: {} values, not {}",
            actual.len(),
            expected.len()
        ));
    }
    for (i, (&a, &e)) in actual.iter().zip(expected).enumerate() {
        let difference = (f64::from(a) - e).abs();
        // NaN must fail too.
        if difference.is_nan() || difference > TOLERANCE * e.abs().max(1.0) {
            return Err(format!(
                "{what}[{i}]: {a}, not {e} (off by {difference:.1e})"
            ));
        }
    }
    Ok(())
}

#[test]
fn the_comparer_refuses_what_is_a_little_off() {
    let golden = Golden::read();
    let exact: Vec<f32> = golden.mean.iter().map(|&v| v as f32).collect();
    compare("mean", &exact, &golden.mean).unwrap();
    compare("mean", &exact[1..], &golden.mean).unwrap_err();
    let last = exact.len() - 1;
    for wrong in [
        exact[last] + 1e-4,
        exact[last] - 1e-4,
        f32::NAN,
        f32::INFINITY,
    ] {
        let mut changed = exact.clone();
        changed[last] = wrong;
        compare("mean", &changed, &golden.mean).unwrap_err();
    }
}
