//! What the model must guess: Devlin et al.'s masking, 15% of the tokens, of these 80% hidden, 10% swapped, 10% left.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::TokenSequence;

/// The part of the tokens to be guessed.
pub(crate) const SHARE: f64 = 0.15;
const HIDDEN: f64 = 0.8;
const SWAPPED: f64 = 0.1;

/// Ids that the masking must know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Special {
    /// Ids below this are special (padding, `[CLS]`, ...): never masked, never swapped in.
    pub count: u32,
    /// The token that hides another.
    pub mask: u32,
    /// Number of tokens.
    pub vocab_size: u32,
}

/// A sequence with some tokens changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Masked {
    pub sequence: TokenSequence,
    /// Places to be guessed, ascending, and the tokens that were there.
    pub targets: Vec<(usize, u32)>,
}

/// Masks `sequence`; at least one token, if there is one that may be masked.
pub(crate) fn mask(sequence: &TokenSequence, special: Special, random: &mut ChaCha8Rng) -> Masked {
    let places: Vec<usize> = (0..sequence.ids.len())
        .filter(|&i| sequence.ids[i] >= special.count)
        .collect();
    let mut chosen: Vec<usize> = places
        .iter()
        .copied()
        .filter(|_| random.random_bool(SHARE))
        .collect();
    if chosen.is_empty() && !places.is_empty() {
        chosen.push(places[random.random_range(0..places.len())]);
    }
    let mut masked = sequence.clone();
    for &place in &chosen {
        let draw: f64 = random.random();
        if draw < HIDDEN {
            masked.ids[place] = special.mask;
        } else if draw < HIDDEN + SWAPPED {
            masked.ids[place] = random.random_range(special.count..special.vocab_size);
        }
    }
    Masked {
        targets: chosen.into_iter().map(|i| (i, sequence.ids[i])).collect(),
        sequence: masked,
    }
}

/// The generator of one step, so that what a step draws depends on the seed and the step alone.
pub(crate) fn random(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(stream);
    random
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPECIAL: Special = Special {
        count: 5,
        mask: 4,
        vocab_size: 100,
    };

    /// [CLS], 200 words, [SEP], padding.
    fn sequence() -> TokenSequence {
        let ids: Vec<u32> = [2]
            .into_iter()
            .chain((0..200).map(|i| 5 + i % 95))
            .chain([3, 0, 0, 0])
            .collect();
        TokenSequence {
            segments: vec![0; ids.len()],
            ids,
        }
    }

    #[test]
    fn shares_are_as_published_and_special_tokens_stay() {
        let original = sequence();
        let (mut chosen, mut hidden, mut same, mut all) = (0.0, 0.0, 0.0, 0.0);
        for seed in 0..500 {
            let masked = mask(&original, SPECIAL, &mut random(1, seed));
            for (i, (&now, &before)) in masked.sequence.ids.iter().zip(&original.ids).enumerate() {
                let target = masked.targets.iter().find(|(place, _)| *place == i);
                if before < 5 {
                    assert!(
                        target.is_none() && now == before,
                        "special token {before} at {i} was touched"
                    );
                    continue;
                }
                all += 1.0;
                match target {
                    None => assert_eq!(now, before),
                    Some(&(_, token)) => {
                        assert_eq!(token, before);
                        assert!(now == 4 || now >= 5);
                        chosen += 1.0;
                        hidden += f64::from(u8::from(now == 4));
                        same += f64::from(u8::from(now == before));
                    }
                }
            }
        }
        // 100,000 tokens, 15,000 chosen: four standard errors of a share.
        assert!((chosen / all - SHARE).abs() < 4.0 * (SHARE * (1.0 - SHARE) / all).sqrt());
        assert!((hidden / chosen - 0.8).abs() < 4.0 * (0.16 / chosen).sqrt());
        // a swapped token is the old one once in 95
        assert!((same / chosen - (0.1 + 0.1 / 95.0)).abs() < 4.0 * (0.09 / chosen).sqrt());
    }

    #[test]
    fn one_token_at_least_and_none_of_none() {
        for seed in 0..50 {
            let short = TokenSequence {
                ids: vec![2, 7, 3],
                segments: vec![0; 3],
            };
            assert_eq!(
                mask(&short, SPECIAL, &mut random(3, seed)).targets,
                vec![(1, 7)]
            );
        }
        let empty = TokenSequence {
            ids: vec![2, 3],
            segments: vec![0; 2],
        };
        assert_eq!(mask(&empty, SPECIAL, &mut random(3, 0)).targets, vec![]);
    }
}
