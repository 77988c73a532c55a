//! The beginning of a long text that holds all its tokens that are kept.

use tokenizers::{NormalizerWrapper, PreTokenizerWrapper};

/// Bytes of a text that are read at first for each token that is kept: many times what words take.
const BYTES: usize = 64;

/// How much of a text is read before it is cut to `max_length` tokens.
pub fn first_bytes(max_length: usize) -> usize {
    max_length.saturating_mul(BYTES)
}

/// Whether the tokens of a text's words are the same whatever comes after a space, so that a beginning of the text has
/// the beginning of its tokens. BERT's own tokenizers see words alone; others may look further.
pub fn may_cut(tokenizer: &tokenizers::Tokenizer) -> bool {
    let words = matches!(
        tokenizer.get_pre_tokenizer(),
        Some(
            PreTokenizerWrapper::BertPreTokenizer(_)
                | PreTokenizerWrapper::Whitespace(_)
                | PreTokenizerWrapper::WhitespaceSplit(_)
        )
    );
    let plain = matches!(
        tokenizer.get_normalizer(),
        None | Some(NormalizerWrapper::BertNormalizer(_) | NormalizerWrapper::Lowercase(_))
    );
    let added = tokenizer.get_added_tokens_decoder();
    let are_words = added
        .values()
        .all(|token| !token.content.contains(is_space));
    words && plain && are_words
}

/// The beginning of `text` of about `most` bytes, up to a space: at most so many, or the first word where it is longer.
pub fn head(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let (begin, rest) = text.as_bytes().split_at(most);
    let is_space = |&byte: &u8| is_space(byte.into());
    // A space is no part of another character.
    match begin.iter().rposition(is_space) {
        Some(end) => &text[..end],
        None => match rest.iter().position(is_space) {
            Some(end) => &text[..most + end],
            None => text,
        },
    }
}

/// Whether a character parts words for certain. Others of Unicode's are control characters to BERT, which it drops.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_before_a_space() {
        for (text, most, expected) in [
            ("", 0, ""),
            ("one two", 7, "one two"),
            ("one two", 6, "one"),
            ("one two", 4, "one"),
            ("one two", 3, "one"),
            ("one two", 0, "one"),
            ("one", 2, "one"),
            // In the middle of a character of three bytes.
            ("中文 字", 4, "中文"),
            ("a\n\nb", 3, "a\n"),
        ] {
            assert_eq!(head(text, most), expected, "{text:?}, {most}");
        }
    }
}
