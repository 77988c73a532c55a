//! The functions between linear maps.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI};

use burn::tensor::Tensor;
use burn::tensor::activation::{relu, sigmoid, tanh};

use crate::cpu;

/// A function of each value, by the names that Hugging Face's `hidden_act` and PyTorch's modules give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    Gelu,
    GeluByTanh,
    Relu,
    Silu,
    Tanh,
    Identity,
}

/// PyTorch's modules without arguments.
const MODULES: [(&str, Activation); 5] = [
    ("torch.nn.modules.activation.Tanh", Activation::Tanh),
    ("torch.nn.modules.activation.GELU", Activation::Gelu),
    ("torch.nn.modules.activation.ReLU", Activation::Relu),
    ("torch.nn.modules.activation.SiLU", Activation::Silu),
    ("torch.nn.modules.linear.Identity", Activation::Identity),
];

impl Activation {
    /// The function that a `config.json` calls `name`.
    pub fn of_config(name: &str) -> Option<Self> {
        match name {
            "gelu" => Some(Self::Gelu),
            "gelu_new" | "gelu_pytorch_tanh" => Some(Self::GeluByTanh),
            "relu" => Some(Self::Relu),
            "silu" | "swish" => Some(Self::Silu),
            _ => None,
        }
    }

    /// The function of a PyTorch module, such as `torch.nn.modules.activation.Tanh`.
    pub fn of_module(path: &str) -> Option<Self> {
        let known = MODULES.into_iter().find(|(known, _)| *known == path);
        known.map(|(_, activation)| activation)
    }

    /// The PyTorch module of a function that has one.
    pub fn module(self) -> Option<&'static str> {
        let known = MODULES.into_iter().find(|(_, known)| *known == self);
        known.map(|(path, _)| path)
    }

    pub fn forward<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Gelu if x.device().is_autodiff() && cpu::holds(&x) => cpu::tracked_gelu(x),
            Self::Gelu => gelu(x),
            Self::GeluByTanh => gelu_by_tanh(x),
            Self::Relu => relu(x),
            Self::Silu => x.clone() * sigmoid(x),
            Self::Tanh => tanh(x),
            Self::Identity => x,
        }
    }
}

/// x Phi(x), Hendrycks and Gimpel's exact form (<https://arxiv.org/abs/1606.08415>). Not Burn's own: on a GPU that
/// computes this too, but takes the derivative of the approximation by tanh, which is off by 1e-3.
fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let phi = ((x.clone() * FRAC_1_SQRT_2).erf() + 1.0) * 0.5;
    x * phi
}

/// The same paper's approximation: x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.
fn gelu_by_tanh<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let cubic = x.clone() * (x.clone() * x.clone() * 0.044_715 + 1.0);
    x * ((tanh(cubic * FRAC_2_PI.sqrt()) + 1.0) * 0.5)
}
