//! What embedding takes of the heap, whatever the texts. Alone in its process, for its allocator.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::ops::ControlFlow;

use peak_alloc::PeakAlloc;
use throng_bert::{BertConfig, PretrainParams, TextEncoder, TokenSequence, pretrain};
use throng_compute::Compute;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const WIDTH: usize = 32;
const LENGTH: usize = 64;
const WORDS: usize = 40;

/// A small model of the words `w0` to `w39`.
fn encoder() -> TextEncoder {
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].map(String::from);
    let words = special
        .into_iter()
        .chain((0..WORDS).map(|i| format!("w{i}")));
    let vocabulary: Vec<String> = words.collect();
    let config = BertConfig::behaviour(vocabulary.len(), WIDTH, 1, 2, LENGTH);
    let sequence = TokenSequence {
        ids: vec![2, 5, 6, 3],
        segments: vec![0; 4],
    };
    let params = PretrainParams {
        tokens: 1,
        ..PretrainParams::default()
    };
    let go_on = &mut |_| ControlFlow::Continue(());
    let made = pretrain(
        &config,
        &vec![sequence; 20],
        &params,
        &Compute::cpu(),
        go_on,
    );
    let folder = tempfile::tempdir().unwrap();
    made.unwrap().0.save(folder.path()).unwrap();
    fs::write(folder.path().join("vocab.txt"), vocabulary.join("\n")).unwrap();
    TextEncoder::open(folder.path(), &Compute::cpu()).unwrap()
}

/// Texts of 1 to 150 words: more than the model takes, too.
fn texts(n: usize) -> Vec<String> {
    let word = |i: usize| format!("w{}", i * 7 % WORDS);
    let text = |i: usize| {
        let words: Vec<String> = (0..1 + i * 31 % 150).map(|j| word(i + j)).collect();
        words.join(" ")
    };
    (0..n).map(text).collect()
}

/// The most that the heap held beyond what it held before.
fn taken(encoder: &TextEncoder, texts: &[String]) -> usize {
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let go_on = &mut |_| ControlFlow::Continue(());
    let vectors = encoder.embed(texts, go_on).unwrap();
    let taken = HEAP.peak_usage() - before;
    assert_eq!(vectors.rows(), texts.len());
    taken
}

#[test]
fn embedding_takes_a_batch_beside_vectors_and_tokens() {
    let encoder = encoder();
    // More than are made tokens at once.
    let (few, many) = (texts(5_000), texts(20_000));
    taken(&encoder, &few[..100]);
    let (of_few, of_many) = (taken(&encoder, &few), taken(&encoder, &many));
    // A vector, the tokens with their segments, and where they are: a sequence's two vectors, its length, its places in
    // the order and in its batch.
    let each = 4 * WIDTH + 5 * LENGTH + 2 * size_of::<Vec<u32>>() + 3 * size_of::<usize>();
    let most = of_few + (many.len() - few.len()) * each;
    assert!(of_many <= most, "{of_few}, then {of_many} of {most}");

    // Of a text as long as a book the beginning is read.
    let long = |words: usize| vec!["w1 w2 w3 w4 ".repeat(words / 4)];
    let (of_page, of_book) = (
        taken(&encoder, &long(2_000)),
        taken(&encoder, &long(2_000_000)),
    );
    assert!(
        of_book <= of_page + of_page / 10,
        "{of_page}, then {of_book}"
    );
}
