//! Weights: drawn for a new model, and kept in a `model.safetensors` under Hugging Face's names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleMapper, Param};
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_store::{
    ApplyError, BurnToPyTorchAdapter, FloatCastAdapter, KeyRemapper, ModuleAdapter, ModuleSnapshot,
    PathFilter, PyTorchToBurnAdapter, SafetensorsStore,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::de::IgnoredAny;

use crate::{Bert, BertError, files};

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
    ("head.transform", "cls.predictions.transform.dense"),
    ("head.layer_norm", "cls.predictions.transform.LayerNorm"),
    ("head.bias", "cls.predictions.bias"),
];

/// Names of old files, and what they are called now.
const OLD: [(&str, &str); 2] = [
    (r"(LayerNorm)\.gamma$", "${1}.weight"),
    (r"(LayerNorm)\.beta$", "${1}.bias"),
];

/// Files of the bare encoder have no prefix.
const BARE: &str = r"^(embeddings|encoder|pooler)\.";

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

/// The model as the bytes of a safetensors file, with `bert.` before the encoder's names.
pub(crate) fn to_bytes<M: ModuleSnapshot>(model: &M) -> Result<Vec<u8>, String> {
    write(model, renaming(NAMES.into_iter())?)
}

/// The encoder alone, without `bert.`.
pub(crate) fn to_bytes_bare(bert: &Bert) -> Result<Vec<u8>, String> {
    let names = NAMES.iter().filter_map(|(ours, theirs)| {
        Some((ours.strip_prefix("bert.")?, theirs.strip_prefix("bert.")?))
    });
    write(bert, renaming(names)?)
}

fn write<M: ModuleSnapshot>(model: &M, names: KeyRemapper) -> Result<Vec<u8>, String> {
    write_some(model, PathFilter::all(), names)
}

/// The tensors that `some` lets through, renamed.
fn write_some<M: ModuleSnapshot>(
    model: &M,
    some: PathFilter,
    names: KeyRemapper,
) -> Result<Vec<u8>, String> {
    let mut store = SafetensorsStore::from_bytes(None)
        .filter(some)
        // transformers opens no file of another format; and one entry keeps the bytes the same every time.
        .clear_metadata()
        .metadata("format", "pt")
        .with_to_adapter(BurnToPyTorchAdapter)
        .remap(names);
    model.save_into(&mut store).map_err(|e| e.to_string())?;
    store.get_bytes().map_err(|e| e.to_string())
}

/// What a Dense module keeps.
#[derive(Module, Debug)]
struct Dense {
    linear: Linear,
}

/// The linear map of a Dense module, from `model.safetensors`.
pub(crate) fn read_dense(
    folder: &Path,
    (from, to): (usize, usize),
    has_bias: bool,
    device: &Device,
) -> Result<Linear, BertError> {
    let linear = LinearConfig::new(from, to).with_bias(has_bias);
    let linear = linear.with_initializer(Initializer::Zeros).init(device);
    let mut dense = Dense { linear };
    let loaded = read(&mut dense, folder)?;
    match loaded.missing.first() {
        Some(name) => Err(BertError::File {
            path: loaded.file,
            problem: format!("tensor {name} is not there"),
        }),
        None => Ok(dense.linear),
    }
}

/// Writes the linear map of a Dense module into `model.safetensors`.
pub(crate) fn write_dense(folder: &Path, linear: &Linear) -> Result<(), BertError> {
    let linear = linear.clone();
    keep(folder, write(&Dense { linear }, KeyRemapper::new()))
}

/// Writes a BERT's pooler as the linear map of a Dense module.
pub(crate) fn write_pooler(folder: &Path, bert: &Bert) -> Result<(), BertError> {
    let names = renaming([("pooler", "linear")].into_iter());
    let some = PathFilter::from_predicate(|name, _| name.starts_with("pooler."));
    keep(
        folder,
        names.and_then(|names| write_some(bert, some, names)),
    )
}

fn keep(folder: &Path, bytes: Result<Vec<u8>, String>) -> Result<(), BertError> {
    let bytes = bytes.map_err(BertError::Device)?;
    files::write(&folder.join("model.safetensors"), &bytes)
}

/// What a folder's weights left open. Names are those that its files use.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// The last file that was read.
    pub file: PathBuf,
    /// Tensors of the model that no file has.
    pub missing: BTreeSet<String>,
    /// Tensors of the files that the model has not.
    pub unused: BTreeSet<String>,
}

/// Reads a folder's weights into `model`, from `model.safetensors` or from the files that `model.safetensors.index.json`
/// lists, one after another. A tensor must have the shape that the model asks for. Other precisions become f32.
pub(crate) fn read<M: ModuleSnapshot>(model: &mut M, folder: &Path) -> Result<Loaded, BertError> {
    let files = parts(folder)?;
    let mut loaded = Loaded::default();
    for (i, path) in files.iter().enumerate() {
        let of_file = |problem: String| BertError::File {
            path: path.clone(),
            problem: one_line(&problem),
        };
        let part = load(model, path).map_err(of_file)?;
        loaded.file.clone_from(path);
        loaded.unused.extend(part.unused);
        loaded.missing = match i {
            0 => part.missing,
            _ => loaded
                .missing
                .intersection(&part.missing)
                .cloned()
                .collect(),
        };
    }
    Ok(loaded)
}

/// The files that hold a folder's weights.
fn parts(folder: &Path) -> Result<Vec<PathBuf>, BertError> {
    let index = folder.join("model.safetensors.index.json");
    let single = folder.join("model.safetensors");
    if single.exists() || !index.exists() {
        return Ok(vec![single]);
    }
    let problem = |problem: String| BertError::File {
        path: index.clone(),
        problem,
    };
    let text = std::fs::read_to_string(&index).map_err(|e| problem(e.to_string()))?;
    let listed: Index = serde_json::from_str(&text).map_err(|e| problem(e.to_string()))?;
    let names: BTreeSet<String> = listed.weight_map.into_values().collect();
    if names.is_empty() {
        return Err(problem("it lists no file".to_owned()));
    }
    names
        .into_iter()
        .map(|name| match Path::new(&name).file_name() {
            // Nothing outside the folder is opened.
            Some(file) if file == name.as_str() => Ok(folder.join(name)),
            _ => Err(problem(format!("{name:?} is no file of this folder"))),
        })
        .collect()
}

/// What lists the files of a model in parts.
#[derive(serde::Deserialize)]
struct Index {
    /// The file of each tensor.
    weight_map: BTreeMap<String, String>,
}

fn load<M: ModuleSnapshot>(model: &mut M, path: &Path) -> Result<Loaded, String> {
    // Read first: a missing or unreadable file is then said by the operating system's own words.
    let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
    let is_bare = !names(&bytes)?.iter().any(|name| name.starts_with("bert."));
    let mut remapper = KeyRemapper::new();
    for (from, to) in OLD {
        remapper = remapper.add_pattern(from, to).map_err(|e| e.to_string())?;
    }
    if is_bare {
        remapper = remapper
            .add_pattern(BARE, "bert.${1}.")
            .map_err(|e| e.to_string())?;
    }
    let theirs = NAMES.iter().map(|(ours, theirs)| (*theirs, *ours));
    remapper.patterns.extend(renaming(theirs)?.patterns);
    let mut store = SafetensorsStore::from_bytes(Some(bytes))
        .with_from_adapter(PyTorchToBurnAdapter.chain(FloatCastAdapter::to(DType::F32)))
        .remap(remapper)
        // What does not fit is told below, by the name that it has in the file.
        .validate(false)
        .allow_partial(true);
    let result = model.load_from(&mut store).map_err(|e| e.to_string())?;
    let name = |ours: &str| {
        let name = name_in_file(ours)?;
        let bare = name.strip_prefix("bert.").filter(|_| is_bare);
        Ok::<_, String>(bare.map_or_else(|| name.clone(), str::to_owned))
    };
    match result.errors.first() {
        Some(ApplyError::ShapeMismatch { path, .. }) => {
            return Err(format!(
                "tensor {} has not the shape that config.json asks for",
                name(path)?
            ));
        }
        Some(error) => return Err(error.to_string()),
        None => {}
    }
    let missing = result.missing.iter().map(|(ours, _)| name(ours));
    let unused = result.unused.iter().map(|ours| name(ours));
    Ok(Loaded {
        file: path.to_owned(),
        missing: missing.collect::<Result<_, _>>()?,
        unused: unused.collect::<Result<_, _>>()?,
    })
}

/// The names of a file's tensors, by its description: the header's length in eight bytes, little-endian, then the header
/// in JSON. The store checks the rest.
fn names(bytes: &[u8]) -> Result<Vec<String>, String> {
    let broken = || "not a safetensors file, or cut short".to_owned();
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(broken)?;
    let header = usize::try_from(u64::from_le_bytes(*length)).ok();
    let header = header.and_then(|length| rest.get(..length));
    let header: BTreeMap<String, IgnoredAny> =
        serde_json::from_slice(header.ok_or_else(broken)?).map_err(|e| e.to_string())?;
    Ok(header.into_keys().collect())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
