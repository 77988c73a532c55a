//! Pretraining on a language that is easy to learn.

use std::ops::ControlFlow;

use throng_bert::{
    BertConfig, BertError, Encoder, PretrainParams, PretrainReport, Step, TokenSequence, pretrain,
};
use throng_compute::Compute;

use crate::parity::embed;
use crate::software;

const CLS: u32 = 2;
const SEP: u32 = 3;
const SPECIAL: u32 = 5;
const WORDS: u32 = 40;

/// Sequence `i` repeats one pair of words. Each dialect pairs the first half of the words with the second half in its
/// own way, and an opening word tells the dialects apart.
fn sequences(n: usize) -> Vec<TokenSequence> {
    let half = WORDS / 2;
    (0..n as u32)
        .map(|i| {
            let (dialect, word) = (i % 2, (i / 2) % half);
            let pair = [SPECIAL + word, SPECIAL + half + (word + 7 * dialect) % half];
            let mut ids = vec![CLS, SPECIAL + WORDS + dialect];
            (0..4 + i % 3).for_each(|_| ids.extend(pair));
            ids.push(SEP);
            TokenSequence {
                segments: vec![0; ids.len()],
                ids,
            }
        })
        .collect()
}

fn config() -> BertConfig {
    BertConfig::behaviour((SPECIAL + WORDS + 2) as usize, 32, 1, 2, 16)
}

fn params(tokens: usize) -> PretrainParams {
    PretrainParams {
        tokens,
        batch_tokens: 512,
        learning_rate: 1e-2,
        held_out: 0.2,
        seed: 7,
        ..PretrainParams::default()
    }
}

/// Trains, and tells every step.
fn train(
    sequences: &[TokenSequence],
    params: &PretrainParams,
    compute: &Compute,
) -> (Encoder, PretrainReport, Vec<Step>) {
    let mut steps = Vec::new();
    let (encoder, report) = pretrain(&config(), sequences, params, compute, &mut |step| {
        steps.push(step);
        ControlFlow::Continue(())
    })
    .unwrap();
    (encoder, report, steps)
}

#[test]
fn the_pattern_is_learnt() {
    let (_, report, steps) = train(&sequences(400), &params(60_000), &Compute::cpu());
    let (held_out, frequency) = (
        report.held_out_loss.unwrap(),
        report.frequency_loss.unwrap(),
    );
    // Words are equally frequent: what frequencies tell is ln 40, less a little for the two opening words.
    assert!(
        (frequency - f64::from(WORDS).ln()).abs() < 0.3,
        "{report:?}"
    );
    assert!(held_out < 0.5 * frequency, "{report:?}");
    assert!(report.loss < 0.5 * frequency, "{report:?}");

    assert_eq!(steps.len(), report.steps);
    assert!(
        steps
            .iter()
            .enumerate()
            .all(|(i, step)| step.step == i + 1 && step.steps == report.steps)
    );
    assert!(steps.iter().map(|step| step.tokens).is_sorted());
    assert_eq!(steps.last().map(|step| step.tokens), Some(report.tokens));
    assert!((60_000..60_512).contains(&report.tokens), "{report:?}");
    // Before the first step the model knows nothing: ln of the vocabulary.
    assert!(
        (steps[0].loss - (config().vocab_size as f64).ln()).abs() < 0.2,
        "{:?}",
        steps[0]
    );
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let (first, report, steps) = train(&sequences(400), &params(5_000), &Compute::cpu());
    let (second, again, steps_again) = train(&sequences(400), &params(5_000), &Compute::cpu());
    assert_eq!((report, &steps), (again, &steps_again));
    let bits = |encoder| {
        embed(encoder, &sequences(40))
            .into_iter()
            .map(f32::to_bits)
            .collect::<Vec<_>>()
    };
    assert_eq!(bits(&first), bits(&second));

    let seed_8 = PretrainParams {
        seed: 8,
        ..params(5_000)
    };
    let (other, ..) = train(&sequences(400), &seed_8, &Compute::cpu());
    assert_ne!(bits(&first), bits(&other));
}

/// Weights and masks are drawn on the host, so a GPU's shaders must take the same steps, rounding aside. Every step has
/// the whole of the training sequences, as many as are held out: one shape for the adapter to prepare.
#[test]
fn the_software_adapter_takes_the_same_steps() {
    let equally_long: Vec<_> = sequences(120).into_iter().step_by(3).collect();
    let params = PretrainParams {
        held_out: 0.5,
        ..params(4 * 20 * equally_long[0].ids.len())
    };
    let (_, report, steps) = train(&equally_long, &params, &Compute::cpu());
    let (_, on_software, software_steps) = train(&equally_long, &params, &software());
    assert_eq!((steps.len(), software_steps.len()), (4, 4));
    for (cpu, software) in steps.iter().zip(&software_steps) {
        // AdamW divides by the root of small squares: f32's 1e-7 may grow tenfold a step.
        assert!(
            (cpu.loss - software.loss).abs() < 1e-4,
            "{cpu:?} {software:?}"
        );
    }
    let difference = report.held_out_loss.unwrap() - on_software.held_out_loss.unwrap();
    assert!(difference.abs() < 1e-4, "{report:?} {on_software:?}");
    assert_eq!(report.frequency_loss, on_software.frequency_loss);
    // The four steps must have changed more than that.
    assert!(
        (steps[0].loss - report.held_out_loss.unwrap()).abs() > 1e-2,
        "{report:?}"
    );
}

#[test]
fn training_stops_on_request() {
    let mut heard = 0;
    let result = pretrain(
        &config(),
        &sequences(100),
        &params(50_000),
        &Compute::cpu(),
        &mut |step| {
            heard = step.step;
            if step.step == 2 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        },
    );
    assert!(matches!(result, Err(BertError::Cancelled)));
    assert_eq!(heard, 2);
}

#[test]
fn what_cannot_be_learnt_is_refused() {
    let run = |sequences: &[TokenSequence], params: &PretrainParams| {
        pretrain(&config(), sequences, params, &Compute::cpu(), &mut |_| {
            ControlFlow::Continue(())
        })
        .map(|(_, report)| report)
    };
    let empty = TokenSequence {
        ids: vec![CLS, SEP],
        segments: vec![0; 2],
    };
    assert!(matches!(run(&[], &params(100)), Err(BertError::NoData(_))));
    assert!(matches!(
        run(&[empty], &params(100)),
        Err(BertError::NoData(_))
    ));
    let unknown = TokenSequence {
        ids: vec![CLS, 1_000],
        segments: vec![0; 2],
    };
    assert!(matches!(
        run(&[unknown], &params(100)),
        Err(BertError::Sequence { sequence: 0, .. })
    ));
    let diverging = PretrainParams {
        learning_rate: 1e30,
        ..params(20_000)
    };
    assert!(matches!(
        run(&sequences(100), &diverging),
        Err(BertError::LossNotFinite { .. })
    ));

    // One sequence is too few to hold any out.
    let report = run(&sequences(1), &params(100)).unwrap();
    assert_eq!((report.held_out_loss, report.frequency_loss), (None, None));
}
