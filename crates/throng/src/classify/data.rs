//! Labelled texts, and what of them is held out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sha2::{Digest, Sha256};
use throng_bert::{Targets, Task};
use throng_events::{Cells, ReadOptions, Source};

use crate::Error;

/// The columns of a labelled table.
#[derive(Debug, Clone)]
pub struct LabelledColumns {
    /// The texts.
    pub text: String,
    /// The labels.
    pub label: String,
    /// Rows with the same value here are never split, such as those of a user.
    pub group: Option<String>,
}

/// How a label's cell is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Label {
    /// The name of a class.
    Class,
    /// Names of labels with this between them; an empty cell is none.
    Several(String),
    /// A number.
    Number,
}

impl Label {
    /// The task that this is.
    #[must_use]
    pub fn task(&self) -> Task {
        match self {
            Self::Class => Task::SingleLabel,
            Self::Several(_) => Task::MultiLabel,
            Self::Number => Task::Regression,
        }
    }
}

/// Texts with their labels.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// The texts.
    pub texts: Vec<String>,
    /// The names of the labels, in the order of the targets: as numbers where all are whole numbers, else by name.
    pub labels: Vec<String>,
    /// The truth of each text.
    pub targets: Targets,
    /// What must not be split.
    groups: Vec<String>,
    /// Rows that were left out, for they had no text.
    pub without_text: usize,
    /// Rows that were left out, for they had no label.
    pub without_label: usize,
}

/// Rows to learn from, and rows to judge by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Split {
    /// To learn from.
    pub train: Vec<usize>,
    /// To judge by.
    pub validation: Vec<usize>,
}

impl Labelled {
    /// Reads a table. With `labels` only these are known, as for a second table; without, those that are there are.
    ///
    /// # Errors
    /// If the file or a column is missing or broken; if no row has text and label; if a cell is no number where one is
    /// needed, or an unknown label; if there is one class alone, or a class on one row alone.
    pub fn read(
        source: &Source,
        columns: &LabelledColumns,
        label: &Label,
        labels: Option<&[String]>,
        options: &ReadOptions,
    ) -> Result<Self, Error> {
        let mut wanted = vec![
            ("text", columns.text.as_str()),
            ("label", columns.label.as_str()),
        ];
        if let Some(group) = &columns.group {
            wanted.push(("split-by", group));
        }
        let mut cells = Cells::open(source, &wanted, options)?;
        let (mut texts, mut written, mut groups) = (Vec::new(), Vec::new(), Vec::new());
        let (mut without_text, mut without_label) = (0, 0);
        while let Some(batch) = cells.next_batch()? {
            let mut batch = batch.into_iter();
            let mut column = || batch.next().unwrap_or_default();
            let (some_texts, some_labels, some_groups) = (column(), column(), column());
            for (row, (text, cell)) in some_texts.into_iter().zip(some_labels).enumerate() {
                if text.trim().is_empty() {
                    without_text += 1;
                } else if cell.trim().is_empty() && !matches!(label, Label::Several(_)) {
                    without_label += 1;
                } else {
                    // Without a column, the same text is never on both sides.
                    groups.push(some_groups.get(row).unwrap_or(&text).clone());
                    texts.push(text);
                    written.push(cell.trim().to_owned());
                }
            }
        }
        let about = |problem: String| Error::Argument {
            name: "label",
            problem,
        };
        if texts.is_empty() {
            return Err(Error::Argument {
                name: "text",
                problem: format!(
                    "no row has both a text and a label ({without_text} without text, {without_label} without label); name other columns"
                ),
            });
        }
        let is_new = labels.is_none();
        let (names, targets) = match label {
            Label::Class => classes(&written, labels, &columns.label).map_err(about)?,
            Label::Several(separator) => several(&written, separator, labels).map_err(about)?,
            Label::Number => (
                vec![columns.label.clone()],
                numbers(&written).map_err(about)?,
            ),
        };
        if let (true, Targets::Classes(classes)) = (is_new, &targets) {
            check(&names, classes).map_err(about)?;
        }
        Ok(Self {
            texts,
            labels: names,
            targets,
            groups,
            without_text,
            without_label,
        })
    }

    /// Holds out about `share` of the rows, whole groups, by a hash of their names and the seed: neither the rows' order nor
    /// other rows change where one goes.
    ///
    /// # Errors
    /// If a side has no row, or one class alone.
    pub fn split(&self, share: f64, seed: u64) -> Result<Split, Error> {
        let is_held = |group: &String| part(group, seed) < share;
        let (validation, train): (Vec<usize>, Vec<usize>) =
            (0..self.texts.len()).partition(|&row| is_held(&self.groups[row]));
        for (rows, side) in [(&train, "learn from"), (&validation, "judge by")] {
            let is_one_sided = match self.targets.pick(rows) {
                Targets::Classes(classes) => classes.iter().collect::<BTreeSet<_>>().len() < 2,
                Targets::Values { .. } => rows.len() < 2,
            };
            if is_one_sided {
                return Err(Error::Argument {
                    name: "holdout",
                    problem: format!(
                        "of {} rows, {} are left to {side}, which is too few or of one class; give more rows, another share or another seed",
                        self.texts.len(),
                        rows.len()
                    ),
                });
            }
        }
        Ok(Split { train, validation })
    }

    /// Some rows.
    #[must_use]
    pub fn pick(&self, rows: &[usize]) -> (Vec<&str>, Targets) {
        let texts = rows.iter().map(|&row| self.texts[row].as_str()).collect();
        (texts, self.targets.pick(rows))
    }
}

/// Where a name lies in [0, 1).
fn part(name: &str, seed: u64) -> f64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(name);
    let bytes = hash.finalize();
    let first = bytes
        .iter()
        .take(8)
        .fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte));
    (first >> 11) as f64 / (1_u64 << 53) as f64
}

/// Names in order: by number where all are whole numbers.
fn ordered(names: BTreeSet<&str>) -> Vec<String> {
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    let numbers: Option<Vec<i64>> = names.iter().map(|name| name.parse().ok()).collect();
    if numbers.is_some() {
        names.sort_by_key(|name| name.parse::<i64>().unwrap_or_default());
    }
    names
}

type Read = Result<(Vec<String>, Targets), String>;

fn classes(written: &[String], labels: Option<&[String]>, column: &str) -> Read {
    let names = match labels {
        Some(labels) => labels.to_vec(),
        None => ordered(written.iter().map(String::as_str).collect()),
    };
    let ids: BTreeMap<&str, u32> = names.iter().map(String::as_str).zip(0..).collect();
    let id = |(row, name): (usize, &String)| {
        let id = ids.get(name.as_str()).copied();
        id.ok_or_else(|| format!("column {column} has {name:?} on labelled row {}, which is none of the known labels ({})", row + 1, names.join(", ")))
    };
    let classes = written
        .iter()
        .enumerate()
        .map(id)
        .collect::<Result<_, _>>()?;
    Ok((names, Targets::Classes(classes)))
}

fn check(names: &[String], classes: &[u32]) -> Result<(), String> {
    if let [name] = names {
        return Err(format!(
            "all {} rows are {name:?}; a classifier needs two classes at least",
            classes.len()
        ));
    }
    let mut counts = vec![0; names.len()];
    for &class in classes {
        counts[class as usize] += 1;
    }
    match counts.iter().position(|&count| count == 1) {
        Some(class) => Err(format!(
            "{:?} is on one row only, which cannot be both learnt and judged; leave it out or give it another row",
            names[class]
        )),
        None => Ok(()),
    }
}

fn several(written: &[String], separator: &str, labels: Option<&[String]>) -> Read {
    let parts = |cell: &str| -> Vec<String> {
        let parts = cell.split(separator).map(str::trim);
        parts
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let cells: Vec<Vec<String>> = written.iter().map(|cell| parts(cell)).collect();
    let names = match labels {
        Some(labels) => labels.to_vec(),
        None => ordered(cells.iter().flatten().map(String::as_str).collect()),
    };
    if names.is_empty() {
        return Err("no row has a label".to_owned());
    }
    let mut values = vec![0.0; cells.len() * names.len()];
    for (row, cell) in cells.iter().enumerate() {
        for name in cell {
            let Some(place) = names.iter().position(|known| known == name) else {
                return Err(format!(
                    "labelled row {} has {name:?}, which is none of the known labels",
                    row + 1
                ));
            };
            values[row * names.len() + place] = 1.0;
        }
    }
    let labels = names.len();
    Ok((names, Targets::Values { values, labels }))
}

fn numbers(written: &[String]) -> Result<Targets, String> {
    let number = |(row, cell): (usize, &String)| match cell.parse::<f32>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(format!(
            "labelled row {} has {cell:?}, which is no number",
            row + 1
        )),
    };
    Ok(Targets::Values {
        values: written
            .iter()
            .enumerate()
            .map(number)
            .collect::<Result<_, _>>()?,
        labels: 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(csv: &str, label: &Label, labels: Option<&[String]>) -> Result<Labelled, Error> {
        let folder = tempfile::tempdir().map_err(|e| Error::Argument {
            name: "test",
            problem: e.to_string(),
        })?;
        let path = folder.path().join("data.csv");
        let columns = LabelledColumns {
            text: "t".to_owned(),
            label: "l".to_owned(),
            group: csv.starts_with("t,l,u").then(|| "u".to_owned()),
        };
        std::fs::write(&path, csv).map_err(|e| Error::Argument {
            name: "test",
            problem: e.to_string(),
        })?;
        Labelled::read(
            &Source::Path(path),
            &columns,
            label,
            labels,
            &ReadOptions::default(),
        )
    }

    fn refused(csv: &str, label: &Label, words: &str) {
        let line = read(csv, label, None)
            .map(|_| ())
            .map_err(|e| e.to_string());
        assert!(
            line.clone().is_err_and(|line| line.contains(words)),
            "{line:?}"
        );
    }

    #[test]
    fn classes_are_numbered_in_order() -> Result<(), Error> {
        let data = read("t,l\na,10\nb,9\nc,10\n,9\nd,\ne,9\n", &Label::Class, None)?;
        assert_eq!(data.labels, ["9", "10"]);
        assert_eq!(data.targets, Targets::Classes(vec![1, 0, 1, 0]));
        assert_eq!(
            (data.texts.len(), data.without_text, data.without_label),
            (4, 1, 1)
        );
        let other = read("t,l\na,9\n", &Label::Class, Some(&data.labels))?;
        assert_eq!(other.targets, Targets::Classes(vec![0]));
        assert!(read("t,l\na,8\n", &Label::Class, Some(&data.labels)).is_err());
        Ok(())
    }

    #[test]
    fn what_cannot_be_learnt_is_refused() {
        refused(
            "t,l\n,1\n,0\n",
            &Label::Class,
            "no row has both a text and a label (2 without text",
        );
        refused("t,l\na,1\nb,1\n", &Label::Class, "all 2 rows are \"1\"");
        refused(
            "t,l\na,1\nb,0\nc,1\n",
            &Label::Class,
            "\"0\" is on one row only",
        );
        refused(
            "t,l\na,x\n",
            &Label::Number,
            "labelled row 1 has \"x\", which is no number",
        );
        refused(
            "t,l\na,\n",
            &Label::Several("|".to_owned()),
            "no row has a label",
        );
        refused("t,m\na,1\n", &Label::Class, "no column");
    }

    #[test]
    fn several_labels_are_columns() -> Result<(), Error> {
        let data = read(
            "t,l\na,x|y\nb,\nc, y \n",
            &Label::Several("|".to_owned()),
            None,
        )?;
        assert_eq!(data.labels, ["x", "y"]);
        let values = vec![1.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        assert_eq!(data.targets, Targets::Values { values, labels: 2 });
        Ok(())
    }

    #[test]
    fn groups_are_never_split() -> Result<(), Error> {
        let mut csv = "t,l,u\n".to_owned();
        for row in 0..600 {
            csv += &format!("text {row},{},user {}\n", row % 2, row % 50);
        }
        let data = read(&csv, &Label::Class, None)?;
        let split = data.split(0.3, 1)?;
        let users = |rows: &[usize]| rows.iter().map(|row| row % 50).collect::<BTreeSet<_>>();
        let (train, held) = (users(&split.train), users(&split.validation));
        assert!(train.is_disjoint(&held) && train.len() + held.len() == 50);
        assert!((5..25).contains(&held.len()), "{}", held.len());
        assert_ne!(data.split(0.3, 2)?, split);
        assert!(data.split(0.0, 1).is_err());
        Ok(())
    }
}
