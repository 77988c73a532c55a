//! Sequences a little changed, so that a classifier learns more from few of them. All of it is off unless asked for, and
//! drawn from a generator that the caller seeds.
//!
//! Crop, mask and reorder are those of Xie et al., "Contrastive Learning for Sequential Recommendation" (CL4SRec, ICDE
//! 2022, <https://arxiv.org/abs/2010.14395>), where crop keeps one fixed share; here the share is drawn, so that the
//! whole sequence is seen too. Tokens are anything: an id, or an id with its segment. Special tokens are not among
//! them: the caller takes `[CLS]` and `[SEP]` off and puts them back.

use rand::RngExt;
use rand::seq::{SliceRandom, index};
use rand_chacha::ChaCha8Rng;

/// What is done to a sequence, in this order. The default does nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augment {
    /// The chance that a sequence is changed at all, in [0, 1]; else it is taken as it is. Default 1.
    pub chance: f64,
    /// The chance that a sequence is joined with another of its class, in [0, 1]; [`Partners`] draws one that is short
    /// enough for both to fit. Default 0.
    pub merge: f64,
    /// The chance that a token which repeats the one before it is dropped as noise, in [0, 1]. Default 0.
    pub repeats: f64,
    /// The smallest share kept when the oldest tokens are cut off, as if the sequence had been seen from later, in
    /// (0, 1]: the share is drawn evenly from here to 1. Default 1.
    pub truncate: f64,
    /// The smallest share kept when one run of tokens is cut out from anywhere, in (0, 1]: the share is drawn evenly
    /// from here to 1. Default 1.
    pub crop: f64,
    /// Tokens of the one run, at a place drawn, that is put in any order; 0 and 1 are none. Default 0.
    pub reorder: usize,
    /// The share of tokens hidden, rounded down to whole tokens, in [0, 1). Default 0.
    pub mask: f64,
}

impl Default for Augment {
    fn default() -> Self {
        Self {
            chance: 1.0,
            merge: 0.0,
            repeats: 0.0,
            truncate: 1.0,
            crop: 1.0,
            reorder: 0,
            mask: 0.0,
        }
    }
}

impl Augment {
    /// Whether every sequence is taken as it is.
    #[must_use]
    pub fn is_off(&self) -> bool {
        let rest = Self {
            chance: 1.0,
            ..*self
        };
        self.chance == 0.0 || rest == Self::default()
    }

    /// Refuses numbers out of their range, with one line that names the first.
    ///
    /// # Errors
    /// That line.
    pub fn check(&self) -> Result<(), String> {
        let (chance, share) = ((0.0..=1.0), (f64::MIN_POSITIVE..=1.0));
        for (name, value, range) in [
            ("chance", self.chance, &chance),
            ("merge", self.merge, &chance),
            ("repeats", self.repeats, &chance),
            ("truncate", self.truncate, &share),
            ("crop", self.crop, &share),
            ("mask", self.mask, &chance),
        ] {
            if !range.contains(&value) || (name == "mask" && value == 1.0) {
                return Err(format!(
                    "augment: {name} is {value}, which is out of its range"
                ));
            }
        }
        Ok(())
    }

    /// `tokens` of a class, changed; `partner` gives another sequence of the class to put before them, if asked.
    /// `hide` gives the token that hides another. Never empty where `tokens` are not, and only with a partner longer.
    #[must_use]
    pub fn apply<T: Copy + PartialEq>(
        &self,
        tokens: &[T],
        partner: impl FnOnce(&mut ChaCha8Rng) -> Option<Vec<T>>,
        hide: impl Fn(T) -> T,
        random: &mut ChaCha8Rng,
    ) -> Vec<T> {
        if self.is_off() || !random.random_bool(self.chance) {
            return tokens.to_vec();
        }
        let mut out = Vec::new();
        if self.merge > 0.0 && random.random_bool(self.merge) {
            out.extend(partner(random).unwrap_or_default());
        }
        out.extend_from_slice(tokens);
        if self.repeats > 0.0 {
            out.dedup_by(|a, b| a == b && random.random_bool(self.repeats));
        }
        if self.truncate < 1.0 {
            let kept = kept(self.truncate, out.len(), random);
            out.drain(..out.len() - kept);
        }
        if self.crop < 1.0 {
            let kept = kept(self.crop, out.len(), random);
            let start = random.random_range(0..=out.len() - kept);
            out.truncate(start + kept);
            out.drain(..start);
        }
        let window = self.reorder.min(out.len());
        if window > 1 {
            let start = random.random_range(0..=out.len() - window);
            out[start..start + window].shuffle(random);
        }
        let hidden = (self.mask * out.len() as f64) as usize;
        for place in index::sample(random, out.len(), hidden) {
            out[place] = hide(out[place]);
        }
        out
    }
}

/// How many of `all` tokens are kept, one at least where there is one, if the share is drawn from `least` to 1.
fn kept(least: f64, all: usize, random: &mut ChaCha8Rng) -> usize {
    let share: f64 = random.random_range(least..=1.0);
    ((share * all as f64).ceil() as usize).clamp(usize::from(all > 0), all)
}

/// Which sequences may be joined: two of one class.
#[derive(Clone, Debug)]
pub struct Partners {
    /// Rows of each class, the shortest first.
    rows: Vec<Vec<usize>>,
    /// The place of each row among those of its class.
    places: Vec<usize>,
    classes: Vec<u32>,
    lengths: Vec<usize>,
}

impl Partners {
    /// For rows of these classes and lengths in tokens, special ones not counted; both have one entry a row.
    #[must_use]
    pub fn new(classes: &[u32], lengths: &[usize]) -> Self {
        let most = classes.iter().max().map_or(0, |&class| class as usize + 1);
        let mut rows = vec![Vec::new(); most];
        let mut order: Vec<usize> = (0..classes.len().min(lengths.len())).collect();
        order.sort_by_key(|&row| lengths[row]);
        let mut places = vec![0; order.len()];
        for row in order {
            let class = &mut rows[classes[row] as usize];
            places[row] = class.len();
            class.push(row);
        }
        Self {
            rows,
            places,
            classes: classes.to_vec(),
            lengths: lengths.to_vec(),
        }
    }

    /// One of the other rows of the class of `row` that together with it have at most `most` tokens, each as likely;
    /// `None` if there is none.
    #[must_use]
    pub fn draw(&self, row: usize, most: usize, random: &mut ChaCha8Rng) -> Option<usize> {
        let place = *self.places.get(row)?;
        let class = &self.rows[self.classes[row] as usize];
        let left = most.checked_sub(self.lengths[row])?;
        let fit = class.partition_point(|&other| self.lengths[other] <= left);
        let others = fit - usize::from(place < fit);
        if others == 0 {
            return None;
        }
        let drawn = random.random_range(0..others);
        // The row itself is passed over.
        Some(class[drawn + usize::from(place < fit && drawn >= place)])
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const MASK: u32 = 4;

    fn random(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    fn alone(augment: Augment, tokens: &[u32], seed: u64) -> Vec<u32> {
        augment.apply(tokens, |_| None, |_| MASK, &mut random(seed))
    }

    /// Distinct tokens, none of them `MASK`.
    fn tokens(n: u32) -> Vec<u32> {
        (100..100 + n).collect()
    }

    fn all() -> Augment {
        Augment {
            chance: 0.9,
            merge: 0.5,
            repeats: 0.5,
            truncate: 0.5,
            crop: 0.4,
            reorder: 5,
            mask: 0.2,
        }
    }

    #[test]
    fn off_by_default_and_seeded() {
        let off = Augment::default();
        assert!(off.is_off() && off.check().is_ok());
        let never = Augment {
            chance: 0.0,
            ..all()
        };
        for seed in 0..50 {
            assert_eq!(alone(off, &tokens(20), seed), tokens(20));
            assert_eq!(alone(never, &tokens(20), seed), tokens(20));
            assert_eq!(
                alone(all(), &tokens(20), seed),
                alone(all(), &tokens(20), seed)
            );
        }
        let different: std::collections::HashSet<_> = (0..50)
            .map(|seed| alone(all(), &tokens(20), seed))
            .collect();
        assert!(different.len() > 40);
    }

    #[test]
    fn one_token_is_left_of_any_and_none_of_none() {
        let least = Augment {
            truncate: 0.01,
            crop: 0.01,
            mask: 0.99,
            ..all()
        };
        for seed in 0..200 {
            for n in 0..4 {
                let out = alone(least, &tokens(n), seed);
                assert!(out.len() <= n as usize && out.is_empty() == (n == 0));
            }
        }
    }

    /// How often each length comes in `runs`, and a check of every result.
    fn lengths(augment: Augment, n: u32, check: impl Fn(&[u32])) -> Vec<usize> {
        let mut counts = vec![0; n as usize + 1];
        for seed in 0..4000 {
            let out = alone(augment, &tokens(n), seed);
            check(&out);
            counts[out.len()] += 1;
        }
        counts
    }

    #[test]
    fn truncation_keeps_the_newest_and_crops_are_runs() {
        let truncate = Augment {
            truncate: 0.6,
            ..Augment::default()
        };
        let counts = lengths(truncate, 10, |out| {
            assert_eq!(out, &tokens(10)[10 - out.len()..])
        });
        let crop = Augment {
            crop: 0.6,
            ..Augment::default()
        };
        let cropped = lengths(crop, 10, |out| {
            assert!(tokens(10).windows(out.len()).any(|run| run == out));
        });
        // A share from 0.6 to 1 of ten: 7, 8, 9 or 10, each a thousand times within five standard errors.
        for counts in [counts, cropped] {
            assert_eq!(counts[..7].iter().sum::<usize>(), 0);
            for count in &counts[7..] {
                assert!(count.abs_diff(1000) < 5 * 28, "{counts:?}");
            }
        }
        // Every start of a crop comes.
        let starts: std::collections::BTreeSet<u32> = (0..500)
            .map(|seed| alone(crop, &tokens(10), seed))
            .filter(|out| out.len() == 7)
            .map(|out| out[0])
            .collect();
        assert_eq!(starts.into_iter().collect::<Vec<_>>(), tokens(4));
    }

    #[test]
    fn masks_are_of_the_share_and_anywhere() {
        let mask = Augment {
            mask: 0.25,
            ..Augment::default()
        };
        let mut hidden = [0; 11];
        for seed in 0..4000 {
            let out = alone(mask, &tokens(11), seed);
            assert_eq!(out.iter().filter(|&&t| t == MASK).count(), 2);
            for (place, (&now, before)) in out.iter().zip(tokens(11)).enumerate() {
                assert!(now == before || now == MASK);
                hidden[place] += usize::from(now == MASK);
            }
        }
        // 2 of 11, within five standard errors.
        for count in hidden {
            assert!(count.abs_diff(4000 * 2 / 11) < 5 * 25, "{hidden:?}");
        }
    }

    #[test]
    fn reordering_stays_in_its_window() {
        let reorder = Augment {
            reorder: 4,
            ..Augment::default()
        };
        let mut moved = std::collections::BTreeSet::new();
        for seed in 0..500 {
            let out = alone(reorder, &tokens(12), seed);
            let places: Vec<usize> = (0..12).filter(|&i| out[i] != tokens(12)[i]).collect();
            if let (Some(first), Some(last)) = (places.first(), places.last()) {
                assert!(last - first < 4);
                moved.extend(places);
            }
            let mut sorted = out;
            sorted.sort_unstable();
            assert_eq!(sorted, tokens(12));
        }
        assert_eq!(moved.len(), 12);
    }

    #[test]
    fn repeats_are_noise() {
        let noise = |chance| Augment {
            repeats: chance,
            ..Augment::default()
        };
        let tokens = [7, 7, 7, 8, 7, 9, 9];
        assert_eq!(alone(noise(1.0), &tokens, 1), [7, 8, 7, 9]);
        let mean = (0..3000)
            .map(|seed| alone(noise(0.5), &tokens, seed).len())
            .sum::<usize>() as f64
            / 3000.0;
        // Three tokens may go, each or not: five standard errors.
        assert!(
            (mean - 5.5).abs() < 5.0 * (0.75_f64 / 3000.0).sqrt(),
            "{mean}"
        );
        // An id with another segment is another token.
        let pairs = [(7, 0), (7, 1), (7, 1)];
        let out = noise(1.0).apply(&pairs, |_| None, |t| t, &mut random(1));
        assert_eq!(out, [(7, 0), (7, 1)]);
    }

    #[test]
    fn partners_are_of_the_class_and_fit() {
        let classes = [0, 1, 0, 0, 1, 0, 2, 0];
        let lengths = [5, 3, 9, 2, 3, 5, 1, 30];
        let partners = Partners::new(&classes, &lengths);
        for row in 0..classes.len() {
            for most in 0..45 {
                let fits: Vec<usize> = (0..classes.len())
                    .filter(|&o| o != row && classes[o] == classes[row])
                    .filter(|&o| lengths[o] + lengths[row] <= most)
                    .collect();
                let mut drawn: Vec<usize> = (0..100)
                    .filter_map(|seed| partners.draw(row, most, &mut random(seed)))
                    .collect();
                drawn.sort_unstable();
                drawn.dedup();
                assert_eq!(drawn, fits, "row {row}, {most}");
            }
        }
        assert_eq!(partners.draw(8, 100, &mut random(1)), None);
        assert_eq!(Partners::new(&[], &[]).draw(0, 9, &mut random(1)), None);
    }

    #[test]
    fn a_partner_comes_before() {
        let merge = Augment {
            merge: 1.0,
            ..Augment::default()
        };
        let join =
            |partner: Option<Vec<u32>>| merge.apply(&[5, 6], |_| partner, |_| MASK, &mut random(1));
        assert_eq!(join(Some(vec![8, 9])), [8, 9, 5, 6]);
        assert_eq!(join(None), [5, 6]);
        let half = Augment {
            merge: 0.5,
            ..merge
        };
        let joined = (0..2000)
            .filter(|&seed| {
                let out = half.apply(&[5], |_| Some(vec![8]), |_| MASK, &mut random(seed));
                out.len() == 2
            })
            .count();
        assert!(joined.abs_diff(1000) < 5 * 23, "{joined}");
    }

    #[test]
    fn refuses_numbers_out_of_range_by_name() {
        type Change = fn(&mut Augment, f64);
        let fields: [(&str, Change, &[f64]); 6] = [
            ("chance", |a, v| a.chance = v, &[-0.1, 1.1]),
            ("merge", |a, v| a.merge = v, &[-0.1, 1.1]),
            ("repeats", |a, v| a.repeats = v, &[-0.1, 1.1]),
            ("truncate", |a, v| a.truncate = v, &[0.0, 1.1]),
            ("crop", |a, v| a.crop = v, &[0.0, 1.1]),
            ("mask", |a, v| a.mask = v, &[-0.1, 1.0]),
        ];
        for (name, set, bad) in fields {
            for &value in bad.iter().chain(&[f64::NAN]) {
                let mut augment = all();
                assert!(augment.check().is_ok());
                set(&mut augment, value);
                let message = augment.check().err().unwrap_or_default();
                assert!(message.contains(name), "{name} {value}: {message}");
            }
        }
    }
}
