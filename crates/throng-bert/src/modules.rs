//! The modules of a sentence-transformers folder, and the files that describe them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use burn::nn::Linear;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::activation::Activation;
use crate::files::{file, read_json, unwritten, write_json};
use crate::pooling::Pooling;
use crate::{Bert, BertError, weights};

/// What lists the modules.
pub(crate) const LISTED: &str = "modules.json";
const CONFIG: &str = "config.json";
const LIMITS: &str = "sentence_bert_config.json";
/// What the whole model is.
const WHOLE: &str = "config_sentence_transformers.json";
/// How the modules' types begin.
const PACKAGE: &str = "sentence_transformers.models.";

/// An entry of `modules.json`.
#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(default)]
    idx: usize,
    #[serde(default)]
    name: String,
    path: String,
    r#type: String,
}

impl Entry {
    /// The last word of the type, `sentence_transformers.models.Pooling`.
    fn kind(&self) -> &str {
        self.r#type.rsplit('.').next().unwrap_or_default()
    }

    /// The folder, which lies in the model's.
    fn place(&self, folder: &Path, listed: &Path) -> Result<PathBuf, BertError> {
        let path = Path::new(&self.path);
        let is_inside = path
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        match is_inside {
            true => Ok(folder.join(path)),
            false => Err(file(
                listed,
                format!("{:?} is no folder of this one", self.path),
            )),
        }
    }
}

/// The modules of a folder in order, each by its kind and its own folder.
pub(crate) fn read(folder: &Path) -> Result<Vec<(String, PathBuf)>, BertError> {
    let listed = folder.join(LISTED);
    let entries: Vec<Entry> = read_json(&listed)?;
    let module = |entry: &Entry| Ok((entry.kind().to_owned(), entry.place(folder, &listed)?));
    entries.iter().map(module).collect()
}

/// Modules that are being written, one after another.
pub(crate) struct Writer<'a> {
    folder: &'a Path,
    entries: Vec<Entry>,
}

impl<'a> Writer<'a> {
    /// Into this folder, which exists.
    pub fn new(folder: &'a Path) -> Self {
        Self {
            folder,
            entries: Vec::new(),
        }
    }

    /// One more: its folder. The first one's is the model's own.
    pub fn next(&mut self, kind: &str) -> Result<PathBuf, BertError> {
        let idx = self.entries.len();
        let path = match idx {
            0 => String::new(),
            _ => format!("{idx}_{kind}"),
        };
        let place = self.folder.join(&path);
        fs::create_dir_all(&place).map_err(|e| unwritten(&place, e))?;
        self.entries.push(Entry {
            idx,
            name: idx.to_string(),
            path,
            r#type: format!("{PACKAGE}{kind}"),
        });
        Ok(place)
    }

    /// Lists them.
    pub fn finish(self, prompts: &Prompts) -> Result<(), BertError> {
        let whole = serde_json::json!({
            "model_type": "SentenceTransformer",
            "prompts": prompts.prompts,
            "default_prompt_name": prompts.default_prompt_name,
            "similarity_fn_name": "cosine",
        });
        write_json(&self.folder.join(WHOLE), &whole)?;
        write_json(&self.folder.join(LISTED), &self.entries)
    }
}

/// What texts may begin with, by name.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub(crate) struct Prompts {
    prompts: BTreeMap<String, String>,
    /// The one that every text begins with.
    default_prompt_name: Option<String>,
}

impl Default for Prompts {
    /// Those of sentence-transformers, which are empty.
    fn default() -> Self {
        let prompts = ["query", "document"].map(|name| (name.to_owned(), String::new()));
        Self {
            prompts: prompts.into(),
            default_prompt_name: None,
        }
    }
}

impl Prompts {
    /// Those of a folder.
    pub fn read(folder: &Path) -> Result<Self, BertError> {
        let path = folder.join(WHOLE);
        let mut all = Self::default();
        if path.exists() {
            let own: Self = read_json(&path)?;
            all.prompts.extend(own.prompts);
            all.default_prompt_name = own.default_prompt_name;
        }
        match &all.default_prompt_name {
            Some(name) if !all.prompts.contains_key(name) => Err(file(
                &path,
                format!("default_prompt_name is {name:?}, but there is no such prompt"),
            )),
            _ => Ok(all),
        }
    }

    /// What every text begins with.
    pub fn first(&self) -> &str {
        let name = self.default_prompt_name.as_ref();
        name.map_or("", |name| &self.prompts[name])
    }
}

/// What the Transformer module is told beside its own files.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
pub(crate) struct Limits {
    /// The most tokens of a text, if that is given.
    pub max_seq_length: Option<usize>,
    /// Whether texts are put in small letters, whatever the tokenizer does.
    pub do_lower_case: bool,
}

impl Limits {
    pub fn read(place: &Path) -> Result<Self, BertError> {
        let path = place.join(LIMITS);
        match path.exists() {
            true => read_json(&path),
            false => Ok(Self::default()),
        }
    }

    pub fn write(&self, place: &Path) -> Result<(), BertError> {
        write_json(&place.join(LIMITS), self)
    }
}

/// `config.json` of a Pooling module. Several modes may be on: their vectors are joined in this order.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct PoolingConfig {
    word_embedding_dimension: usize,
    pooling_mode_cls_token: bool,
    pooling_mode_max_tokens: bool,
    pooling_mode_mean_tokens: bool,
    pooling_mode_mean_sqrt_len_tokens: bool,
    pooling_mode_weightedmean_tokens: bool,
    pooling_mode_lasttoken: bool,
    /// Whether a prompt's tokens count too.
    #[serde(default = "yes")]
    include_prompt: bool,
}

/// The modes that are on, one at least, for texts that begin with `prompt`.
pub(crate) fn read_pooling(place: &Path, prompt: &str) -> Result<Vec<Pooling>, BertError> {
    let path = place.join(CONFIG);
    let config: PoolingConfig = read_json(&path)?;
    if !config.include_prompt && !prompt.is_empty() {
        let problem = format!("include_prompt is false, but texts begin with {prompt:?}");
        return Err(file(&path, problem));
    }
    let modes = [
        (config.pooling_mode_cls_token, Pooling::Cls),
        (config.pooling_mode_max_tokens, Pooling::Max),
        (config.pooling_mode_mean_tokens, Pooling::Mean),
        (
            config.pooling_mode_mean_sqrt_len_tokens,
            Pooling::MeanSqrtLen,
        ),
        (
            config.pooling_mode_weightedmean_tokens,
            Pooling::WeightedMean,
        ),
        (config.pooling_mode_lasttoken, Pooling::Last),
    ];
    let on = modes.into_iter().filter(|(on, _)| *on);
    let on: Vec<Pooling> = on.map(|(_, mode)| mode).collect();
    match on.is_empty() {
        true => Err(file(
            &path,
            "no pooling mode that is known is on".to_owned(),
        )),
        false => Ok(on),
    }
}

/// Of a model of this width. The pooler counts as the first token's vector, of which it is a linear map.
pub(crate) fn write_pooling(
    place: &Path,
    modes: &[Pooling],
    width: usize,
) -> Result<(), BertError> {
    let has = |mode| modes.contains(&mode);
    let config = PoolingConfig {
        word_embedding_dimension: width,
        pooling_mode_cls_token: has(Pooling::Cls) || has(Pooling::Pooler),
        pooling_mode_max_tokens: has(Pooling::Max),
        pooling_mode_mean_tokens: has(Pooling::Mean),
        pooling_mode_mean_sqrt_len_tokens: has(Pooling::MeanSqrtLen),
        pooling_mode_weightedmean_tokens: has(Pooling::WeightedMean),
        pooling_mode_lasttoken: has(Pooling::Last),
        include_prompt: true,
    };
    write_json(&place.join(CONFIG), &config)
}

/// `config.json` of a Dense module.
#[derive(Serialize, Deserialize)]
struct DenseConfig {
    in_features: usize,
    out_features: usize,
    #[serde(default = "yes")]
    bias: bool,
    #[serde(default = "tanh_module")]
    activation_function: String,
}

fn yes() -> bool {
    true
}

/// The default of sentence-transformers.
fn tanh_module() -> String {
    "torch.nn.modules.activation.Tanh".to_owned()
}

/// A Dense module for vectors of `width`.
pub(crate) fn read_dense(
    place: &Path,
    width: usize,
    device: &Device,
) -> Result<(Linear, Activation), BertError> {
    let path = place.join(CONFIG);
    let config: DenseConfig = read_json(&path)?;
    if config.in_features != width {
        let problem = format!(
            "in_features is {}, but vectors have {width}",
            config.in_features
        );
        return Err(file(&path, problem));
    }
    let name = &config.activation_function;
    let activation = Activation::of_module(name);
    let activation = activation.ok_or_else(|| {
        file(
            &path,
            format!("activation_function is {name:?}, which is not known"),
        )
    })?;
    let sizes = (width, config.out_features);
    let linear = weights::read_dense(place, sizes, config.bias, device)?;
    Ok((linear, activation))
}

pub(crate) fn write_dense(
    place: &Path,
    linear: &Linear,
    activation: Activation,
) -> Result<(), BertError> {
    let [from, to] = linear.weight.dims();
    let name = activation.module();
    let unknown = || BertError::Config(format!("no PyTorch module computes {activation:?}"));
    let config = DenseConfig {
        in_features: from,
        out_features: to,
        bias: linear.bias.is_some(),
        activation_function: name.ok_or_else(unknown)?.to_owned(),
    };
    write_json(&place.join(CONFIG), &config)?;
    weights::write_dense(place, linear)
}

/// A BERT's pooler, which is a Dense module of the first token's vectors.
pub(crate) fn write_pooler(place: &Path, bert: &Bert, width: usize) -> Result<(), BertError> {
    let config = DenseConfig {
        in_features: width,
        out_features: width,
        bias: true,
        activation_function: tanh_module(),
    };
    write_json(&place.join(CONFIG), &config)?;
    weights::write_pooler(place, bert)
}
