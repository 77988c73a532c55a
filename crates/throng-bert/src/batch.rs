//! Sequences of unequal length as rectangular batches.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use crate::{BertConfig, BertError};

/// A sequence as the model takes it, special tokens included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenSequence {
    /// Token ids, each below `vocab_size`.
    pub ids: Vec<u32>,
    /// Segment of each token, each below `type_vocab_size`.
    pub segments: Vec<u8>,
}

/// A batch on a device.
pub(crate) struct Batch {
    pub ids: Tensor<2, Int>,
    pub segments: Tensor<2, Int>,
    /// True where there is no token.
    pub padding: Tensor<2, Bool>,
    /// Tokens of each row.
    pub lengths: Tensor<1, Int>,
}

impl Batch {
    /// The given rows of some sequences, padded to the longest of them.
    pub fn of_rows(sequences: &[TokenSequence], rows: &[usize], pad: u32, device: &Device) -> Self {
        let picked: Vec<TokenSequence> = rows.iter().map(|&row| sequences[row].clone()).collect();
        let length = picked.iter().map(|s| s.ids.len()).max().unwrap_or(0);
        Self::new(&picked, length, pad, device)
    }

    /// Pads `rows` to `length` with `pad`.
    pub fn new(rows: &[TokenSequence], length: usize, pad: u32, device: &Device) -> Self {
        let n = rows.len();
        let mut ids = vec![pad as i32; n * length];
        let mut segments = vec![0i32; n * length];
        let mut padding = vec![true; n * length];
        for (r, row) in rows.iter().enumerate() {
            for (c, (&id, &segment)) in row.ids.iter().zip(&row.segments).enumerate() {
                ids[r * length + c] = id as i32;
                segments[r * length + c] = i32::from(segment);
                padding[r * length + c] = false;
            }
        }
        let shape = [n, length];
        let lengths: Vec<i32> = rows.iter().map(|row| row.ids.len() as i32).collect();
        Self {
            ids: Tensor::from_data(TensorData::new(ids, shape), device),
            segments: Tensor::from_data(TensorData::new(segments, shape), device),
            padding: Tensor::from_data(TensorData::new(padding, shape), device),
            lengths: Tensor::from_data(TensorData::new(lengths, [n]), device),
        }
    }
}

/// Refuses what the model cannot take.
pub(crate) fn check(sequences: &[TokenSequence], config: &BertConfig) -> Result<(), BertError> {
    for (i, s) in sequences.iter().enumerate() {
        let problem = if s.ids.is_empty() {
            "it has no token".to_owned()
        } else if s.ids.len() != s.segments.len() {
            format!("{} tokens but {} segments", s.ids.len(), s.segments.len())
        } else if s.ids.len() > config.max_position_embeddings {
            format!(
                "{} tokens, the model takes at most {}",
                s.ids.len(),
                config.max_position_embeddings
            )
        } else if let Some(id) = s.ids.iter().find(|&&id| id as usize >= config.vocab_size) {
            format!(
                "token {id} is not in the vocabulary of {}",
                config.vocab_size
            )
        } else if let Some(t) = s
            .segments
            .iter()
            .find(|&&t| usize::from(t) >= config.type_vocab_size)
        {
            format!("segment {t}, the model has {}", config.type_vocab_size)
        } else {
            continue;
        };
        return Err(BertError::Sequence {
            sequence: i,
            problem,
        });
    }
    Ok(())
}

/// Groups sequences of like length into batches of at most `budget` tokens, padding counted; among equals the given
/// order stands.
pub(crate) fn by_length(
    mut order: Vec<usize>,
    lengths: &[usize],
    budget: usize,
) -> Vec<Vec<usize>> {
    order.sort_by_key(|&i| lengths[i]);
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for i in order {
        match batches.last_mut() {
            Some(batch) if (batch.len() + 1) * lengths[i] <= budget => batch.push(i),
            _ => batches.push(vec![i]),
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_keep_the_budget_and_every_sequence() {
        let lengths = [5, 1, 128, 64, 64, 3, 200, 1];
        let batches = by_length((0..lengths.len()).collect(), &lengths, 128);
        let mut seen: Vec<usize> = batches.iter().flatten().copied().collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..lengths.len()).collect::<Vec<_>>());
        for batch in &batches {
            let longest = batch.iter().map(|&i| lengths[i]).max().unwrap_or(0);
            assert!(batch.len() == 1 || batch.len() * longest <= 128);
        }
    }

    #[test]
    fn refuses_what_the_model_cannot_take() {
        let config = BertConfig::behaviour(10, 8, 1, 2, 4);
        let ok = TokenSequence {
            ids: vec![2, 9, 3],
            segments: vec![0, 1, 0],
        };
        assert!(check(std::slice::from_ref(&ok), &config).is_ok());
        for bad in [
            TokenSequence::default(),
            TokenSequence {
                ids: vec![10],
                segments: vec![0],
            },
            TokenSequence {
                ids: vec![1],
                segments: vec![2],
            },
            TokenSequence {
                ids: vec![1, 1],
                segments: vec![0],
            },
            TokenSequence {
                ids: vec![1; 5],
                segments: vec![0; 5],
            },
        ] {
            let error = check(&[ok.clone(), bad], &config);
            assert!(matches!(
                error,
                Err(BertError::Sequence { sequence: 1, .. })
            ));
        }
    }
}
