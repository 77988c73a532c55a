//! One vector from a sequence's vectors.

use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::Bert;
use crate::batch::Batch;

/// How the vectors of a sequence's real tokens, special tokens among them, become one. The names are those of
/// sentence-transformers (Reimers and Gurevych 2019, <https://arxiv.org/abs/1908.10084>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// The first token's.
    Cls,
    /// The largest value of each feature.
    Max,
    /// The mean.
    Mean,
    /// The sum over the square root of the number of tokens.
    MeanSqrtLen,
    /// The mean, the first token counting once, the second twice and so on (SGPT, Muennighoff 2022).
    WeightedMean,
    /// The last token's.
    Last,
    /// The model's pooler: tanh of a linear map of the first token's.
    Pooler,
}

/// Far below any value, and yet finite: shaders may be compiled without infinities.
const LEAST: f32 = -3.0e38;

impl Pooling {
    /// `[batch, hidden]` of the last layer's vectors `[batch, length, hidden]`. None if a pooler is asked for and the
    /// model has none.
    pub(crate) fn forward(
        self,
        bert: &Bert,
        batch: &Batch,
        hidden: Tensor<3>,
    ) -> Option<Tensor<2>> {
        let [rows, length, d] = hidden.dims();
        let real = || batch.padding.clone().bool_not().float();
        let weighted = |weights: Tensor<2>| {
            (hidden.clone() * weights.reshape([rows, length, 1]))
                .sum_dim(1)
                .reshape([rows, d])
        };
        let pooled = match self {
            Self::Cls => hidden.narrow(1, 0, 1).reshape([rows, d]),
            Self::Max => {
                let padding = batch.padding.clone().reshape([rows, length, 1]);
                let padding = padding.expand([rows, length, d]);
                let most = hidden.mask_fill(padding, LEAST).max_dim(1);
                most.reshape([rows, d])
            }
            Self::Mean => weighted(real()) / real().sum_dim(1),
            Self::MeanSqrtLen => weighted(real()) / real().sum_dim(1).sqrt(),
            Self::WeightedMean => {
                let places = Tensor::<1, Int>::arange(1..length as i64 + 1, &hidden.device());
                let weights = real() * places.float().reshape([1, length]);
                weighted(weights.clone()) / weights.sum_dim(1)
            }
            Self::Last => {
                let last = batch.lengths.clone().sub_scalar(1);
                let places = last.reshape([rows, 1, 1]).expand([rows, 1, d]);
                hidden.gather(1, places).reshape([rows, d])
            }
            Self::Pooler => return bert.pooled(hidden),
        };
        Some(pooled)
    }
}
