//! What is computed on the CPU in passes of our own: the encoder's layers where no gradient is asked for, and of training
//! what takes longest beside the products.
//!
//! [`hidden`] is what `Layer::forward` computes, but for the matrix products in a few passes on all threads. Burn takes each
//! addition, copy and norm as a pass of its own, most of them on one thread: together as long as the products.

mod adamw;
mod add_norm;
mod attention;
mod dropout;
mod exp;
mod gelu;
mod layer;

use burn::nn::Linear;
use burn::tensor::{DType, Device, Tensor, TensorData};

pub(crate) use adamw::Step;
pub(crate) use dropout::dropout;
pub(crate) use gelu::tracked as tracked_gelu;
pub(crate) use layer::hidden;

/// Values that a thread takes at once.
const BLOCK: usize = 1 << 14;

/// Whether a tensor is on the CPU, of 32-bit floats, and not tracked for gradients.
pub(crate) fn is_for<const D: usize>(x: &Tensor<D>) -> bool {
    holds(x) && !x.device().is_autodiff()
}

/// Whether a tensor is on the CPU, of 32-bit floats, tracked for gradients or not.
pub(crate) fn holds<const D: usize>(x: &Tensor<D>) -> bool {
    x.dtype() == DType::F32 && x.device().without_autodiff() == Device::flex()
}

/// Changes a tensor's values where they are. Takes no copy where nothing else holds the tensor.
fn in_place<const D: usize>(x: Tensor<D>, change: impl FnOnce(&mut [f32])) -> Tensor<D> {
    let device = x.device();
    let mut data = x.into_data();
    if let Ok(values) = data.as_mut_slice() {
        change(values);
    }
    Tensor::from_data(data, &device)
}

/// The values of a tensor for which [`is_for`] holds.
fn values(data: &TensorData) -> &[f32] {
    data.as_slice().unwrap_or_default()
}

/// `[rows, from]` times the map's matrix, `[rows, to]`, without its bias: what comes next adds that.
fn product(x: Tensor<2>, map: &Linear) -> Tensor<2> {
    x.matmul(map.weight.val())
}

/// The map's bias.
fn bias(map: &Linear) -> TensorData {
    let [_, to] = map.weight.dims();
    match &map.bias {
        Some(bias) => bias.val().into_data(),
        None => TensorData::zeros::<f32, _>([to]),
    }
}
