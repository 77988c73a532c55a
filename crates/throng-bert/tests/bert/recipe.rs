//! Weights and batch of the golden model, as tests/golden/bert.py draws them.

use throng_bert::{BertConfig, TokenSequence};

use crate::golden::Golden;
use crate::safetensors::Tensors;

/// FNV-1a (Fowler, Noll and Vo) of a name, then MurmurHash3's last step (Appleby) on it and a counter.
pub fn hash32(name: &str, i: usize) -> u32 {
    let h = name.bytes().fold(0x811C_9DC5_u32, |h, byte| {
        (h ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let h = h.wrapping_add((i as u32).wrapping_mul(0x9E37_79B9));
    let h = (h ^ (h >> 16)).wrapping_mul(0x85EB_CA6B);
    let h = (h ^ (h >> 13)).wrapping_mul(0xC2B2_AE35);
    h ^ (h >> 16)
}

/// Multiples of 2^-bits in [-0.5, 0.5), 1 more for the weights of norms.
pub fn weights(name: &str, n: usize, bits: u32) -> Vec<f32> {
    let one = if name.ends_with("LayerNorm.weight") {
        65_536
    } else {
        0
    };
    (0..n)
        .map(|i| (hash32(name, i) >> (32 - bits) << (16 - bits)) as i32)
        .map(|value| (value - 32_768 + one) as f32 / 65_536.0)
        .collect()
}

/// The golden model's tensors under Hugging Face's names, without the second names of tied ones.
pub fn tensors(golden: &Golden) -> Tensors {
    golden
        .tensors
        .iter()
        .filter(|(name, _)| !golden.tied.contains(name))
        .map(|(name, shape)| {
            let values = weights(name, shape.iter().product(), 16);
            (name.clone(), (shape.clone(), values))
        })
        .collect()
}

/// The golden batch.
pub fn sequences(golden: &Golden) -> Vec<TokenSequence> {
    sequences_of(&golden.config, &golden.lengths)
}

/// Sequences of these lengths.
pub fn sequences_of(config: &BertConfig, lengths: &[usize]) -> Vec<TokenSequence> {
    let columns = lengths.iter().copied().max().unwrap();
    let words = config.vocab_size as u32 - 1;
    let types = config.type_vocab_size as u32;
    let row = |(row, &length): (usize, &usize)| {
        let places = row * columns..row * columns + length;
        TokenSequence {
            ids: places
                .clone()
                .map(|i| 1 + hash32("ids", i) % words)
                .collect(),
            segments: places
                .map(|i| (hash32("segments", i) % types) as u8)
                .collect(),
        }
    };
    lengths.iter().enumerate().map(row).collect()
}
