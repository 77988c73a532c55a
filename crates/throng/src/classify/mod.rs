//! Classifiers of texts: labelled tables in, a judged model out.

mod data;
mod judge;
mod page;
mod train;

pub use data::{Label, Labelled, LabelledColumns, Split};
pub use judge::{Epoch, Judgement, NumberReport, Score};
pub use page::{About, training_report};
pub use train::{News, Plan, TextExamples, Trained, Watch, train};
