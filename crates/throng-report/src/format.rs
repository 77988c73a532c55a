//! Figures, dates and texts as people read them.

/// What stands for a figure that does not exist.
pub(crate) const NONE: &str = "–";

/// Longest text of the log that is shown whole, in characters.
const LONGEST: usize = 160;

/// `1234567` as `1,234,567`.
pub(crate) fn count(n: u64) -> String {
    group(&n.to_string())
}

/// A figure with thousands separators, a true minus and `decimals` digits.
pub(crate) fn number(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let text = format!("{:.decimals$}", value.abs());
    let negative = value < 0.0 && text.contains(|c: char| ('1'..='9').contains(&c));
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let sign = if negative { "−" } else { "" };
    format!("{sign}{}{fraction}", group(whole))
}

/// A figure of any magnitude in about four digits.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 1000.0 => number(value, 0),
        size if size >= 10.0 => number(value, 1),
        _ => number(value, 3),
    }
}

/// A fraction as a percentage.
pub(crate) fn percent(fraction: f64) -> String {
    let percent = fraction * 100.0;
    if percent > 0.0 && percent < 0.1 {
        "<0.1%".to_owned()
    } else if percent > 99.9 && percent < 100.0 {
        ">99.9%".to_owned()
    } else if percent.is_finite() {
        format!("{}%", number(percent, 1))
    } else {
        NONE.to_owned()
    }
}

/// An odds ratio from its logarithm: `3.2×`.
pub(crate) fn times(log_odds: f64) -> String {
    let ratio = log_odds.exp();
    match ratio {
        _ if !ratio.is_finite() => NONE.to_owned(),
        _ if ratio >= 99.5 => format!("{}×", number(ratio, 0)),
        _ if ratio >= 0.95 => format!("{}×", number(ratio, 1)),
        _ if ratio >= 0.01 => format!("{}×", number(ratio, 2)),
        _ => "<0.01×".to_owned(),
    }
}

/// A figure of any magnitude in three decimals, or in as many as two digits need.
pub(crate) fn figure(value: f64) -> String {
    match value.abs() {
        size if size >= 10.0 => short(value),
        size if size < 1e-6 && size > 0.0 => {
            let exponent = size.log10().floor() as i32;
            format!(
                "{} × {}",
                number(value / 10_f64.powi(exponent), 1),
                power(exponent)
            )
        }
        size if size < 0.0095 && size > 0.0 => number(value, 1 + (-size.log10()).ceil() as usize),
        _ => number(value, 3),
    }
}

/// A power of ten: `10⁻⁵`.
pub(crate) fn power(exponent: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digits = exponent.to_string();
    let raised = digits.chars().map(|c| match c.to_digit(10) {
        Some(digit) => DIGITS[digit as usize],
        None => '⁻',
    });
    std::iter::once("10")
        .flat_map(str::chars)
        .chain(raised)
        .collect()
}

/// A time span in seconds as people say it.
pub(crate) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return NONE.to_owned();
    }
    if seconds < 59.95 {
        return format!("{} s", number(seconds, if seconds < 10.0 { 1 } else { 0 }));
    }
    let (minutes, rest) = (seconds.round() as u64 / 60, seconds.round() as u64 % 60);
    match minutes / 60 {
        0 => format!("{minutes} min {rest} s"),
        hours => format!("{} h {} min", count(hours), minutes % 60),
    }
}

/// `n` and the word that fits it.
pub(crate) fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// `2010-12-01…` as `1 Dec 2010`; what is no date stays as it is.
pub(crate) fn date(iso: &str) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    match parse_date(iso) {
        Some((year, month, day)) => format!("{day} {} {year}", MONTHS[month as usize - 1]),
        None if iso.is_empty() => NONE.to_owned(),
        None => clean(iso),
    }
}

/// Days from one ISO date to another, both counted.
pub(crate) fn days(first: &str, last: &str) -> Option<u64> {
    let span = day_number(parse_date(last)?) - day_number(parse_date(first)?);
    u64::try_from(span + 1).ok().filter(|&days| days > 0)
}

fn parse_date(iso: &str) -> Option<(i64, i64, i64)> {
    let date = iso.get(..10)?;
    let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some((year, month, day))
}

/// Days since 1 March of year 0 in the Gregorian calendar, the year starting in March so that leap days come last.
fn day_number((year, month, day): (i64, i64, i64)) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
}

/// A text of the log on one line: control characters become spaces, and a very long text ends in an ellipsis.
pub(crate) fn clean(text: &str) -> String {
    let mut characters = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut line: String = characters.by_ref().take(LONGEST).collect();
    if characters.next().is_some() {
        line.push('…');
    }
    let line = line.trim();
    if line.is_empty() {
        NONE.to_owned()
    } else {
        line.to_owned()
    }
}

/// A text of the program's own, whole and on one line.
pub(crate) fn paragraph(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The text with a capital first letter.
pub(crate) fn capital(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// The sentence with a full stop, unless it has its own end.
pub(crate) fn sentence(text: &str) -> String {
    let text = capital(text.trim());
    if text.is_empty() || text.ends_with(['.', '!', '?', '…']) {
        text
    } else {
        text + "."
    }
}

fn group(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (541_909, "541,909"),
        ];
        for (n, text) in cases {
            assert_eq!(count(n), text);
        }
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(number(-1234.567, 2), "−1,234.57");
        assert_eq!(number(-0.001, 2), "0.00");
        assert_eq!(number(999.96, 1), "1,000.0");
    }

    #[test]
    fn what_is_not_finite_is_a_dash() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(number(value, 3), "–");
            assert_eq!(short(value), "–");
            assert_eq!(percent(value), "–");
        }
        assert_eq!(times(f64::NAN), "–");
        assert_eq!(times(f64::INFINITY), "–");
    }

    #[test]
    fn small_figures_keep_two_digits() {
        let cases = [
            (0.8734, "0.873"),
            (-0.25, "−0.250"),
            (0.0, "0.000"),
            (0.00412, "0.0041"),
            (0.000_123, "0.00012"),
            (2.34e-9, "2.3 × 10⁻⁹"),
            (1.0, "1.000"),
            (123.456, "123.5"),
            (12_345.6, "12,346"),
            (f64::NAN, "–"),
        ];
        for (value, text) in cases {
            assert_eq!(figure(value), text);
        }
        assert_eq!(
            (power(0), power(-12), power(34)),
            ("10⁰".into(), "10⁻¹²".into(), "10³⁴".into())
        );
    }

    #[test]
    fn time_spans_are_in_two_units_at_most() {
        let cases = [
            (0.04, "0.0 s"),
            (4.21, "4.2 s"),
            (59.6, "60 s"),
            (134.4, "2 min 14 s"),
            (3_599.7, "1 h 0 min"),
            (7_380.0, "2 h 3 min"),
            (f64::NAN, "–"),
            (-1.0, "–"),
        ];
        for (seconds, text) in cases {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn percentages_never_round_to_nothing_or_all() {
        assert_eq!(percent(0.0), "0.0%");
        assert_eq!(percent(0.0004), "<0.1%");
        assert_eq!(percent(0.3456), "34.6%");
        assert_eq!(percent(0.9996), ">99.9%");
        assert_eq!(percent(1.0), "100.0%");
    }

    #[test]
    fn odds_read_as_multiples() {
        assert_eq!(times(0.0), "1.0×");
        assert_eq!(times(3.2_f64.ln()), "3.2×");
        assert_eq!(times(0.25_f64.ln()), "0.25×");
        assert_eq!(times(-9.0), "<0.01×");
        assert_eq!(times(250_f64.ln()), "250×");
    }

    #[test]
    fn dates_are_readable_and_counted() {
        assert_eq!(date("2010-12-01"), "1 Dec 2010");
        assert_eq!(date("2011-12-09T12:50:00Z"), "9 Dec 2011");
        assert_eq!(date("2011-13-09"), "2011-13-09");
        assert_eq!(date("ünknown day"), "ünknown day");
        assert_eq!(date(""), "–");
        // By Python: (date(2011, 12, 9) - date(2010, 12, 1)).days + 1, and over the leap day of 2000.
        assert_eq!(days("2010-12-01", "2011-12-09"), Some(374));
        assert_eq!(days("2000-02-28", "2000-03-01"), Some(3));
        assert_eq!(days("1900-02-28", "1900-03-01"), Some(2));
        assert_eq!(days("2011-12-09", "2010-12-01"), None);
    }

    #[test]
    fn texts_fit_on_a_line() {
        assert_eq!(clean("a\u{0}b\nc"), "a b c");
        assert_eq!(clean(" \t"), "–");
        assert_eq!(clean(&"ä".repeat(160)), "ä".repeat(160));
        assert_eq!(clean(&"ä".repeat(161)), "ä".repeat(160) + "…");
        assert_eq!(sentence("we kept all of it"), "We kept all of it.");
        assert_eq!(sentence("Really?"), "Really?");
        assert_eq!(paragraph(&"word\n ".repeat(100)).len(), 499);
    }
}
