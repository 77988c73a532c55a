//! Fields of the tables that are written.

use throng::events::formula_safe;

/// A text as a CSV field: no formula, and quoted where it must be (RFC 4180).
pub fn field(text: &str) -> String {
    let safe = formula_safe(text);
    if safe.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn ids_are_safe_in_a_table() {
        assert_eq!(field("u1"), "u1");
        assert_eq!(field("a,b"), "\"a,b\"");
        assert_eq!(field("say \"hi\""), "\"say \"\"hi\"\"\"");
        assert_eq!(field("=cmd()"), "'=cmd()");
    }
}
