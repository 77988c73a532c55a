//! What typical users did, step by step.

use maud::{Markup, html};

use crate::Cohort;
use crate::format::{count, plural};
use crate::page::parts::said;

/// Steps shown at once; the rest unfolds.
const SHOWN: usize = 12;

pub(super) fn typical(cohort: &Cohort) -> Markup {
    html! {
        h4 { "Typical users" }
        div.typical {
            @for user in &cohort.typical {
                @let steps = runs(&user.steps);
                @let (first, rest) = steps.split_at(steps.len().min(SHOWN));
                div.user {
                    p.id { "User " (said(&user.user)) }
                    (chain(first))
                    @if !rest.is_empty() {
                        details { summary { (plural(rest.len() as u64, "more step", "more steps")) } (chain(rest)) }
                    }
                }
            }
        }
    }
}

fn chain(steps: &[(&str, u64)]) -> Markup {
    html! {
        ol.steps {
            @for (step, times) in steps {
                li.pause[step.starts_with('…')] { (said(step)) @if *times > 1 { " " span.times { "×" (count(*times)) } } }
            }
        }
    }
}

/// Equal steps in a row as one, with how often.
fn runs(steps: &[String]) -> Vec<(&str, u64)> {
    let mut runs: Vec<(&str, u64)> = Vec::new();
    for step in steps {
        match runs.last_mut() {
            Some((last, times)) if *last == step => *times += 1,
            _ => runs.push((step, 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn equal_steps_in_a_row_are_counted() {
        let steps = ["view", "view", "cart", "view"].map(str::to_owned);
        assert_eq!(runs(&steps), [("view", 2), ("cart", 1), ("view", 1)]);
        assert_eq!(runs(&[]), []);
    }
}
