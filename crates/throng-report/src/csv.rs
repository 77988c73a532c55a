//! Text from the log in CSV files.

/// First characters that make a spreadsheet read a cell as a formula (OWASP, "CSV Injection"), full-width forms included.
const FORMULA_STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// `text` as a cell that no spreadsheet runs as a formula: a leading `=`, `+`, `-`, `@`, tab or line break (or a
/// full-width form) is preceded by an apostrophe; any other text is unchanged.
///
/// Quoting commas and quotes is the CSV writer's work. Numbers that the program itself writes need no guard.
///
/// ```
/// assert_eq!(throng_report::csv_field("=cmd()"), "'=cmd()");
/// assert_eq!(throng_report::csv_field("white mug"), "white mug");
/// ```
pub fn csv_field(text: &str) -> String {
    if text.starts_with(FORMULA_STARTS) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::csv_field;

    #[test]
    fn formula_starts_are_guarded() {
        for text in [
            "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1",
        ] {
            assert_eq!(csv_field(text), format!("'{text}"));
        }
    }

    #[test]
    fn other_text_is_unchanged() {
        for text in ["", "17850", "a=b", "'quoted", " - ", "mug, white", "Ärmel"] {
            assert_eq!(csv_field(text), text);
        }
    }
}
