//! The layers.

use burn::tensor::{Bool, Tensor};

use super::attention::{Shape, attention};
use super::{add_norm, bias, gelu, in_place, product, values};
use crate::activation::Activation;
use crate::model::{Layer, SelfAttention};

/// Takes `x`, `[batch, length, hidden]`, through all layers; `padding`, `[batch, length]`, is true where there is no
/// token.
pub(crate) fn hidden(
    layers: &[Layer],
    x: Tensor<3>,
    padding: Tensor<2, Bool>,
    epsilon: f32,
) -> Tensor<3> {
    let [batch, length, columns] = x.dims();
    let is_padding: Vec<bool> = padding.into_data().iter::<bool>().collect();
    let x = x.reshape([batch * length, columns]);
    let x = layers.iter().fold(x, |x, layer| {
        forward(layer, x, &is_padding, length, epsilon)
    });
    x.reshape([batch, length, columns])
}

fn forward(
    layer: &Layer,
    x: Tensor<2>,
    is_padding: &[bool],
    length: usize,
    epsilon: f32,
) -> Tensor<2> {
    let y = context(&layer.attention, x.clone(), is_padding, length);
    let map = &layer.attention.output;
    let y = product(y, map);
    let x = add_norm::forward(x, y, &bias(map), &layer.attention.layer_norm, epsilon);

    let map = &layer.intermediate;
    let y = match layer.activation {
        Activation::Gelu => gelu::forward(product(x.clone(), map), &bias(map)),
        other => other.forward(map.forward(x.clone())),
    };
    let map = &layer.output;
    add_norm::forward(x, product(y, map), &bias(map), &layer.layer_norm, epsilon)
}

fn context(layer: &SelfAttention, x: Tensor<2>, is_padding: &[bool], length: usize) -> Tensor<2> {
    let [_, columns] = x.dims();
    let shape = Shape {
        length,
        heads: layer.heads,
        width: columns / layer.heads,
    };
    let query = product(x.clone(), &layer.query);
    let key = product(x.clone(), &layer.key).into_data();
    let value = product(x, &layer.value).into_data();
    let biases = [bias(&layer.query), bias(&layer.value)];
    in_place(query, |query| {
        let biases = biases.each_ref().map(values);
        attention(
            query,
            values(&key),
            values(&value),
            biases,
            is_padding,
            shape,
        );
    })
}
