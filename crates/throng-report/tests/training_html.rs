//! The training page: well formed, self-contained, accessible in what can be read off it, and of the report's figures.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fixture;
mod page;
mod training_fixture;

use page::{Element, Page, checks};
use throng_report::training::{Curves, Mistake, Step, TrainingReport, html};
use training_fixture::{binary, multiclass, multilabel, regression};

fn read(report: &TrainingReport) -> Page {
    Page::read(&html(report))
}

/// One of each kind.
fn all() -> Vec<TrainingReport> {
    vec![
        binary(),
        multiclass(6),
        multiclass(40),
        multilabel(),
        regression(),
    ]
}

/// Elements of this class within the element of this id.
fn of_class<'a>(page: &'a Page, name: &'a str, class: &'a str) -> Vec<&'a Element> {
    page.all(name)
        .filter(|element| {
            let classes = element.get("class").unwrap_or_default();
            classes.split(' ').any(|one| one == class)
        })
        .collect()
}

fn has(page: &Page, id: &str) -> bool {
    page.elements
        .iter()
        .any(|element| element.get("id") == Some(id))
}

#[test]
fn every_kind_is_sound() {
    for report in all() {
        let text = html(&report);
        let page = Page::read(&text);
        checks::references_lead_somewhere(&page);
        checks::nothing_is_loaded_and_nothing_runs(&text);
        checks::headings_descend_one_level_at_a_time(&page);
        checks::keyboard_and_screen_reader_find_their_way(&page);
        checks::no_nan(&page);
        assert!(text.len() < 400_000, "{} bytes", text.len());
    }
}

#[test]
fn every_kind_has_its_parts_and_no_others() {
    let parts = [
        "course",
        "curves",
        "regression",
        "calibration",
        "classes",
        "confusion",
        "mistakes",
    ];
    let of = |report: &TrainingReport| -> Vec<&str> {
        let page = read(report);
        let links: Vec<&str> = page.all("a").filter_map(|a| a.get("href")).collect();
        let there: Vec<&str> = parts.into_iter().filter(|part| has(&page, part)).collect();
        for part in parts {
            let linked = links.contains(&format!("#{part}").as_str());
            assert_eq!(linked, there.contains(&part), "{part}");
        }
        there
    };
    let classes = [
        "course",
        "curves",
        "calibration",
        "classes",
        "confusion",
        "mistakes",
    ];
    assert_eq!(of(&binary()), classes);
    assert_eq!(of(&multiclass(6)), classes);
    assert_eq!(
        of(&multilabel()),
        ["course", "curves", "classes", "mistakes"]
    );
    assert_eq!(of(&regression()), ["course", "regression", "mistakes"]);
}

#[test]
fn what_there_is_nothing_of_is_absent() {
    type Take = fn(&mut TrainingReport);
    let parts: [(&str, Take); 6] = [
        ("curves", |report| report.curves.clear()),
        ("calibration", |report| report.calibration = None),
        ("classes", |report| report.classification_report = None),
        ("confusion", |report| report.confusion_matrix.clear()),
        ("mistakes", |report| report.mistakes.clear()),
        ("course", |report| {
            report.steps.clear();
            report.epochs.clear();
        }),
    ];
    for (id, take) in parts {
        let mut report = binary();
        assert!(has(&read(&report), id), "{id}");
        take(&mut report);
        let page = read(&report);
        assert!(!has(&page, id), "{id}");
        checks::references_lead_somewhere(&page);
        checks::headings_descend_one_level_at_a_time(&page);
    }
}

#[test]
fn epochs_before_temperature_scaling_are_said_to_be() {
    let words = "Epochs are judged before temperature scaling";
    let mut report = binary();
    assert!(read(&report).text().contains(words));
    report.calibration.as_mut().expect("calibrated").after = None;
    assert!(!read(&report).text().contains(words));
    assert!(!read(&multilabel()).text().contains(words));
}

#[test]
fn the_summary_says_it_in_words() {
    let report = binary();
    let page = read(&report);
    for words in [
        "from all-MiniLM-L6-v2, 6 layers of 384, trained on 4,000 texts of 2 classes in 23 min 37 s",
        "low-rank adapters (LoRA) of rank 8 and its head: 148,226 of 22,861,058 parameters (0.6%)",
        "The model after epoch 3 of 5 was kept, for its average precision on the held-out texts",
        "is clearly better than that of the majority class for every text",
        "The majority class is “recommended”, 82.0% of the training texts.",
        "Training ended after 5 epochs of 8. The measure had not become better for two epochs.",
        "2 steps were left out of 1,250, because the loss or a gradient was not finite",
        "412 of 8,000 texts (5.1%) were longer than 128 tokens",
        "CPU, 2 threads (no GPU found)",
    ] {
        assert!(page.text().contains(words), "{words}");
    }
    let auc = report.curves[0].roc_auc_score.unwrap();
    let tile = of_class(&page, "div", "tile")[0];
    assert!(
        tile.text.starts_with(&format!("ROC AUC{auc:.3}95%: ")),
        "{}",
        tile.text
    );
    assert!(
        tile.text.ends_with("majority class: 0.500"),
        "{}",
        tile.text
    );
}

#[test]
fn a_class_without_held_out_texts_is_named_and_undefined() {
    let report = multiclass(6);
    let page = read(&report);
    assert!(page.text().contains("No held-out text is of class “Jeans”"));
    let tile = of_class(&page, "div", "tile")[0];
    assert_eq!(
        tile.text,
        "ROC AUCundefineda class has none of the held-out texts, or all of them"
    );
    let rows = page.all("tr").filter(|row| row.text.starts_with("Jeans"));
    let undefined: Vec<usize> = rows
        .map(|row| row.text.matches("undefined").count())
        .collect();
    // Among the areas, class by class, in the matrix and among the texts.
    assert_eq!(undefined, [2, 5, 0, 0]);
    assert!(
        page.text()
            .contains("Recall is undefined for a class without held-out texts.")
    );
}

#[test]
fn a_label_that_is_never_predicted_has_no_precision() {
    let page = read(&multilabel());
    assert!(
        page.text()
            .contains("Precision is undefined for a label that is predicted of no text.")
    );
    assert!(!page.text().contains("Recall is undefined"));
}

/// The corners of a path that begins with M and goes on with L.
fn corners(path: &Element) -> Vec<(f64, f64)> {
    let d = path.get("d").unwrap();
    d.split(['M', 'L'])
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (x, y) = part.split_once(' ').unwrap();
            (x.parse().unwrap(), y.parse().unwrap())
        })
        .collect()
}

/// The curves of both charts: all of the ROC curves first.
fn drawn(page: &Page) -> Vec<&Element> {
    let curves = of_class(page, "path", "curve");
    // Those of the losses come before, samples in the legends have another parent.
    let in_charts = |curve: &&&Element| curve.inside.iter().any(|name| name == "figure");
    curves.iter().filter(in_charts).copied().collect()
}

#[test]
fn curves_are_where_their_values_are() {
    let mut report = binary();
    report.steps.clear();
    report.epochs.clear();
    report.calibration = None;
    let page = read(&report);
    let [roc, precision_recall] = drawn(&page)[..] else {
        panic!("two curves")
    };
    // The plane of the square charts, as the axes have it.
    let place = |x: f64, y: f64| (62.0 + x * (414.0 - 62.0), 398.0 - y * (398.0 - 32.0));
    let near = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).hypot(a.1 - b.1) < 0.01;
    let corners_of_roc = corners(roc);
    assert!(near(corners_of_roc[0], place(0.0, 0.0)));
    assert!(near(*corners_of_roc.last().unwrap(), place(1.0, 1.0)));
    let curve = report.curves[0].precision_recall_curve.as_ref().unwrap();
    let first = place(curve.recall[0], curve.precision[0]);
    assert!(near(corners(precision_recall)[0], first));
    // Area by trapezoids, from the picture alone: what was left out does not show.
    let area: f64 = corners_of_roc
        .windows(2)
        .map(|pair| (pair[1].0 - pair[0].0) * (2.0 * 398.0 - pair[0].1 - pair[1].1) / 2.0)
        .sum();
    let area = area / (414.0 - 62.0) / (398.0 - 32.0);
    assert!(
        (area - report.curves[0].roc_auc_score.unwrap()).abs() < 2e-3,
        "{area}"
    );
    let base = of_class(&page, "line", "base")[0];
    let rate = place(0.0, report.curves[0].base_rate).1;
    assert!((base.get("y1").unwrap().parse::<f64>().unwrap() - rate).abs() < 0.01);
}

#[test]
fn of_many_classes_the_most_frequent_are_drawn() {
    let report = multiclass(20);
    let page = read(&report);
    assert!(
        page.text()
            .contains("Of 20 classes, the 8 most frequent ones with curves are drawn.")
    );
    let entries = of_class(&page, "li", "entry");
    assert_eq!(entries.len(), 8);
    for (entry, class) in entries.iter().zip(&report.classes) {
        assert!(entry.text.starts_with(&class.name), "{}", entry.text);
    }
    // Every class is in the table.
    for one in &report.curves {
        let row = page.all("tr").find(|row| row.text.starts_with(&one.class));
        assert!(row.is_some(), "{}", one.class);
    }
}

#[test]
fn each_bin_has_its_mark_and_its_bar() {
    let report = binary();
    let page = read(&report);
    let calibration = report.calibration.as_ref().unwrap();
    let bins = [&calibration.before, calibration.after.as_ref().unwrap()];
    let bars: Vec<_> = of_class(&page, "path", "mark")
        .into_iter()
        .filter(|path| path.get("d").is_some_and(|d| d.contains("h12V")))
        .collect();
    assert_eq!(bars.len(), 2);
    for (bars, side) in bars.iter().zip(bins) {
        assert_eq!(
            bars.get("d").unwrap().matches('M').count(),
            side.count.len()
        );
        for (said, texts) in side.prob_pred.iter().zip(&side.count) {
            let row = format!("{said:.3}");
            let mut rows = page.all("tr").filter(|one| one.text.starts_with(&row));
            assert!(rows.any(|row| row.text.replace(',', "").ends_with(&texts.to_string())));
        }
    }
}

#[test]
fn the_matrix_is_shaded_by_its_rows() {
    let report = multiclass(6);
    let page = read(&report);
    let cells: Vec<_> = page
        .all("td")
        .filter(|td| {
            td.get("style")
                .is_some_and(|style| style.starts_with("--part:"))
        })
        .collect();
    assert_eq!(cells.len(), 36);
    for (i, cell) in cells.iter().enumerate() {
        let row = &report.confusion_matrix[i / 6];
        let (n, total) = (row[i % 6], row.iter().sum::<u64>());
        let share = if total > 0 {
            n as f64 / total as f64
        } else {
            0.0
        };
        let style = format!("--part:{}%", (45.0 * share).round());
        assert_eq!(cell.get("style"), Some(style.as_str()));
        let percent = if total > 0 {
            format!("{:.1}%", 100.0 * share)
        } else {
            String::new()
        };
        let text = cell.text.replace(',', "").replace("<0.1%", "0.0%");
        assert_eq!(text, format!("{n}{percent}"));
        let hit = cell
            .get("class")
            .unwrap()
            .split(' ')
            .any(|class| class == "hit");
        assert_eq!(hit, i / 6 == i % 6);
    }
}

#[test]
fn a_matrix_that_nobody_could_read_is_a_list() {
    let page = read(&multiclass(40));
    assert!(of_class(&page, "table", "matrix").is_empty());
    assert!(
        page.text()
            .contains("the whole matrix of 40 classes is in the JSON")
    );
    assert_eq!(of_class(&read(&multiclass(20)), "table", "matrix").len(), 1);
}

#[test]
fn the_kept_epoch_is_marked() {
    let page = read(&binary());
    let marked = page
        .all("text")
        .filter(|text| text.text.starts_with("epoch 3 kept"));
    assert_eq!(marked.count(), 2);
    assert_eq!(of_class(&page, "circle", "picked").len(), 1);
    assert_eq!(
        of_class(&page, "tr", "picked")[0].text.get(..8),
        Some("3 (kept)")
    );
}

#[test]
fn long_series_are_thinned() {
    let mut report = binary();
    let one = |step| Step {
        step,
        loss: 1.0 + (step as f64).sin(),
        learning_rate: 2e-5,
    };
    report.steps = (0..200_000).map(one).collect();
    let curve = report.curves[0].clone();
    let long =
        |values: &[f64]| -> Vec<f64> { values.iter().flat_map(|&value| [value; 200]).collect() };
    let (roc, pr) = (
        curve.roc_curve.as_ref().unwrap(),
        curve.precision_recall_curve.as_ref().unwrap(),
    );
    let mut many = curve.clone();
    many.roc_curve.as_mut().unwrap().fpr = long(&roc.fpr);
    many.roc_curve.as_mut().unwrap().tpr = long(&roc.tpr);
    many.precision_recall_curve.as_mut().unwrap().recall = long(&pr.recall);
    many.precision_recall_curve.as_mut().unwrap().precision = long(&pr.precision);
    report.curves = vec![many];
    report.mistakes = vec![
        Mistake {
            text: "so so ".repeat(1000),
            ..Mistake::default()
        };
        300
    ];
    let text = html(&report);
    assert!(
        text.len() < html(&binary()).len() + 30_000,
        "{}",
        text.len()
    );
    assert!(text.contains("50 of 300 texts in the JSON are shown."));
}

#[test]
fn the_same_report_gives_the_same_bytes_and_another_others() {
    assert_eq!(html(&multiclass(6)), html(&multiclass(6)));
    let mut report = multiclass(6);
    report.curves[2].average_precision_score = Some(0.5);
    assert_ne!(html(&report), html(&multiclass(6)));
}

#[test]
fn of_one_curve_no_table_of_areas_is_needed() {
    let mut report = binary();
    assert!(!html(&report).contains("All areas as a table"));
    report.curves.push(Curves::default());
    assert!(html(&report).contains("All areas as a table"));
}
