//! The integer recipes of `tests/golden/classes.py`, the same bits here.

use crate::golden::{Binary, Columns};

/// splitmix64 (Steele, Lea and Flood, 2014) of a counter.
fn hash64(counter: u64) -> u64 {
    let mut x = counter.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// `count` integers below `bound`.
pub fn below(which: u64, seed: usize, count: usize, bound: u64) -> Vec<u64> {
    let first = (which << 56) + ((seed as u64) << 40);
    (first..first + count as u64)
        .map(|at| hash64(at) % bound)
        .collect()
}

pub fn weights(seed: usize, n: usize, weighted: bool) -> Option<Vec<f64>> {
    weighted.then(|| {
        below(3, seed, n, 5)
            .iter()
            .map(|&w| w as f64 / 4.0)
            .collect()
    })
}

/// To `f32` and back, as NumPy's cast.
pub fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

/// Truth, and probabilities of the class 1.
pub fn binary(seed: usize, case: &Binary) -> (Vec<bool>, Vec<f64>) {
    let has = |flag: &str| case.flags.iter().any(|f| f == flag);
    let truth: Vec<bool> = match case.rarity {
        0 => vec![false; case.n],
        rarity => below(1, seed, case.n, rarity)
            .iter()
            .map(|&draw| draw == 0)
            .collect(),
    };
    let top = case.levels - 1 + case.signal;
    let points = below(2, seed, case.n, case.levels);
    let mut p: Vec<f64> = points
        .iter()
        .zip(&truth)
        .map(|(&points, &truth)| match top {
            0 => 0.5,
            _ => (points + case.signal * u64::from(truth)) as f64 / top as f64,
        })
        .collect();
    for (p, sure) in p.iter_mut().zip(below(4, seed, case.n, 3)) {
        if has("certain") && sure == 0 {
            *p = p.round_ties_even();
        }
        if has("timid") {
            *p /= 4.0;
        }
    }
    (truth, p)
}

/// Truth, and probabilities of every class.
pub fn classes(seed: usize, case: &Columns) -> (Vec<u32>, Vec<f64>) {
    let Columns {
        n,
        k,
        levels,
        signal,
        ..
    } = *case;
    let mut truth: Vec<u32> = below(1, seed, n, k as u64)
        .iter()
        .map(|&t| t as u32)
        .collect();
    if case.has("absent") {
        truth.iter_mut().filter(|t| **t == 1).for_each(|t| *t = 2);
    }
    let points = below(2, seed, n * k, levels);
    let sure = below(4, seed, n, 3);
    let mut p = Vec::new();
    for (row, points) in points.chunks_exact(k).enumerate() {
        let mut points: Vec<u64> = points.iter().map(|points| points + 1).collect();
        points[truth[row] as usize] += signal;
        if case.has("unpredicted") {
            points[1] = 0;
        }
        let sum: u64 = points.iter().sum();
        let mut values: Vec<f64> = points.iter().map(|&v| v as f64 / sum as f64).collect();
        if case.has("certain") && sure[row] == 0 {
            let most = values.iter().copied().fold(0.0, f64::max);
            let first = values.iter().position(|&v| v == most);
            values = (0..k).map(|at| f64::from(Some(at) == first)).collect();
        }
        p.extend(values);
    }
    (truth, p)
}

/// Truth and probabilities of columns, each true or not by itself.
pub fn columns(seed: usize, case: &Columns) -> (Vec<bool>, Vec<f64>) {
    let Columns {
        n,
        k,
        levels,
        signal,
        ..
    } = *case;
    let draws = below(1, seed, n * k, 3);
    let absent = case.has("absent");
    let truth: Vec<bool> = (0..n * k)
        .map(|at| draws[at] == 0 && !(absent && at % k == 1))
        .collect();
    let points = below(2, seed, n * k, levels);
    let p = points.iter().zip(&truth).map(|(points, &truth)| {
        (points + signal * u64::from(truth)) as f64 / (levels - 1 + signal) as f64
    });
    let p = p.collect();
    (truth, p)
}

/// Truth and logits.
pub fn logits(seed: usize, n: usize, k: usize, signal: i64) -> (Vec<u32>, Vec<f64>) {
    let truth: Vec<u32> = below(1, seed, n, k as u64)
        .iter()
        .map(|&t| t as u32)
        .collect();
    let draws = below(2, seed, n * k, 33);
    let logits = draws.iter().enumerate().map(|(at, &draw)| {
        let own = i64::from(truth[at / k] as usize == at % k);
        (draw as i64 - 16 + signal * own) as f64 / 4.0
    });
    let logits = logits.collect();
    (truth, logits)
}

/// Truth and two scores of each row that go together.
pub fn two_scores(seed: usize, n: usize, levels: u64) -> (Vec<bool>, Vec<f64>, Vec<f64>) {
    let case = Binary {
        n,
        levels,
        signal: levels / 3,
        rarity: 3,
        ..Binary::default()
    };
    let (truth, a) = binary(seed, &case);
    let more = below(5, seed, n, levels);
    let b = a
        .iter()
        .zip(more)
        .map(|(a, more)| a + more as f64 / levels as f64)
        .collect();
    (truth, a, b)
}

/// True and predicted numbers.
pub fn numbers(seed: usize, n: usize, kind: &str) -> (Vec<f64>, Vec<f64>) {
    let truth: Vec<f64> = below(1, seed, n, 1000)
        .iter()
        .map(|&v| v as f64 / 8.0)
        .collect();
    let errors = below(2, seed, n, 401);
    let errors = errors.iter().map(|&e| (e as f64 - 200.0) / 16.0);
    let predicted = truth.iter().zip(errors).map(|(t, e)| t + e).collect();
    match kind {
        "equal" => (vec![2.5; n], predicted),
        "met" => (vec![2.5; n], vec![2.5; n]),
        _ => (truth, predicted),
    }
}
