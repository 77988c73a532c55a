//! AdamW as transformers sets it up, and what happens to gradients before it.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{
    AdamW, AdamWConfig, AdamWState, GradientsParams, LearningRate, ModuleOptimizer, Optimizer,
};
use burn::tensor::{Device, Tensor};

/// AdamW (Loshchilov and Hutter 2019, <https://arxiv.org/abs/1711.05101>) with weight decay of matrices alone: of
/// neither biases nor norms.
#[derive(Clone)]
pub(crate) struct HuggingFaceAdamW {
    decaying: AdamW,
    plain: AdamW,
}

impl HuggingFaceAdamW {
    pub fn init(weight_decay: f32) -> ModuleOptimizer {
        let config = || AdamWConfig::new().with_epsilon(1e-8);
        ModuleOptimizer::from(Self {
            decaying: config().with_weight_decay(weight_decay).build(),
            plain: config().with_weight_decay(0.0).build(),
        })
    }
}

impl Optimizer for HuggingFaceAdamW {
    type State<const D: usize> = AdamWState<D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        tensor: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        // All that BERT has of one dimension is a bias or of a norm.
        let adam = if D == 1 { &self.plain } else { &self.decaying };
        adam.step(rate, tensor, gradient, state)
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        AdamW::to_device(state, device)
    }
}

/// The sum of all squares of a model's gradients, `[1]`; none if there is no gradient.
pub(crate) fn squares<M: Module>(model: &M, gradients: &GradientsParams) -> Option<Tensor<1>> {
    let mut visitor = Squares {
        gradients,
        sum: None,
    };
    model.visit(&mut visitor);
    visitor.sum
}

struct Squares<'a> {
    gradients: &'a GradientsParams,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            let square = gradient.square().sum();
            self.sum = Some(match self.sum.take() {
                Some(sum) => sum + square,
                None => square,
            });
        }
    }
}

/// Every gradient times a factor.
pub(crate) fn scaled<M: Module>(
    model: &M,
    gradients: GradientsParams,
    factor: f64,
) -> GradientsParams {
    let mut visitor = Scale { gradients, factor };
    model.visit(&mut visitor);
    visitor.gradients
}

struct Scale {
    gradients: GradientsParams,
    factor: f64,
}

impl ModuleVisitor for Scale {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            self.gradients.register(param.id, gradient * self.factor);
        }
    }
}
