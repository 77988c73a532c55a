//! Weights: drawn for a new model, and kept in a `model.safetensors` under Hugging Face's names.

use std::path::Path;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, Tensor, TensorData};
use burn_store::{
    ApplyError, BurnToPyTorchAdapter, FloatCastAdapter, KeyRemapper, ModuleAdapter, ModuleSnapshot,
    PyTorchToBurnAdapter, SafetensorsStore,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::BertError;

/// Draws every weight matrix from N(0, `std`) on the host; biases stay 0 and norms stay 1, as in BERT.
pub(crate) fn draw<M: Module>(model: M, std: f64, seed: u64) -> M {
    model.map(&mut Draw {
        std,
        random: ChaCha8Rng::seed_from_u64(seed),
    })
}

struct Draw {
    std: f64,
    random: ChaCha8Rng,
}

impl ModuleMapper for Draw {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if D != 2 {
            return param;
        }
        let shape = param.lazy_shape();
        let values: Vec<f32> = (0..shape.num_elements())
            .map(|_| {
                let draw: f64 = StandardNormal.sample(&mut self.random);
                (self.std * draw) as f32
            })
            .collect();
        param.map(|tensor| {
            let drawn = Tensor::from_data(TensorData::new(values, shape), &tensor.device());
            drawn.set_require_grad(tensor.is_require_grad())
        })
    }
}

/// Our names and Hugging Face's, `#` a layer's number.
const NAMES: [(&str, &str); 13] = [
    ("bert.embeddings.layer_norm", "bert.embeddings.LayerNorm"),
    (
        "bert.layers.#.attention.query",
        "bert.encoder.layer.#.attention.self.query",
    ),
    (
        "bert.layers.#.attention.key",
        "bert.encoder.layer.#.attention.self.key",
    ),
    (
        "bert.layers.#.attention.value",
        "bert.encoder.layer.#.attention.self.value",
    ),
    (
        "bert.layers.#.attention.output",
        "bert.encoder.layer.#.attention.output.dense",
    ),
    (
        "bert.layers.#.attention.layer_norm",
        "bert.encoder.layer.#.attention.output.LayerNorm",
    ),
    (
        "bert.layers.#.intermediate",
        "bert.encoder.layer.#.intermediate.dense",
    ),
    ("bert.layers.#.output", "bert.encoder.layer.#.output.dense"),
    (
        "bert.layers.#.layer_norm",
        "bert.encoder.layer.#.output.LayerNorm",
    ),
    ("bert.pooler", "bert.pooler.dense"),
    ("transform", "cls.predictions.transform.dense"),
    ("layer_norm", "cls.predictions.transform.LayerNorm"),
    ("bias", "cls.predictions.bias"),
];

/// What renames `from` to `to`.
fn renaming<'a>(names: impl Iterator<Item = (&'a str, &'a str)>) -> Result<KeyRemapper, String> {
    let mut remapper = KeyRemapper::new();
    for (from, to) in names {
        let pattern = format!(
            r"^{}(\.weight|\.bias|$)",
            from.replace('.', r"\.").replace('#', r"(\d+)")
        );
        let replacement = if from.contains('#') {
            to.replace('#', "${1}") + "${2}"
        } else {
            to.to_owned() + "${1}"
        };
        remapper = remapper
            .add_pattern(pattern, replacement)
            .map_err(|e| e.to_string())?;
    }
    Ok(remapper)
}

/// Hugging Face's name of a tensor of ours.
fn name_in_file(ours: &str) -> Result<String, String> {
    let name = ours.replace(".gamma", ".weight").replace(".beta", ".bias");
    let renaming = renaming(NAMES.into_iter())?;
    Ok(renaming.patterns.iter().fold(name, |name, (pattern, to)| {
        pattern.replace(&name, to.as_str()).into_owned()
    }))
}

/// The model as the bytes of a safetensors file.
pub(crate) fn to_bytes<M: ModuleSnapshot>(model: &M) -> Result<Vec<u8>, String> {
    let mut store = SafetensorsStore::from_bytes(None)
        // transformers opens no file of another format; and one entry keeps the bytes the same every time.
        .clear_metadata()
        .metadata("format", "pt")
        .with_to_adapter(BurnToPyTorchAdapter)
        .remap(renaming(NAMES.into_iter())?);
    model.save_into(&mut store).map_err(|e| e.to_string())?;
    store.get_bytes().map_err(|e| e.to_string())
}

/// Reads weights into `model`; every tensor of the model must be in the file, in its shape. Other precisions become f32.
pub(crate) fn read<M: ModuleSnapshot>(model: &mut M, path: &Path) -> Result<(), BertError> {
    load(model, path).map_err(|problem| BertError::File {
        path: path.to_owned(),
        problem: one_line(&problem),
    })
}

fn load<M: ModuleSnapshot>(model: &mut M, path: &Path) -> Result<(), String> {
    // Read first: a missing or unreadable file is then said by the operating system's own words.
    let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
    let theirs = NAMES.iter().map(|(ours, theirs)| (*theirs, *ours));
    let mut store = SafetensorsStore::from_bytes(Some(bytes))
        .with_from_adapter(PyTorchToBurnAdapter.chain(FloatCastAdapter::to(DType::F32)))
        .remap(renaming(theirs)?)
        // What does not fit is told below, one tensor by the name that it has in the file.
        .validate(false)
        .allow_partial(true);
    let result = model.load_from(&mut store).map_err(|e| e.to_string())?;
    match (result.errors.first(), result.missing.first()) {
        (Some(ApplyError::ShapeMismatch { path, .. }), _) => Err(format!(
            "tensor {} has not the shape that config.json asks for",
            name_in_file(path)?
        )),
        (Some(error), _) => Err(error.to_string()),
        (None, Some((name, _))) => Err(format!("tensor {} is not there", name_in_file(name)?)),
        (None, None) => Ok(()),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
