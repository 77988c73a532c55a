//! Which of a model's tensors training changes.

use burn::module::{Lora, Module, ModuleMapper, Param, ParamGroup};
use burn::tensor::{Tensor, TensorData};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::BertForSequenceClassification;
use crate::BertError;

/// What is trained. The head, the pooler and the map to labels, always is.
#[derive(Clone, Debug, PartialEq)]
pub enum Tuning {
    /// Every tensor.
    Full,
    /// The head alone. The body's vectors are computed once, without dropout, so that an epoch takes seconds.
    Head,
    /// The head and the last layers.
    Last(usize),
    /// The head, and low-rank changes of some matrices (Hu et al. 2021, <https://arxiv.org/abs/2106.09685>), which are
    /// added to them at the end.
    Lora(LoraParams),
}

/// Low-rank changes W + (alpha / rank) A B of a layer's matrices, A drawn and B zero at the start.
#[derive(Clone, Debug, PartialEq)]
pub struct LoraParams {
    /// Columns of A and rows of B.
    pub rank: usize,
    /// What the change is multiplied by, times the rank.
    pub alpha: f64,
    /// The matrices that change.
    pub modules: Vec<LoraModule>,
}

/// A matrix of every layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoraModule {
    /// `attention.self.query`
    Query,
    /// `attention.self.key`
    Key,
    /// `attention.self.value`
    Value,
    /// `attention.output.dense`
    AttentionOutput,
    /// `intermediate.dense`
    Intermediate,
    /// `output.dense`
    Output,
}

impl LoraModule {
    /// Each with the name of its module in PyTorch.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Query, "query"),
        (Self::Key, "key"),
        (Self::Value, "value"),
        (Self::AttentionOutput, "attention.output.dense"),
        (Self::Intermediate, "intermediate.dense"),
        (Self::Output, "output.dense"),
    ];

    /// Where it is in a layer of ours.
    fn path(self) -> &'static str {
        match self {
            Self::Query => "attention.query",
            Self::Key => "attention.key",
            Self::Value => "attention.value",
            Self::AttentionOutput => "attention.output",
            Self::Intermediate => "intermediate",
            Self::Output => "output",
        }
    }
}

impl Default for LoraParams {
    /// Rank 8 and alpha 16 on query and value.
    fn default() -> Self {
        Self {
            rank: 8,
            alpha: 16.0,
            modules: vec![LoraModule::Query, LoraModule::Value],
        }
    }
}

const HEAD: [&str; 4] = [
    "bert.pooler.weight",
    "bert.pooler.bias",
    "classifier.weight",
    "classifier.bias",
];

impl Tuning {
    pub(crate) fn check(&self, layers: usize, hidden: usize) -> Result<(), BertError> {
        let no = |problem: String| Err(BertError::Config(problem));
        match self {
            Self::Last(0) => no("the last 0 layers: tune the head instead".to_owned()),
            Self::Last(n) if *n > layers => {
                no(format!("the last {n} layers, the model has {layers}"))
            }
            Self::Lora(lora) if lora.rank == 0 || lora.rank > hidden => no(format!(
                "a rank of {}, it must lie between 1 and the width of {hidden}",
                lora.rank
            )),
            Self::Lora(lora) if !lora.alpha.is_finite() || lora.alpha <= 0.0 => {
                no(format!("alpha is {}, it must be above 0", lora.alpha))
            }
            Self::Lora(lora) if lora.modules.is_empty() => no("LoRA of no module".to_owned()),
            _ => Ok(()),
        }
    }

    /// The model, on a device that trains, with gradients where this trains and nowhere else.
    pub(crate) fn prepare(
        &self,
        model: BertForSequenceClassification,
        layers: usize,
        seed: u64,
    ) -> Result<BertForSequenceClassification, BertError> {
        let head = ParamGroup::from_paths(HEAD.to_vec());
        let group = |pattern: String| {
            ParamGroup::from_regex(pattern).map_err(|e| BertError::Config(format!("{e:?}")))
        };
        let frozen = |model: BertForSequenceClassification| {
            model.no_grad().set_require_grad_group(head.clone(), true)
        };
        Ok(match self {
            Self::Full => model.set_require_grad(true),
            Self::Head => frozen(model),
            Self::Last(n) => {
                let numbers: Vec<String> = (layers - n..layers).map(|i| i.to_string()).collect();
                let last = group(format!(r"^bert\.layers\.({})\.", numbers.join("|")))?;
                frozen(model).set_require_grad_group(last, true)
            }
            Self::Lora(lora) => {
                let paths: Vec<String> = lora
                    .modules
                    .iter()
                    .map(|module| module.path().replace('.', r"\."))
                    .collect();
                let adapted = group(format!(
                    r"^bert\.layers\.\d+\.({})\.weight$",
                    paths.join("|")
                ))?;
                let lora = Lora::new(lora.rank, lora.alpha).set_param_group(adapted);
                let model = model.apply_lora(lora).map(&mut DrawAdapters {
                    path: Vec::new(),
                    random: ChaCha8Rng::seed_from_u64(seed),
                });
                model.set_require_grad_group(head, true)
            }
        })
    }
}

/// Draws each A on the host, so that a seed gives the same on every device: evenly within 1 / sqrt(rows), as PEFT does.
struct DrawAdapters {
    path: Vec<String>,
    random: ChaCha8Rng,
}

impl ModuleMapper for DrawAdapters {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !self.path.ends_with(&["lora".to_owned(), "a".to_owned()]) {
            return param;
        }
        let shape = param.lazy_shape();
        let most = 1.0 / (shape[0] as f32).sqrt();
        let values: Vec<f32> = (0..shape.num_elements())
            .map(|_| {
                let part = (self.random.next_u32() >> 8) as f32 / (1 << 23) as f32;
                (part - 1.0) * most
            })
            .collect();
        param.map(|tensor| {
            let drawn = Tensor::from_data(TensorData::new(values, shape), &tensor.device());
            drawn.set_require_grad(tensor.is_require_grad())
        })
    }
}
