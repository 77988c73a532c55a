//! Reports on a segmentation and on the training of a classifier: one self-contained HTML file, and the same content as
//! JSON.
//!
//! Fill in a [`Report`], then call [`html`] or [`json`]; for a classifier see [`training`]. The page needs no network and no script, follows the
//! reader's light or dark theme, and treats every text of the data as plain text. The same report always gives the
//! same bytes. Cells of CSV files that the user may open in a spreadsheet go through [`csv_field`].
//!
//! Figures that are not finite are shown as "–" in the page and are `null` in the JSON.

mod csv;
mod error;
mod format;
mod json;
mod model;
mod page;
pub mod training;

pub use csv::csv_field;
pub use error::ReportError;
pub use json::json;
pub use model::{
    Candidate, Cohort, Count, Fact, Map, Marks, Point, Rate, Report, Selection, SilhouetteBand,
    Summary, Trait, Truth, Typical,
};
pub use page::html;
