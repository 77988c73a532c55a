//! Dropout with masks that are drawn on all threads. Burn draws them on one, which took a tenth of a training step's
//! processor time.

use burn::nn::Dropout;
use burn::tensor::{Distribution, Tensor, TensorData};
use rayon::prelude::*;
use throng_compute::Philox;

use super::{BLOCK, holds};

/// Values of each counter of [`Philox`].
const WORDS: usize = 4;

/// What [`Dropout::forward`] does, with other draws where `x` is on the CPU. They too depend on the device's seed alone.
pub(crate) fn dropout<const D: usize>(dropout: &Dropout, x: Tensor<D>) -> Tensor<D> {
    let is_drawn = dropout.training.is_enabled() && x.device().is_autodiff() && dropout.prob != 0.0;
    if !is_drawn || !holds(&x) {
        return dropout.forward(x);
    }
    let device = x.device();
    // Whole numbers of 24 bits, which 32-bit floats hold.
    let drawn = Distribution::Uniform(0.0, f64::from(1 << 24));
    let seed = Tensor::<1>::random([2], drawn, &device).into_data();
    let seed = seed
        .iter::<f32>()
        .fold(0, |seed, part| (seed << 24) | part as u64);
    let mask = mask(x.shape().num_elements(), dropout.prob, seed);
    let mask = TensorData::new(mask, x.shape());
    x * Tensor::from_data(mask, &device)
}

/// Zero with `probability`, else what keeps the mean.
fn mask(count: usize, probability: f64, seed: u64) -> Vec<f32> {
    let philox = Philox::new(seed);
    let least = (probability * 2.0_f64.powi(32)) as u32;
    let kept = (1.0 / (1.0 - probability)) as f32;
    let mut mask = vec![0.0; count];
    let blocks = mask.par_chunks_mut(BLOCK).enumerate();
    blocks.for_each(|(block, values)| {
        for (index, values) in values.chunks_mut(WORDS).enumerate() {
            let counter = (block * (BLOCK / WORDS) + index) as u64;
            let words = philox.words([counter as u32, (counter >> 32) as u32, 0, 0]);
            for (value, word) in values.iter_mut().zip(words) {
                *value = if word >= least { kept } else { 0.0 };
            }
        }
    });
    mask
}

#[cfg(test)]
mod tests {
    use burn::nn::DropoutConfig;
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn masks_have_the_mean_of_one_and_their_own_draws() {
        let (count, p) = (1_000_003, 0.1);
        let [a, b] = [1, 2].map(|seed| mask(count, p, seed));
        assert_eq!(a, mask(count, p, 1));
        let zeros = a.iter().filter(|&&v| v == 0.0).count() as f64;
        assert!(a.iter().all(|&v| v == 0.0 || v == (1.0 / 0.9) as f32));
        // Five standard deviations, of one mask and of what two have in common.
        let off = |found: f64, p: f64| {
            let n = count as f64;
            (found - n * p).abs() / (n * p * (1.0 - p)).sqrt()
        };
        assert!(off(zeros, p) < 5.0, "{zeros}");
        let both = a.iter().zip(&b).filter(|(a, b)| **a + **b == 0.0).count();
        assert!(off(both as f64, p * p) < 5.0, "{both}");
        let next = a.windows(2).filter(|pair| pair[0] + pair[1] == 0.0).count();
        assert!(off(next as f64, p * p) < 5.0, "{next}");
    }

    #[test]
    fn gradients_pass_where_values_do() {
        let device = Device::flex().autodiff();
        let layer = DropoutConfig::new(0.5).init();
        let x = Tensor::<1>::ones([1_000], &device).require_grad();
        let y = dropout(&layer, x.clone());
        let again = dropout(&layer, x.clone());
        let values = |t: Tensor<1>| t.into_data().iter::<f32>().collect::<Vec<_>>();
        assert_ne!(values(y.clone().inner()), values(again.inner()));
        let gradients = y.clone().sum().backward();
        let gradient = x.grad(&gradients).map(values);
        assert_eq!(gradient, Some(values(y.inner())));
        // Nothing is drawn where nothing is trained.
        let x = Tensor::<1>::ones([100], &Device::flex());
        assert_eq!(values(dropout(&layer, x)), [1.0; 100]);
    }
}
