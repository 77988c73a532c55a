//! AdamW as transformers sets it up, and what happens to gradients before it.

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::{
    AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, GradientsParams, LearningRate,
    ModuleOptimizer, Optimizer,
};
use burn::tensor::{Device, Tensor};

use crate::cpu;

/// AdamW (Loshchilov and Hutter 2019, <https://arxiv.org/abs/1711.05101>) with weight decay of matrices alone: of
/// neither biases nor norms.
#[derive(Clone)]
pub(crate) struct HuggingFaceAdamW {
    decaying: AdamW,
    plain: AdamW,
    weight_decay: f32,
}

/// How long moments last, and what is added to a root of the second: PyTorch's.
const BETAS: [f32; 2] = [0.9, 0.999];
const EPSILON: f32 = 1e-8;

impl HuggingFaceAdamW {
    pub fn init(weight_decay: f32) -> ModuleOptimizer {
        let config = || {
            let config = AdamWConfig::new().with_epsilon(EPSILON);
            config.with_beta_1(BETAS[0]).with_beta_2(BETAS[1])
        };
        ModuleOptimizer::from(Self {
            decaying: config().with_weight_decay(weight_decay).build(),
            plain: config().with_weight_decay(0.0).build(),
            weight_decay,
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
        let (adam, decay) = match D {
            1 => (&self.plain, 0.0),
            _ => (&self.decaying, self.weight_decay),
        };
        if !cpu::is_for(&tensor) || !cpu::is_for(&gradient) {
            return adam.step(rate, tensor, gradient, state);
        }
        let momentum = state.map(|state| state.momentum);
        let step = cpu::Step {
            rate,
            decay: (rate * f64::from(decay)) as f32,
            betas: BETAS,
            epsilon: EPSILON,
            time: momentum.as_ref().map_or(0, |momentum| momentum.time) + 1,
        };
        let moments = momentum.map(|momentum| [momentum.moment_1, momentum.moment_2]);
        let (tensor, [moment_1, moment_2]) = step.take(tensor, gradient, moments);
        let momentum = AdaptiveMomentumState {
            time: step.time,
            moment_1,
            moment_2,
            max_moment_2: None,
        };
        (tensor, Some(AdamWState { momentum }))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        AdamW::to_device(state, device)
    }
}

/// The tensors of a model that have gradients.
#[derive(Default)]
pub(crate) struct Trained {
    pub ids: Vec<ParamId>,
    /// Numbers of all of them.
    pub numbers: usize,
}

impl Trained {
    pub fn of<M: Module>(model: &M) -> Self {
        let mut trained = Self::default();
        model.visit(&mut trained);
        trained
    }
}

impl ModuleVisitor for Trained {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if param.is_require_grad() {
            self.ids.push(param.id);
            self.numbers += param.lazy_shape().num_elements();
        }
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
