//! How the learning rate changes.

use std::f64::consts::PI;

/// What the learning rate does after its warm-up. The rates are those of the schedules of the same names in transformers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Schedule {
    /// Stays.
    Constant,
    /// Falls to 0 in a line.
    #[default]
    Linear,
    /// Falls to 0 along half a cosine.
    Cosine,
}

impl Schedule {
    /// The factor of the highest rate at `step`, from 0, of `steps`, of which the first `warm_up` rise from 0 in a line.
    #[must_use]
    pub fn factor(self, step: usize, warm_up: usize, steps: usize) -> f64 {
        if step < warm_up {
            return step as f64 / warm_up as f64;
        }
        let part = (step - warm_up) as f64 / steps.saturating_sub(warm_up).max(1) as f64;
        match self {
            Self::Constant => 1.0,
            Self::Linear => (1.0 - part).max(0.0),
            Self::Cosine => (0.5 * (1.0 + (PI * part).cos())).max(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed by `get_linear_schedule_with_warmup` and `get_cosine_schedule_with_warmup` of transformers 4.57.1 for 3 steps
    /// of warm-up among 10.
    #[test]
    fn rates_are_those_of_transformers() {
        let linear = [
            0.0,
            1.0 / 3.0,
            2.0 / 3.0,
            1.0,
            6.0 / 7.0,
            5.0 / 7.0,
            4.0 / 7.0,
            3.0 / 7.0,
            2.0 / 7.0,
            1.0 / 7.0,
        ];
        let cosine = [
            0.0,
            0.333_333_333_333_333_3,
            0.666_666_666_666_666_6,
            1.0,
            0.950_484_433_951_209_5,
            0.811_744_900_929_366_8,
            0.611_260_466_978_156_6,
            0.388_739_533_021_843_54,
            0.188_255_099_070_633_3,
            0.049_515_566_048_790_54,
        ];
        for (schedule, rates) in [(Schedule::Linear, linear), (Schedule::Cosine, cosine)] {
            for (step, rate) in rates.into_iter().enumerate() {
                assert!(
                    (schedule.factor(step, 3, 10) - rate).abs() < 1e-12,
                    "{schedule:?} {step}"
                );
            }
        }
        assert_eq!(Schedule::Constant.factor(9, 3, 10), 1.0);
        assert_eq!(Schedule::Linear.factor(0, 0, 1), 1.0);
    }
}
