//! Whether what is said to be true in p of the cases is: the reliability diagram (Murphy and Winkler, 1977).

use maud::{Markup, html};

use super::titled;
use super::words::said;
use crate::format::{capital, count, figure, number};
use crate::page::chart::{Axis, Chart};
use crate::page::parts::{fold, key, said as text, wide};
use crate::training::{Calibration, Reliability, TrainingReport};

/// Signs of the probabilities as they were and as they are with the temperature.
const BEFORE: u32 = 1;
const AFTER: u32 = 0;

/// Probabilities of one kind: their sign and name.
type Side<'a> = (u32, &'static str, &'a Reliability);

pub(super) fn section(report: &TrainingReport) -> Option<Markup> {
    let calibration = report.calibration.as_ref()?;
    let sides = sides(calibration);
    let most = sides
        .iter()
        .flat_map(|side| bins(side.2))
        .map(|bin| bin.2)
        .max();
    Some(titled(
        "calibration",
        "Can its probabilities be believed?",
        html! {
            p {
                "Of texts with a probability of 0.8, eight in ten should be right: then points lie on the dashed diagonal. "
                "Below it probabilities are too high, above it too low. "
                "Shown are the probabilities of " (text(&calibration.of)) " on the held-out texts."
            }
            p { (temperature(calibration)) }
            @if let Some(most) = most {
                div.panels {
                    div {
                        (diagram(&sides))
                        ul.keys { @for (sign, name, _) in &sides { li { (key(*sign, true)) (name) } } }
                    }
                    div {
                        (wide("Calibration in figures", table(calibration, &sides)))
                        @for side in &sides { (counts(side, most)) }
                        (fold("The bins as a table", wide("The bins as a table", bin_table(&sides))))
                    }
                }
            } @else {
                (wide("Calibration in figures", table(calibration, &sides)))
            }
        },
    ))
}

fn sides(calibration: &Calibration) -> Vec<Side<'_>> {
    let mut sides = Vec::new();
    match &calibration.after {
        None => sides.push((BEFORE, "as predicted", &calibration.before)),
        Some(after) => {
            sides.push((BEFORE, "before temperature scaling", &calibration.before));
            sides.push((AFTER, "after", after));
        }
    }
    sides
}

/// Predicted share, observed share and number of texts of each bin.
fn bins(side: &Reliability) -> impl Iterator<Item = (f64, f64, u64)> {
    let shares = side.prob_pred.iter().zip(&side.prob_true);
    shares
        .zip(&side.count)
        .map(|((said, happened), count)| (*said, *happened, *count))
        .filter(|(said, happened, _)| said.is_finite() && happened.is_finite())
}

fn temperature(calibration: &Calibration) -> Markup {
    match calibration.temperature.filter(|value| value.is_finite()) {
        Some(value) => html! {
            "The temperature is " strong { (figure(value)) } ": "
            @if value > 1.0 { "the classifier was too sure, and dividing its logits by it makes it less so." }
            @else if value < 1.0 { "the classifier was not sure enough, and dividing its logits by it makes it more so." }
            @else { "the classifier was as sure as it should be." }
            " The predicted classes stay as they are where the most probable one is predicted."
        },
        None => html! {
            "The temperature is undefined: "
            @match &calibration.why {
                Some(why) => (text(why)),
                None => "none was fitted",
            }
            "."
        },
    }
}

fn diagram(sides: &[Side]) -> Markup {
    let axis = |name| Axis::covering(name, 0.0, 1.0, 5);
    let chart = Chart::square(
        "plot-reliability",
        axis("mean probability"),
        axis("observed share"),
    );
    let words: Vec<String> = sides
        .iter()
        .map(|(_, name, side)| {
            let points: Vec<String> = bins(side)
                .map(|(said, happened, _)| {
                    format!("{} at {}", number(happened, 2), number(said, 2))
                })
                .collect();
            format!("{}: {}.", capital(name), points.join("; "))
        })
        .collect();
    chart.draw(
        "Reliability: observed share by probability",
        &words.join(" "),
        html! {
            (chart.dashed((0.0, 0.0), (1.0, 1.0)))
            @for (sign, _, side) in sides {
                (chart.curve(*sign, bins(side).map(|(said, happened, _)| (said, happened))))
                (chart.marks(*sign, bins(side).map(|(said, happened, _)| (said, happened))))
            }
        },
    )
}

/// Texts in each bin; `most` is the largest number of either side, so that both have the same axis.
fn counts(&(sign, name, side): &Side, most: u64) -> Markup {
    let chart = Chart::low(
        &format!("plot-bins-{sign}"),
        Axis::covering("mean probability", 0.0, 1.0, 5),
        Axis::covering("", 0.0, most as f64, 2),
    );
    let words: Vec<String> = bins(side)
        .map(|(said, _, texts)| format!("{} at {}", count(texts), number(said, 2)))
        .collect();
    chart.draw(
        &format!("Texts by probability, {name}"),
        &format!("{}.", words.join("; ")),
        chart.bars(
            sign,
            bins(side).map(|(said, _, texts)| (said, texts as f64)),
        ),
    )
}

fn table(calibration: &Calibration, sides: &[Side]) -> Markup {
    type Of = fn(&Reliability) -> Option<f64>;
    let rows: [(&str, Of); 3] = [
        ("Expected calibration error", |side| {
            side.expected_calibration_error
        }),
        ("Brier score", |side| side.brier_score_loss),
        ("Log loss", |side| side.log_loss),
    ];
    html! {
        table {
            caption { "Lower is better. The expected calibration error is the mean distance from the diagonal, by the texts of the bins." }
            thead {
                tr {
                    th scope="col" { "Measure" }
                    @for (_, name, _) in sides { th.right scope="col" { (capital(name)) } }
                }
            }
            tbody {
                @for (name, of) in rows {
                    // A measure that no side has was not asked for.
                    @if sides.iter().any(|(_, _, side)| of(side).is_some()) {
                        tr {
                            th scope="row" { (name) }
                            @for (_, _, side) in sides { td.right { (said(of(side))) } }
                        }
                    }
                }
                @if calibration.after.is_some() {
                    tr {
                        th scope="row" { "Temperature" }
                        td.right { (figure(1.0)) }
                        td.right { (said(calibration.temperature)) }
                    }
                }
            }
        }
    }
}

fn bin_table(sides: &[Side]) -> Markup {
    html! {
        table {
            caption { "Bins of the probability, and what was observed in them" }
            thead {
                tr {
                    th scope="col" { "Mean probability" }
                    th.right scope="col" { "Observed share" }
                    th.right scope="col" { "Texts" }
                }
            }
            @for (_, name, side) in sides {
                tbody {
                    tr { th.side colspan="3" scope="rowgroup" { (capital(name)) } }
                    @for (said, happened, texts) in bins(side) {
                        tr {
                            th scope="row" { (number(said, 3)) }
                            td.right { (number(happened, 3)) }
                            td.right { (count(texts)) }
                        }
                    }
                }
            }
        }
    }
}
