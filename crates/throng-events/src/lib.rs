//! Behaviour logs: reading, cleaning, sequences, vocabulary, texts, labels. Sees no device.
//!
//! [`read`] takes CSV, JSON Lines and Parquet, told by content, and gives an [`EventLog`] that does not depend on the
//! order of rows, with every [`Dropped`] row and its [`Reason`]. [`sequences`] cuts the log up; a [`Vocabulary`] or a
//! [`Verbalizer`] tells it to a model; [`BuysWithin`] and [`SessionBuys`] label it, and [`Split`] parts what is labelled.

mod cells;
mod clean;
mod delimited;
mod dropped;
mod error;
mod event;
mod guess;
mod hash;
mod input;
mod json_lines;
mod number;
mod options;
mod outcome;
mod parquet_file;
mod purchase;
mod read;
mod schema;
mod sequence;
mod split;
mod symbols;
mod table;
mod texts;
mod time;
mod verbalize;
mod visit;
mod vocabulary;
mod wording;
mod write;

pub use cells::Cells;
pub use dropped::{Dropped, DroppedRow, Reason, formula_safe};
pub use error::{EventsError, Location};
pub use event::{Event, EventLog, Sequence, SequenceUnit};
pub use guess::{ResolvedColumn, ResolvedColumns};
pub use input::Encoding;
pub use options::{CleanOptions, Columns, Progress, ReadOptions, Source, parse_utc_offset};
pub use outcome::{BuysWithin, CutOff, Example, LeftOut, Outcomes, SessionBuys};
pub use purchase::{PurchaseKind, Purchases};
pub use read::{Read, SourceInfo, read};
pub use schema::Schema;
pub use sequence::sequences;
pub use split::{Split, user_folds};
pub use symbols::Symbols;
pub use table::Format;
pub use texts::Texts;
pub use time::{format_time, parse_time};
pub use verbalize::{Language, VerbalizeParams, Verbalized, Verbalizer};
pub use visit::{new_visit, spent, visits};
pub use vocabulary::{
    CLS, MASK, PAD, SEP, SPECIAL, Tokens, UNK, Vocabulary, VocabularyParams, pause_name,
};
pub use write::write_csv;
