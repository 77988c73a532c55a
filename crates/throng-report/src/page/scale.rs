//! Axes: a line of values laid on a line of pixels, with round ticks.

/// A linear map from values to coordinates.
pub(super) struct Scale {
    from: (f64, f64),
    to: (f64, f64),
}

impl Scale {
    /// Maps `from.0` to `to.0` and `from.1` to `to.1`; an empty `from` maps to the middle.
    pub(super) fn new(from: (f64, f64), to: (f64, f64)) -> Self {
        Self { from, to }
    }

    /// The coordinate of `value`.
    pub(super) fn at(&self, value: f64) -> f64 {
        let span = self.from.1 - self.from.0;
        let part = if span > 0.0 {
            (value - self.from.0) / span
        } else {
            0.5
        };
        self.to.0 + part * (self.to.1 - self.to.0)
    }
}

/// Round ticks that cover `low` to `high` in about `steps` steps of 1, 2 or 5 times a power of ten.
///
/// The first and last ticks are at or beyond the ends. An empty or infinite range is taken as 0 to 1.
pub(super) fn ticks(low: f64, high: f64, steps: usize) -> Vec<f64> {
    let (low, high) = if (high - low).is_finite() && high > low {
        (low, high)
    } else {
        (0.0, 1.0)
    };
    let rough = (high - low) / steps.max(1) as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|&step| step >= rough * (1.0 - 1e-9))
        .unwrap_or(10.0 * power);
    let first = (low / step + 1e-9).floor();
    let last = (high / step - 1e-9).ceil();
    let number = (last - first) as usize;
    (0..=number).map(|i| (first + i as f64) * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(low: f64, high: f64, steps: usize) -> Vec<String> {
        let ticks = ticks(low, high, steps);
        ticks.iter().map(|tick| format!("{tick:.3}")).collect()
    }

    #[test]
    fn ticks_are_round_and_cover_the_range() {
        assert_eq!(
            rounded(0.0, 0.34, 4),
            ["0.000", "0.100", "0.200", "0.300", "0.400"]
        );
        assert_eq!(
            rounded(-0.07, 0.55, 3),
            ["-0.500", "0.000", "0.500", "1.000"]
        );
        assert_eq!(
            rounded(0.0, 1.0, 5),
            ["0.000", "0.200", "0.400", "0.600", "0.800", "1.000"]
        );
        assert_eq!(rounded(0.0, 0.0, 2), ["0.000", "0.500", "1.000"]);
        assert_eq!(rounded(f64::NAN, 3.0, 2), ["0.000", "0.500", "1.000"]);
    }

    #[test]
    fn scales_are_linear() {
        let scale = Scale::new((1.0, 3.0), (100.0, 0.0));
        assert_eq!(
            [scale.at(1.0), scale.at(2.0), scale.at(3.0)],
            [100.0, 50.0, 0.0]
        );
        assert_eq!(Scale::new((2.0, 2.0), (0.0, 10.0)).at(2.0), 5.0);
    }
}
