//! Which rows are learnt and which judge, and what became of old ones.

use serde::Serialize;
use throng::bert::{Targets, TextClassifier};
use throng::classify::{Judgement, Labelled, Trained};

use super::Args;
use crate::failure::Failure;
use crate::stop;

/// Rows of a table.
struct Part<'a> {
    data: &'a Labelled,
    train: Vec<usize>,
    validation: Vec<usize>,
}

/// The rows of a training.
pub struct Rows<'a> {
    new: Part<'a>,
    /// Where the rows to judge by are, if not among the new ones.
    valid: Option<&'a Labelled>,
    old: Option<Part<'a>>,
}

/// How good a classifier that is trained on is on new rows and on old ones.
#[derive(Serialize)]
pub struct Online {
    /// Old rows that were learnt again.
    replayed: usize,
    before: NewAndOld,
    after: NewAndOld,
}

#[derive(Serialize)]
pub struct NewAndOld {
    new: Judgement,
    old: Judgement,
}

impl Args {
    /// Splits the tables.
    ///
    /// # Errors
    /// If one cannot be split.
    pub fn rows_of<'a>(
        &self,
        data: &'a Labelled,
        valid: Option<&'a Labelled>,
        replay: Option<&'a Labelled>,
        seed: u64,
    ) -> Result<Rows<'a>, Failure> {
        let all = |data: &Labelled| (0..data.texts.len()).collect::<Vec<_>>();
        let split = |data: &'a Labelled, path: &std::path::Path| {
            let split = data
                .split(self.rows.holdout, seed)
                .map_err(|error| Failure::from(error).of(path.display()))?;
            Ok::<_, Failure>(Part {
                data,
                train: split.train,
                validation: split.validation,
            })
        };
        let new = match valid {
            Some(other) => Part {
                data,
                train: all(data),
                validation: all(other),
            },
            None => split(data, &self.data)?,
        };
        let old = match (replay, &self.rows.replay) {
            (Some(data), Some(path)) => {
                let mut old = split(data, path)?;
                // Evenly over the table, as many as there are new ones.
                let step = old.train.len().div_ceil(new.train.len()).max(1);
                old.train = old.train.into_iter().step_by(step).collect();
                Some(old)
            }
            _ => None,
        };
        Ok(Rows { new, valid, old })
    }
}

impl<'a> Rows<'a> {
    /// Texts and truth of the rows to learn from, or of those to judge by: new ones, then old ones.
    pub fn examples(&self, is_train: bool) -> (Vec<&'a str>, Targets) {
        let pick = |part: &Part<'a>| match is_train {
            true => part.data.pick(&part.train),
            false => self.valid.unwrap_or(part.data).pick(&part.validation),
        };
        let (mut texts, mut targets) = pick(&self.new);
        if let Some(old) = &self.old {
            let (more, truth) = pick(old);
            texts.extend(more);
            targets.extend(truth);
        }
        (texts, targets)
    }

    /// What a classifier says of the rows to judge by before it is trained on.
    ///
    /// # Errors
    /// If the device fails, or Ctrl-C is pressed.
    pub fn judged(&self, model: &TextClassifier) -> Result<Option<NewAndOld>, Failure> {
        if self.old.is_none() {
            return Ok(None);
        }
        let (texts, _) = self.examples(false);
        let found = model.predict(&texts, &mut |_| stop::flow())?;
        self.parts(model, &found).map(Some)
    }

    /// Both sets judged, if there are two.
    fn parts(&self, model: &TextClassifier, found: &[f64]) -> Result<NewAndOld, Failure> {
        let (task, labels) = (model.classifier.task(), model.classifier.labels());
        let (_, targets) = self.examples(false);
        let of = |rows: std::ops::Range<usize>| {
            let found = &found[rows.start * labels.len()..rows.end * labels.len()];
            let truth = targets.pick(&rows.collect::<Vec<_>>());
            Judgement::of(task, labels, &truth, found, None).map_err(Failure::from)
        };
        let new = self.new.validation.len();
        Ok(NewAndOld {
            new: of(0..new)?,
            old: of(new..targets.len())?,
        })
    }

    /// New and old rows before and after.
    ///
    /// # Errors
    /// If they cannot be judged.
    pub fn online(
        &self,
        before: Option<NewAndOld>,
        trained: &Trained,
    ) -> Result<Option<Online>, Failure> {
        let (Some(before), Some(old), false) =
            (before, &self.old, trained.probabilities.is_empty())
        else {
            return Ok(None);
        };
        Ok(Some(Online {
            replayed: old.train.len(),
            before,
            after: self.parts(&trained.model, &trained.probabilities)?,
        }))
    }
}

impl Online {
    /// A table for people.
    pub fn lines(&self) -> String {
        let figure = |judgement: &Judgement| match judgement {
            Judgement::Classes(report) => format!(
                "roc_auc_score {}, accuracy_score {:.4}",
                report
                    .roc_auc_score
                    .map_or("undefined".to_owned(), |auc| format!("{auc:.4}")),
                report.accuracy_score
            ),
            Judgement::Numbers(report) => {
                format!("mean_squared_error {:.4}", report.mean_squared_error)
            }
        };
        let mut lines = String::new();
        for (name, before, after) in [
            ("new rows", &self.before.new, &self.after.new),
            ("old rows", &self.before.old, &self.after.old),
        ] {
            lines += &format!(
                "{name}: {} before, {} after\n",
                figure(before),
                figure(after)
            );
        }
        lines
    }
}
