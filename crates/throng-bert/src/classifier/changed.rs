//! The sequences of a batch, changed at random.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::Targets;
use crate::{Augment, BertError, Partners, TokenSequence};

/// What changes sequences of one training.
pub(super) struct Changes {
    augment: Augment,
    /// Which may be joined; without classes none.
    partners: Option<Partners>,
    mask_token: Option<u32>,
    /// The most tokens of a sequence.
    most: usize,
    seed: u64,
}

/// The first and the last token of a sequence, which stay where they are.
const SPECIAL: usize = 2;

impl Changes {
    pub fn new(
        augment: Augment,
        mask_token: Option<u32>,
        sequences: &[TokenSequence],
        targets: &Targets,
        seed: u64,
    ) -> Result<Self, BertError> {
        augment.check().map_err(BertError::Config)?;
        if augment.mask > 0.0 && mask_token.is_none() {
            return Err(BertError::Config(
                "augment: there is no mask token to hide others with".to_owned(),
            ));
        }
        let lengths: Vec<usize> = sequences.iter().map(|s| s.ids.len()).collect();
        let partners = match targets {
            Targets::Classes(classes) => {
                let inner: Vec<usize> = lengths.iter().map(|n| n.saturating_sub(SPECIAL)).collect();
                Some(Partners::new(classes, &inner))
            }
            Targets::Values { .. } => None,
        };
        Ok(Self {
            augment,
            partners,
            mask_token,
            most: lengths.into_iter().max().unwrap_or(0),
            seed,
        })
    }

    /// Rows of a batch, changed as the seed and the batch's number say.
    pub fn of(
        &self,
        sequences: &[TokenSequence],
        rows: &[usize],
        batch: u64,
    ) -> Vec<TokenSequence> {
        if self.augment.is_off() {
            return rows.iter().map(|&row| sequences[row].clone()).collect();
        }
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(batch);
        rows.iter()
            .map(|&row| self.one(sequences, row, &mut random))
            .collect()
    }

    fn one(
        &self,
        sequences: &[TokenSequence],
        row: usize,
        random: &mut ChaCha8Rng,
    ) -> TokenSequence {
        let whole = tokens(&sequences[row]);
        let [first, inner @ .., last] = &whole[..] else {
            return sequences[row].clone();
        };
        let partner = |random: &mut ChaCha8Rng| {
            let most = self.most.saturating_sub(SPECIAL);
            let other = self.partners.as_ref()?.draw(row, most, random)?;
            let other = tokens(&sequences[other]);
            other.get(1..other.len() - 1).map(<[_]>::to_vec)
        };
        let hide = |(id, segment)| (self.mask_token.unwrap_or(id), segment);
        let changed = self.augment.apply(inner, partner, hide, random);
        let all = [first].into_iter().chain(&changed).chain([last]);
        let (ids, segments) = all.copied().unzip();
        TokenSequence { ids, segments }
    }
}

fn tokens(sequence: &TokenSequence) -> Vec<(u32, u8)> {
    let ids = sequence.ids.iter().copied();
    ids.zip(sequence.segments.iter().copied()).collect()
}
