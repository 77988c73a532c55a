//! Text as the tokens of a pretrained model.

use std::borrow::Cow;
use std::path::Path;

use serde::Deserialize;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::{AddedToken, Encoding, TruncationParams};

use crate::files::{file, read, read_json, unwritten, write, write_json};
use crate::head::{first_bytes, head, may_cut};
use crate::{BertError, TokenSequence};

/// Bytes of texts that are encoded at once, or one text.
const PIECE: usize = 1 << 20;

/// Special tokens of a single text, at least: `[CLS]` and `[SEP]`. A text needs one token more.
const LEAST_LENGTH: usize = 3;

/// A Hugging Face tokenizer, which gives the ids that its Python twin gives.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    tokenizer: tokenizers::Tokenizer,
    max_length: usize,
    /// Whether a text's beginning has the beginning of its tokens.
    may_cut: bool,
}

/// The part of `tokenizer_config.json` that `vocab.txt` leaves open, with the defaults of transformers.
#[derive(Deserialize)]
#[serde(default)]
struct VocabularyConfig {
    do_lower_case: bool,
    strip_accents: Option<bool>,
    tokenize_chinese_chars: bool,
}

impl Default for VocabularyConfig {
    fn default() -> Self {
        Self {
            do_lower_case: true,
            strip_accents: None,
            tokenize_chinese_chars: true,
        }
    }
}

impl Tokenizer {
    /// Opens the `tokenizer.json` of a folder, else its `vocab.txt` (WordPiece, Wu et al. 2016,
    /// <https://arxiv.org/abs/1609.08144>) with its `tokenizer_config.json`, if there is one. Texts are cut to
    /// `max_length` tokens, special ones among them: their beginning stays.
    ///
    /// # Errors
    /// If neither file is there, or it is broken, or `max_length` is below 3.
    pub fn open(folder: &Path, max_length: usize) -> Result<Self, BertError> {
        if max_length < LEAST_LENGTH {
            return Err(too_short(max_length));
        }
        let whole = folder.join("tokenizer.json");
        let (path, tokenizer) = if whole.exists() {
            let tokenizer = tokenizers::Tokenizer::from_bytes(read(&whole)?)
                .map_err(|e| file(&whole, e.to_string()))?;
            (whole, tokenizer)
        } else {
            let path = folder.join("vocab.txt");
            if !path.exists() {
                let problem = "neither tokenizer.json nor vocab.txt is there".to_owned();
                return Err(file(folder, problem));
            }
            let tokenizer = of_vocabulary(&path, &folder.join("tokenizer_config.json"))?;
            (path, tokenizer)
        };
        Self::new(tokenizer, max_length).map_err(|problem| file(&path, problem))
    }

    /// The same tokenizer for texts of at most so many tokens.
    ///
    /// # Errors
    /// If that is below 3, or there is no room beside the special tokens.
    pub fn with_max_length(self, max_length: usize) -> Result<Self, BertError> {
        if max_length < LEAST_LENGTH {
            return Err(too_short(max_length));
        }
        Self::new(self.tokenizer, max_length).map_err(BertError::Config)
    }

    fn new(mut tokenizer: tokenizers::Tokenizer, max_length: usize) -> Result<Self, String> {
        // The model's own batches pad.
        tokenizer.with_padding(None);
        let special = tokenizer.encode_fast("", true).map_err(|e| e.to_string())?;
        let special = special.get_ids().len();
        if special >= max_length {
            return Err(format!(
                "it adds {special} tokens to every text, and {max_length} are allowed"
            ));
        }
        let truncation = TruncationParams {
            max_length,
            ..TruncationParams::default()
        };
        tokenizer
            .with_truncation(Some(truncation))
            .map_err(|e| e.to_string())?;
        Ok(Self {
            may_cut: may_cut(&tokenizer),
            tokenizer,
            max_length,
        })
    }

    /// The id of a token, if there is such a one.
    #[must_use]
    pub fn token_id(&self, token: &str) -> Option<u32> {
        self.tokenizer.token_to_id(token)
    }

    /// Writes `tokenizer.json`, and a `tokenizer_config.json` with which transformers opens it, into `folder`.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), BertError> {
        let path = folder.join("tokenizer.json");
        let text = self.tokenizer.to_string(true);
        write(&path, text.map_err(|e| unwritten(&path, e))?.as_bytes())?;
        let is_there = |token: &&str| self.tokenizer.token_to_id(token).is_some();
        let special = |token: &'static str| Some(token).filter(is_there);
        let config = serde_json::json!({
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": self.max_length,
            "pad_token": special("[PAD]"),
            "unk_token": special("[UNK]"),
            "cls_token": special("[CLS]"),
            "sep_token": special("[SEP]"),
            "mask_token": special("[MASK]"),
        });
        write_json(&folder.join("tokenizer_config.json"), &config)
    }

    /// The most tokens of a text, special ones among them.
    #[must_use]
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// The tokens of each text, in order, on all threads. Beside the texts and their tokens that takes memory for a piece
    /// of the texts only, and of a text for what its tokens are in: a long one is not read to its end, unless it has few
    /// words or the tokenizer is none of BERT's.
    ///
    /// # Errors
    /// [`BertError::Sequence`] if a text has none, or the tokenizer fails.
    pub fn encode<S: AsRef<str>>(&self, texts: &[S]) -> Result<Vec<TokenSequence>, BertError> {
        self.encode_as(texts, |text| Cow::Borrowed(text))
    }

    /// The tokens of each text as `told`, which puts something before it or changes the words.
    pub(crate) fn encode_as<S: AsRef<str>>(
        &self,
        texts: &[S],
        told: impl for<'s> Fn(&'s str) -> Cow<'s, str>,
    ) -> Result<Vec<TokenSequence>, BertError> {
        let first = match self.may_cut {
            true => first_bytes(self.max_length),
            false => usize::MAX,
        };
        let mut sequences = Vec::with_capacity(texts.len());
        let mut rest = texts;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(piece(rest, first));
            let heads = piece.iter().map(|text| told(head(text.as_ref(), first)));
            let encoded = self.tokenizer.encode_batch_fast(heads.collect(), true);
            for (text, encoding) in piece.iter().zip(encoded.map_err(failed)?) {
                let encoding = self.continued(text.as_ref(), first, encoding, &told)?;
                sequences.push(sequence(&encoding, sequences.len())?);
            }
            rest = after;
        }
        Ok(sequences)
    }

    /// The encoding of a text's head of `bytes` bytes, or of a longer one, if that one has not all tokens that are kept.
    fn continued<'s>(
        &self,
        text: &'s str,
        mut bytes: usize,
        mut encoding: Encoding,
        told: impl Fn(&'s str) -> Cow<'s, str>,
    ) -> Result<Encoding, BertError> {
        while head(text, bytes).len() < text.len() && encoding.get_overflowing().is_empty() {
            bytes *= 2;
            let head = told(head(text, bytes));
            encoding = self.tokenizer.encode_fast(head, true).map_err(failed)?;
        }
        Ok(encoding)
    }
}

fn failed(error: tokenizers::Error) -> BertError {
    BertError::Config(format!("tokenizer: {error}"))
}

/// What the model takes of text `index`'s encoding.
fn sequence(encoding: &Encoding, index: usize) -> Result<TokenSequence, BertError> {
    let segments = encoding.get_type_ids().iter().map(|&t| u8::try_from(t));
    let segments = segments.collect::<Result<Vec<_>, _>>();
    Ok(TokenSequence {
        ids: encoding.get_ids().to_vec(),
        segments: segments.map_err(|_| BertError::Sequence {
            sequence: index,
            problem: "a segment above 255".to_owned(),
        })?,
    })
}

/// The most tokens of a text as Python's tokenizer of a folder cuts it: `model_max_length` of `tokenizer_config.json`, at most
/// `most`. Where none was set, transformers writes a huge number.
pub(crate) fn own_length(folder: &Path, most: usize) -> Result<usize, BertError> {
    #[derive(Deserialize)]
    struct Length {
        model_max_length: Option<f64>,
    }
    let path = folder.join("tokenizer_config.json");
    let length: Length = match path.exists() {
        true => read_json(&path)?,
        false => return Ok(most),
    };
    let length = length.model_max_length.unwrap_or(f64::INFINITY);
    Ok(length.min(most as f64).max(0.0) as usize)
}

/// How many texts are encoded at once, of each at most `most` bytes: an encoding takes some hundred bytes a character until
/// it is cut.
fn piece<S: AsRef<str>>(texts: &[S], most: usize) -> usize {
    let mut bytes = 0;
    let fits = |text: &&S| {
        bytes += text.as_ref().len().min(most);
        bytes <= PIECE
    };
    texts.iter().take_while(fits).count().max(1)
}

fn too_short(max_length: usize) -> BertError {
    BertError::Config(format!(
        "a length of {max_length} tokens, the least is {LEAST_LENGTH}"
    ))
}

/// BERT's tokenizer of a `vocab.txt`, a token a line.
fn of_vocabulary(path: &Path, config: &Path) -> Result<tokenizers::Tokenizer, BertError> {
    let config: VocabularyConfig = match config.exists() {
        true => read_json(config)?,
        false => VocabularyConfig::default(),
    };
    let vocabulary = WordPiece::read_bytes(&read(path)?);
    let model = vocabulary.and_then(|vocabulary| WordPiece::builder().vocab(vocabulary).build());
    let model = model.map_err(|e| file(path, e.to_string()))?;
    let mut tokenizer = tokenizers::Tokenizer::new(model);
    let id = |token: &str| {
        let id = tokenizer.token_to_id(token);
        id.ok_or_else(|| file(path, format!("there is no token {token}")))
    };
    let (cls, sep) = (id("[CLS]")?, id("[SEP]")?);
    id("[UNK]")?;
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
    let special: Vec<_> = special
        .into_iter()
        .filter(|token| tokenizer.token_to_id(token).is_some())
        .map(|token| AddedToken::from(token, true))
        .collect();
    tokenizer
        .with_normalizer(Some(BertNormalizer::new(
            true,
            config.tokenize_chinese_chars,
            config.strip_accents,
            config.do_lower_case,
        )))
        .with_pre_tokenizer(Some(BertPreTokenizer))
        .with_post_processor(Some(BertProcessing::new(
            ("[SEP]".to_owned(), sep),
            ("[CLS]".to_owned(), cls),
        )))
        .add_special_tokens(&special);
    Ok(tokenizer)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_length_is_the_folders_or_the_models() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(own_length(folder.path(), 512).unwrap(), 512);
        for (text, length) in [
            (r#"{"model_max_length": 40}"#, 40),
            (
                r#"{"model_max_length": 1000000000000000019884624838656}"#,
                512,
            ),
            (r#"{"do_lower_case": true}"#, 512),
        ] {
            std::fs::write(folder.path().join("tokenizer_config.json"), text).unwrap();
            assert_eq!(own_length(folder.path(), 512).unwrap(), length, "{text}");
        }
    }

    /// Words of all kinds, and what is nearly a space.
    fn drawn(seed: u32) -> String {
        const PARTS: [&str; 16] = [
            "a", "bc", "中", "Σ", "é", "e\u{301}", "\u{301}", ".", "[SEP]", "\u{0}", "\u{85}",
            "\u{3000}", "😀", " ", "\n", "  \t ",
        ];
        let mut state = seed.wrapping_mul(0x9E37_79B9) | 1;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as usize
        };
        // Some have few spaces, some hardly anything else.
        let (parts, first) = (100 + next() % 900, next() % 13);
        let part = |_| match seed % 3 {
            0 => PARTS[next() % 16],
            1 => PARTS[first + next() % (16 - first)],
            _ if next() % 99 == 0 => "\n",
            _ => PARTS[next() % 11],
        };
        (0..parts).map(part).collect()
    }

    #[test]
    fn a_text_that_is_not_read_to_its_end_has_the_same_tokens() {
        let folder = tempfile::tempdir().unwrap();
        let vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n##a\n##b\n##c\n中\nσ\n##σ\n##ς\nς\ne\n##e\n.\n😀";
        std::fs::write(folder.path().join("vocab.txt"), vocabulary).unwrap();
        let texts: Vec<String> = (0..600).map(drawn).collect();
        let mut cut = 0;
        for length in [3, 5, 12] {
            let short = Tokenizer::open(folder.path(), length).unwrap();
            assert!(short.may_cut);
            let mut whole = short.clone();
            whole.may_cut = false;
            let tokens = short.encode(&texts).unwrap();
            assert_eq!(tokens, whole.encode(&texts).unwrap());
            let lowered = |text: &str| format!("b a {text}").to_lowercase();
            let told: Vec<String> = texts.iter().map(|text| lowered(text)).collect();
            let tokens = short.encode_as(&texts, |text| Cow::Owned(lowered(text)));
            assert_eq!(tokens.unwrap(), whole.encode(&told).unwrap());
            let is_cut = |text: &&String| head(text, first_bytes(length)).len() < text.len();
            cut += texts.iter().filter(is_cut).count();
        }
        assert!(cut > 900, "{cut}");
    }

    #[test]
    fn a_piece_is_a_mebibyte_or_one_text() {
        let (long, half) = ("x".repeat(2 * PIECE), "x".repeat(PIECE / 2));
        assert_eq!(piece(&[&long, "y"], usize::MAX), 1);
        assert_eq!(piece(&["y", &long], usize::MAX), 1);
        assert_eq!(piece(&["y", &long], PIECE - 1), 2);
        assert_eq!(piece(&[&half, &half, "y"], usize::MAX), 2);
        assert_eq!(piece(&["y"; 3], usize::MAX), 3);
    }
}
