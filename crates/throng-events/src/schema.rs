//! A file that says how a log is to be read.

use std::path::Path;

use crate::options::parse_utc_offset;
use crate::{CleanOptions, Columns, EventsError, ReadOptions};

/// What a schema file says; what it does not say stays as it is.
///
/// ```toml
/// [columns]
/// user = "CustomerID"
/// time = "InvoiceDate"
///
/// [format]
/// separator = ";"
/// decimal_comma = true
/// day_first = true
/// utc_offset = "+01:00"
///
/// [clean]
/// exclude_items = ["POST", "M"]
/// ```
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Schema {
    columns: Columns,
    format: FormatSection,
    clean: CleanSection,
}

#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FormatSection {
    separator: Option<char>,
    decimal_comma: Option<bool>,
    day_first: Option<bool>,
    month_first: Option<bool>,
    time_format: Option<String>,
    #[serde(deserialize_with = "utc_offset")]
    utc_offset: Option<i32>,
    max_field_bytes: Option<usize>,
}

#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CleanSection {
    keep_duplicates: Option<bool>,
    cancelled_sales: Option<bool>,
    collapse_repeats_seconds: Option<u32>,
    exclude_items: Option<Vec<String>>,
    min_events: Option<usize>,
}

fn utc_offset<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<i32>, D::Error> {
    let text = <String as serde::Deserialize>::deserialize(from)?;
    parse_utc_offset(&text)
        .map(Some)
        .map_err(serde::de::Error::custom)
}

impl Schema {
    /// Reads a schema file.
    ///
    /// # Errors
    /// [`EventsError::Io`] if it cannot be read; [`EventsError::Schema`], with line and column, if it is no TOML, has
    /// a key that is not known, or a value of the wrong kind.
    pub fn load(path: &Path) -> Result<Schema, EventsError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| EventsError::Io {
            file: file.clone(),
            source,
        })?;
        Self::parse(&text, &file)
    }

    /// Reads a schema from `text`; `file` is its name in messages.
    ///
    /// # Errors
    /// [`EventsError::Schema`] as for [`Schema::load`].
    pub fn parse(text: &str, file: &str) -> Result<Schema, EventsError> {
        toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let before = text.get(..at).unwrap_or(text);
            EventsError::Schema {
                file: file.to_owned(),
                line: before.matches('\n').count() + 1,
                column: before.chars().rev().take_while(|&c| c != '\n').count() + 1,
                message: error.message().lines().collect::<Vec<_>>().join("; "),
            }
        })
    }

    /// Sets in `read` and `clean` what the schema says.
    pub fn apply(&self, read: &mut ReadOptions, clean: &mut CleanOptions) {
        fn set<T: Clone>(to: &mut T, from: &Option<T>) {
            if let Some(value) = from {
                to.clone_from(value);
            }
        }
        fn name(to: &mut Option<String>, from: &Option<String>) {
            if from.is_some() {
                to.clone_from(from);
            }
        }
        let (to, from) = (&mut read.columns, &self.columns);
        name(&mut to.user, &from.user);
        name(&mut to.time, &from.time);
        name(&mut to.action, &from.action);
        name(&mut to.item, &from.item);
        name(&mut to.text, &from.text);
        name(&mut to.value, &from.value);
        name(&mut to.session, &from.session);
        name(&mut to.category, &from.category);
        name(&mut to.quantity, &from.quantity);
        name(&mut to.price, &from.price);
        let format = &self.format;
        if format.separator.is_some() {
            read.separator = format.separator;
        }
        name(&mut read.time_format, &format.time_format);
        set(&mut read.decimal_comma, &format.decimal_comma);
        set(&mut read.day_first, &format.day_first);
        set(&mut read.month_first, &format.month_first);
        set(&mut read.utc_offset_minutes, &format.utc_offset);
        set(&mut read.max_field_bytes, &format.max_field_bytes);
        let from = &self.clean;
        set(&mut clean.keep_duplicates, &from.keep_duplicates);
        set(&mut clean.cancelled_sales, &from.cancelled_sales);
        set(&mut clean.exclude_items, &from.exclude_items);
        set(&mut clean.min_events, &from.min_events);
        if let Some(seconds) = from.collapse_repeats_seconds {
            clean.collapse_repeats = Some(i64::from(seconds) * 1000);
        }
    }
}
