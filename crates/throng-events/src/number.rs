//! Numbers and ids as people write them.

use std::borrow::Cow;

/// How a number's text marks its decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decimal {
    /// `1,234.56`
    Point,
    /// `1.234,56`: text that people wrote.
    Comma,
    /// As [`Decimal::Comma`] where there is a comma, but a lone point is decimal: numbers that a format typed.
    Typed,
}

/// A cell without the space around it; `None` if it holds nothing, or a word that exports write for nothing.
pub(crate) fn present(cell: &str) -> Option<&str> {
    match cell.trim() {
        "" | "NULL" | "null" | "NaN" | "nan" | "NA" | "N/A" | "<NA>" | "NaT" | "None" | "\\N" => {
            None
        }
        text => Some(text),
    }
}

/// An id; one that reads as `17850.0` is `17850`.
pub(crate) fn id(text: &str) -> &str {
    if let Some((whole, zeros)) = text.split_once('.') {
        let digits = whole.strip_prefix('-').unwrap_or(whole);
        if all_digits(digits) && !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') {
            return whole;
        }
    }
    text
}

pub(crate) fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A finite number; a currency sign and spaces around it are overlooked.
pub(crate) fn number(text: &str, decimal: Decimal) -> Option<f64> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || "$€£¥₹".contains(c));
    let plain: Cow<str> = match (text.contains(','), decimal) {
        // A comma alone may mark decimals or thousands: refused unless said.
        (true, Decimal::Point) => grouped(text, ',', Some('.'))?.into(),
        (true, Decimal::Comma | Decimal::Typed) => {
            let (whole, decimals) = text.rsplit_once(',')?;
            if !all_digits(decimals) {
                return None;
            }
            let whole = if whole.contains('.') {
                grouped(whole, '.', None)?
            } else {
                whole.to_owned()
            };
            format!("{whole}.{decimals}").into()
        }
        (false, Decimal::Comma) if text.contains('.') => match grouped(text, '.', None) {
            Some(whole) => whole.into(),
            None => text.into(),
        },
        _ => text.into(),
    };
    // Rust reads "inf" and "nan" too; a log's numbers have digits.
    let first = plain.bytes().find(|b| !matches!(b, b'+' | b'-'))?;
    if !(first.is_ascii_digit() || first == b'.') {
        return None;
    }
    plain.parse().ok().filter(|v: &f64| v.is_finite())
}

/// `text` without its thousands marks, if they part groups of three digits; decimals must follow if `point` is given.
fn grouped(text: &str, mark: char, point: Option<char>) -> Option<String> {
    let (whole, rest) = match point {
        Some(point) => text.split_at(text.find(point)?),
        None => (text, ""),
    };
    let mut groups = whole.split(mark);
    let head = groups.next()?;
    let digits = head.strip_prefix(['-', '+']).unwrap_or(head);
    if !all_digits(digits) || digits.len() > 3 {
        return None;
    }
    let mut out = head.to_owned();
    for group in groups {
        if group.len() != 3 || !all_digits(group) {
            return None;
        }
        out.push_str(group);
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_lose_an_empty_fraction_and_nothing_else() {
        for (text, expected) in [
            ("17850.0", "17850"),
            ("17850.000", "17850"),
            ("-7.0", "-7"),
            ("007.0", "007"),
            ("17850", "17850"),
            ("17850.5", "17850.5"),
            ("1.0.0", "1.0.0"),
            ("v1.0", "v1.0"),
            (".0", ".0"),
            ("5.", "5."),
        ] {
            assert_eq!(id(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers() {
        use Decimal::{Comma, Point, Typed};
        for (text, decimal, expected) in [
            ("2.55", Point, Some(2.55)),
            ("-12.0", Point, Some(-12.0)),
            ("1e3", Point, Some(1000.0)),
            (".5", Point, Some(0.5)),
            ("£2.55", Point, Some(2.55)),
            ("1,234.5", Point, Some(1234.5)),
            ("1,234,567.5", Point, Some(1_234_567.5)),
            ("1,23.5", Point, None),
            ("2,55", Point, None),
            ("1,234", Point, None),
            ("inf", Point, None),
            ("1e999", Point, None),
            ("abc", Point, None),
            ("", Point, None),
            ("-", Point, None),
            ("1 2", Point, None),
            ("2,55", Comma, Some(2.55)),
            ("2,55 €", Comma, Some(2.55)),
            ("1.234,56", Comma, Some(1234.56)),
            ("-1.234", Comma, Some(-1234.0)),
            ("1.5", Comma, Some(1.5)),
            ("6", Comma, Some(6.0)),
            ("1,2,3", Comma, None),
            ("12.34,5", Comma, None),
            ("1.234", Typed, Some(1.234)),
            ("2,55", Typed, Some(2.55)),
        ] {
            assert_eq!(number(text, decimal), expected, "{text} {decimal:?}");
        }
    }

    #[test]
    fn words_for_nothing() {
        for cell in ["", "  ", "NULL", " NaN ", "\\N", "\u{a0}"] {
            assert_eq!(present(cell), None, "{cell:?}");
        }
        assert_eq!(present(" 0 "), Some("0"));
        assert_eq!(present("Nan bread"), Some("Nan bread"));
    }
}
