//! A step of AdamW in one pass over the weights.

use burn::tensor::Tensor;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::BLOCK;

/// What a step is taken with (Loshchilov and Hutter 2019, <https://arxiv.org/abs/1711.05101>).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub rate: f64,
    /// Decay of the weights, times the rate.
    pub decay: f32,
    /// How long the two moments last.
    pub betas: [f32; 2],
    pub epsilon: f32,
    /// Steps with this one.
    pub time: usize,
}

impl Step {
    /// The weights and the moments of `gradient` and its square after the step; none of the latter are zeros.
    pub fn take<const D: usize>(
        self,
        weights: Tensor<D>,
        gradient: Tensor<D>,
        moments: Option<[Tensor<D>; 2]>,
    ) -> (Tensor<D>, [Tensor<D>; 2]) {
        let device = weights.device();
        let moments = moments.unwrap_or_else(|| [gradient.zeros_like(), gradient.zeros_like()]);
        let gradient = gradient.into_data();
        let mut weights = weights.into_data();
        let mut moments = moments.map(Tensor::into_data);
        let [first, second] = &mut moments;
        if let (Ok(weights), Ok(first), Ok(second)) = (
            weights.as_mut_slice(),
            first.as_mut_slice(),
            second.as_mut_slice(),
        ) {
            self.change(weights, super::values(&gradient), [first, second]);
        }
        let tensor = |data| Tensor::from_data(data, &device);
        (tensor(weights), moments.map(tensor))
    }

    fn change(self, weights: &mut [f32], gradient: &[f32], [first, second]: [&mut [f32]; 2]) {
        let [beta_1, beta_2] = self.betas;
        let correction = |beta: f32| 1.0 - f64::from(beta).powi(self.time as i32);
        let factors = Factors {
            kept: 1.0 - self.decay,
            beta_1,
            beta_2,
            rate: (self.rate / correction(beta_1)) as f32,
            scale: (1.0 / correction(beta_2)) as f32,
            epsilon: self.epsilon,
        };
        weights
            .par_chunks_mut(BLOCK)
            .zip(gradient.par_chunks(BLOCK))
            .zip(first.par_chunks_mut(BLOCK))
            .zip(second.par_chunks_mut(BLOCK))
            .for_each(|(((weights, gradient), first), second)| {
                Arch::new().dispatch(Block {
                    weights,
                    gradient,
                    first,
                    second,
                    factors,
                });
            });
    }
}

/// What is the same for all weights.
#[derive(Clone, Copy)]
struct Factors {
    /// What is left of a weight.
    kept: f32,
    beta_1: f32,
    beta_2: f32,
    /// The rate, over what the first moment is short of.
    rate: f32,
    /// One over what the second moment is short of.
    scale: f32,
    epsilon: f32,
}

struct Block<'a> {
    weights: &'a mut [f32],
    gradient: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
    factors: Factors,
}

impl WithSimd for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Factors {
            kept,
            beta_1,
            beta_2,
            rate,
            scale,
            epsilon,
        } = self.factors;
        let moments = self.first.iter_mut().zip(self.second.iter_mut());
        let weights = self.weights.iter_mut().zip(self.gradient);
        for ((weight, &gradient), (first, second)) in weights.zip(moments) {
            *first = beta_1 * *first + (1.0 - beta_1) * gradient;
            *second = beta_2 * *second + (1.0 - beta_2) * (gradient * gradient);
            let length = (*second * scale).sqrt() + epsilon;
            *weight = kept * *weight - rate * *first / length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_those_of_the_paper_in_64_bits() {
        for count in [0, 1, 15, 16, 17, BLOCK + 3] {
            let number = |i: usize, by: usize| (i * by % 1_009) as f32 / 500.0 - 1.0;
            let start: Vec<f32> = (0..count).map(|i| number(i, 31)).collect();
            let (mut weights, mut first, mut second) =
                (start.clone(), vec![0.0; count], vec![0.0; count]);
            let mut want: Vec<[f64; 3]> = start.iter().map(|&w| [f64::from(w), 0.0, 0.0]).collect();
            for time in 1..=5 {
                let gradient: Vec<f32> = (0..count).map(|i| number(i + time, 37)).collect();
                let step = Step {
                    rate: 1e-3,
                    decay: 1e-5,
                    betas: [0.9, 0.999],
                    epsilon: 1e-8,
                    time,
                };
                step.change(&mut weights, &gradient, [&mut first, &mut second]);
                let [b1, b2] = step.betas.map(f64::from);
                for ([w, m, v], &g) in want.iter_mut().zip(&gradient) {
                    let g = f64::from(g);
                    *m = b1 * *m + (1.0 - b1) * g;
                    *v = b2 * *v + (1.0 - b2) * g * g;
                    let m = *m / (1.0 - b1.powi(time as i32));
                    let v = *v / (1.0 - b2.powi(time as i32));
                    *w -= f64::from(step.decay) * *w + step.rate * m / (v.sqrt() + 1e-8);
                }
            }
            for (found, want) in weights.iter().zip(&want) {
                // Five steps of a few roundings each, of weights of about 1.
                let most = 10.0 * f64::from(f32::EPSILON);
                assert!(
                    (f64::from(*found) - want[0]).abs() <= most,
                    "{found} {want:?}"
                );
            }
        }
    }
}
