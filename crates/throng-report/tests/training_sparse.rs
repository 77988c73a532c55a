//! Training reports with little or nothing in them, with figures that are not numbers, and with hostile texts.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fixture;
mod page;
mod training_fixture;

use std::collections::BTreeMap;

use page::checks::{no_nan, references_lead_somewhere, skeleton};
use page::{NASTY, Page};
use throng_report::training::{
    Best, Calibration, ClassificationReport, Epoch, Interval, Measure, Regression, Step, Task,
    TrainingReport, html, json,
};
use training_fixture::{binary, multiclass, multilabel, regression};

fn read(report: &TrainingReport) -> Page {
    json(report).unwrap();
    let page = Page::read(&html(report));
    no_nan(&page);
    references_lead_somewhere(&page);
    page
}

#[test]
fn an_empty_report_is_a_page() {
    for task in [
        Task::Binary,
        Task::Multiclass,
        Task::Multilabel,
        Task::Regression,
    ] {
        let report = TrainingReport {
            task,
            ..TrainingReport::default()
        };
        let page = read(&report);
        assert!(page.all("figure").next().is_none());
        assert!(page.all("table").next().is_none());
        let sections = page.all("main").next().unwrap();
        assert!(sections.text.contains("Overview") && sections.text.contains("Data and method"));
    }
}

#[test]
fn empty_parts_are_absent() {
    let mut report = binary();
    report.classification_report = Some(ClassificationReport::default());
    report.regression = Some(Regression::default());
    report.calibration = Some(Calibration::default());
    let page = read(&report);
    for id in ["classes", "regression"] {
        assert!(
            page.elements
                .iter()
                .all(|element| element.get("id") != Some(id)),
            "{id}"
        );
    }
    assert!(
        page.text()
            .contains("The temperature is undefined: none was fitted.")
    );
    assert!(
        page.elements
            .iter()
            .all(|element| element.get("id") != Some("plot-reliability-name"))
    );
}

#[test]
fn a_temperature_that_was_not_found_has_its_reason() {
    let mut report = binary();
    let calibration = report.calibration.as_mut().unwrap();
    calibration.temperature = None;
    calibration.after = None;
    calibration.why = Some("the true class has the largest logit in every row".to_owned());
    let page = read(&report);
    assert!(page.text().contains(
        "The temperature is undefined: the true class has the largest logit in every row."
    ));
    assert!(!page.text().contains("before temperature scaling"));
}

/// Every figure of a report at this value.
fn with(mut report: TrainingReport, bad: f64) -> TrainingReport {
    report.summary.seconds = bad;
    for step in &mut report.steps {
        (step.loss, step.learning_rate) = (bad, bad);
    }
    for epoch in &mut report.epochs {
        (epoch.loss, epoch.validation_loss) = (bad, Some(bad));
        epoch
            .measures
            .values_mut()
            .for_each(|value| *value = Some(bad));
    }
    report.best.as_mut().unwrap().value = Some(bad);
    for measure in report.measures.values_mut() {
        *measure = Measure {
            value: Some(bad),
            why: None,
            interval: Some(Interval {
                low: bad,
                high: bad,
            }),
            baseline: Some(bad),
        };
    }
    if let Some(table) = &mut report.classification_report {
        for row in table.classes.iter_mut().chain(&mut table.averages) {
            (row.precision, row.recall, row.f1_score) = (Some(bad), Some(bad), Some(bad));
        }
    }
    for curves in &mut report.curves {
        curves.base_rate = bad;
        (curves.roc_auc_score, curves.average_precision_score) = (Some(bad), Some(bad));
        if let Some(curve) = &mut curves.roc_curve {
            curve.fpr.fill(bad);
        }
        if let Some(curve) = &mut curves.precision_recall_curve {
            curve.precision[1] = bad;
        }
    }
    if let Some(calibration) = &mut report.calibration {
        calibration.temperature = Some(bad);
        calibration.before.prob_true.fill(bad);
        let after = calibration.after.as_mut().unwrap();
        after.prob_pred[0] = bad;
        (after.expected_calibration_error, after.log_loss) = (Some(bad), Some(bad));
    }
    if let Some(numbers) = &mut report.regression {
        numbers.truth[0] = bad;
        numbers.predicted[1] = bad;
    }
    report
        .mistakes
        .iter_mut()
        .for_each(|one| one.probability = Some(bad));
    report
}

#[test]
fn figures_that_are_not_numbers_are_undefined() {
    for report in [binary(), multiclass(6), multilabel(), regression()] {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let page = read(&with(report.clone(), bad));
            let tiles = page
                .all("dd")
                .filter(|dd| dd.get("class") == Some("figure"));
            let tiles: Vec<&str> = tiles.map(|dd| dd.text.as_str()).collect();
            assert!(
                !tiles.is_empty() && tiles.iter().all(|text| *text == "undefined"),
                "{tiles:?}"
            );
            assert!(page.text().contains("Undefined: it is not a finite number"));
        }
        // Huge figures are no places for a pen.
        for huge in [f64::MAX, f64::MIN, 1e30, -1e30] {
            read(&with(report.clone(), huge));
        }
    }
}

#[test]
fn a_loss_that_broke_off_is_drawn_as_far_as_it_goes() {
    let mut report = binary();
    report.steps.truncate(100);
    report.steps[60..]
        .iter_mut()
        .for_each(|step| step.loss = f64::NAN);
    report.epochs.clear();
    report.curves.clear();
    report.calibration = None;
    report.best = None;
    let page = read(&report);
    let lines = page
        .all("path")
        .filter(|path| path.get("class") == Some("curve"));
    let longest = lines
        .filter_map(|path| path.get("d"))
        .map(|d| d.matches('L').count());
    assert!((40..=60).contains(&longest.max().unwrap()));
}

#[test]
fn one_step_and_one_epoch_are_no_chart() {
    let mut report = binary();
    report.steps = vec![Step {
        step: 1,
        loss: 0.5,
        learning_rate: 1e-3,
    }];
    report.epochs = vec![Epoch {
        epoch: 1,
        step: 1,
        loss: 0.5,
        validation_loss: None,
        measures: BTreeMap::new(),
    }];
    report.best = Some(Best {
        epoch: 1,
        measure: "validation_loss".to_owned(),
        value: None,
    });
    let page = read(&report);
    assert!(!page.text().contains("Loss by step") && !page.text().contains("Validation loss"));
    assert!(page.text().contains("All epochs as a table"));
}

#[test]
fn ragged_parts_are_read_as_far_as_they_go() {
    let mut report = multiclass(6);
    report.confusion_matrix[2].truncate(1);
    report.confusion_matrix.push(vec![1; 9]);
    report.classes.truncate(3);
    report.curves[0].roc_curve.as_mut().unwrap().tpr.truncate(2);
    report
        .calibration
        .as_mut()
        .unwrap()
        .before
        .count
        .truncate(1);
    let page = read(&report);
    assert!(page.text().contains("class 6"));
    let mut report = regression();
    report.regression.as_mut().unwrap().predicted.truncate(1);
    assert!(read(&report).text().contains("1 of 5,000 texts shown"));
}

/// The report with `text` wherever a text can be.
fn said(mut report: TrainingReport, text: &str) -> TrainingReport {
    let put = |to: &mut String| *to = text.to_owned();
    put(&mut report.title);
    let summary = &mut report.summary;
    for to in [
        &mut summary.model,
        &mut summary.tuning,
        &mut summary.split,
        &mut summary.device,
    ] {
        put(to);
    }
    summary.stopped = Some(text.to_owned());
    summary.sources = vec![text.to_owned(); 2];
    for setting in &mut summary.settings {
        put(&mut setting.name);
        put(&mut setting.value);
    }
    report
        .classes
        .iter_mut()
        .for_each(|class| put(&mut class.name));
    report
        .curves
        .iter_mut()
        .for_each(|curves| put(&mut curves.class));
    if let Some(table) = &mut report.classification_report {
        let rows = table.classes.iter_mut().chain(&mut table.averages);
        rows.for_each(|row| put(&mut row.name));
    }
    if let Some(calibration) = &mut report.calibration {
        put(&mut calibration.of);
        calibration.temperature = None;
        calibration.why = Some(text.to_owned());
    }
    for mistake in &mut report.mistakes {
        for to in [
            &mut mistake.text,
            &mut mistake.truth,
            &mut mistake.predicted,
        ] {
            put(to);
        }
    }
    let unknown = Measure {
        why: Some(text.to_owned()),
        ..Measure::default()
    };
    report.measures.insert(text.to_owned(), unknown);
    for epoch in &mut report.epochs {
        epoch.measures = BTreeMap::from([(text.to_owned(), Some(0.5 + 0.01 * epoch.epoch as f64))]);
    }
    report.best.as_mut().unwrap().measure = text.to_owned();
    report.notes = vec![text.to_owned()];
    report
}

#[test]
fn hostile_texts_are_text() {
    for report in [binary(), multiclass(6), multilabel(), regression()] {
        let harmless = skeleton(&Page::read(&html(&said(report.clone(), "plain"))));
        for text in NASTY {
            // The reader panics on anything that is not escaped.
            let page = Page::read(&html(&said(report.clone(), text)));
            assert_eq!(skeleton(&page), harmless, "{text:?}");
            assert!(page.all("script").next().is_none() && page.all("b").next().is_none());
            let shown: String = text
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect();
            assert!(
                page.text().matches(shown.trim()).count() > 30,
                "{text:?} is not shown"
            );
            assert!(!page.text().chars().any(|c| c.is_control() && c != '\n'));
        }
    }
}

#[test]
fn names_keep_their_direction_to_themselves() {
    let page = Page::read(&html(&said(multiclass(6), "\u{202e}name")));
    for element in &page.elements {
        // A picture's words for screen readers stand alone.
        let alone = ["title", "desc", "bdi"].contains(&element.name.as_str())
            || element.inside.iter().any(|name| name == "bdi");
        let own = element.text.contains('\u{202e}')
            && !page.elements.iter().any(|inner| {
                inner.inside.len() > element.inside.len() && inner.text.contains('\u{202e}')
            });
        assert!(!own || alone, "{element:?}");
    }
    let isolated = page
        .elements
        .iter()
        .filter(|element| element.name == "bdi" && element.text.contains('\u{202e}'));
    assert!(isolated.count() > 50);
}

#[test]
fn long_texts_are_cut_in_the_page_and_whole_in_the_json() {
    let long = "ab".repeat(50_000);
    let mut report = binary();
    report.mistakes[0].text = long.clone();
    report.classes[0].name = long.clone();
    assert!(html(&report).len() < html(&binary()).len() + 2_000);
    assert!(json(&report).unwrap().contains(&long));
}
