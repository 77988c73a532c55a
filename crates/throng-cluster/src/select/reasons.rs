//! The choice in plain sentences.

use super::candidate::Candidate;
use super::choose::{
    AGREEMENT_NEEDED, Choice, RECOVERY_NEEDED, VALLEY_ALLOWED, apart, found_again,
};
use super::params::SearchParams;
use thousands::Separable;

/// Why this k, with the figures. `rows` were clustered, `panel` of them refitted.
pub(super) fn reasons(
    candidates: &[Candidate],
    choice: Choice,
    params: &SearchParams,
    rows: usize,
    panel: usize,
) -> Vec<String> {
    let chosen = &candidates[choice.index];
    let mut said = vec![tried(candidates, params, rows, panel)];
    if choice.grouped {
        said.push(format!(
            "{} groups were chosen: the largest number at which every group is found again and stands apart. The group \
             found again worst overlaps {} with its likeness in the refits ({} is needed), and between the two groups \
             that are least apart the density of rows falls to {} of the lower peak ({} is allowed).",
            chosen.k,
            percent(chosen.recovery),
            percent(RECOVERY_NEEDED),
            percent(chosen.valley),
            percent(VALLEY_ALLOWED),
        ));
        if let Some(next) = candidates.get(choice.index + 1) {
            said.push(format!("{} groups were refused: {}.", next.k, fault(next)));
        }
    } else {
        said.push(
            "No strong grouping was found: at no number of groups is every group both found again in the refits and \
             apart from the others. Read the clusters as parts of a continuum, not as separate kinds."
                .to_owned(),
        );
        said.push(if chosen.stability >= AGREEMENT_NEEDED {
            format!(
                "{} clusters were taken as the finest division that refits agree on (adjusted Rand index {:.2}, {:.2} is \
                 needed); {}.",
                chosen.k,
                chosen.stability,
                AGREEMENT_NEEDED,
                fault(chosen)
            )
        } else {
            format!(
                "{} clusters were taken as the division that refits agree on most, and they agree little (adjusted Rand \
                 index {:.2}); {}.",
                chosen.k,
                chosen.stability,
                fault(chosen)
            )
        });
    }
    said.push(format!(
        "The refits give the same clusters with an adjusted Rand index of {:.2} ± {:.2} (1 is the same, 0 is chance).",
        chosen.stability, chosen.stability_error
    ));
    said.push(silhouette(candidates, chosen, params, rows));
    said
}

fn tried(candidates: &[Candidate], params: &SearchParams, rows: usize, panel: usize) -> String {
    let last = candidates.last().map_or(0, |c| c.k);
    let mut said = format!(
        "Every number of groups from {} to {last} was fitted to {} rows and refitted to {} bootstrap samples",
        params.range.start(),
        rows.separate_with_commas(),
        params.bootstraps
    );
    if panel < rows {
        said += &format!(" of {} rows taken at random", panel.separate_with_commas());
    }
    if last < *params.range.end() {
        said += &format!("; there are no more than {last} distinct rows to group");
    }
    said + "."
}

/// What speaks against a candidate that failed.
fn fault(candidate: &Candidate) -> String {
    let lost = (!found_again(candidate)).then(|| {
        format!(
            "the refits find one of them again by only {}",
            percent(candidate.recovery)
        )
    });
    let joined = (!apart(candidate)).then(|| {
        format!(
            "two of them have no gap between them (density {} of the lower peak)",
            percent(candidate.valley)
        )
    });
    match (lost, joined) {
        (Some(lost), Some(joined)) => format!("{lost}, and {joined}"),
        (lost, joined) => lost.or(joined).unwrap_or_default(),
    }
}

fn silhouette(
    candidates: &[Candidate],
    chosen: &Candidate,
    params: &SearchParams,
    rows: usize,
) -> String {
    let best = candidates.iter().fold(chosen, |best, candidate| {
        if candidate.silhouette_score > best.silhouette_score {
            candidate
        } else {
            best
        }
    });
    let mut said = format!(
        "The mean silhouette is {:.2} at {} clusters",
        chosen.silhouette_score, chosen.k
    );
    if best.k == chosen.k {
        said += ", the highest of all";
    } else {
        said += &format!(
            "; it is highest at {} ({:.2}), but it prefers few coarse groups in many dimensions, so it did not decide",
            best.k, best.silhouette_score
        );
    }
    if rows > params.silhouette_rows {
        said += &format!(
            " (taken from {} rows at random)",
            params.silhouette_rows.separate_with_commas()
        );
    }
    said + "."
}

fn percent(share: f64) -> String {
    format!("{:.0}%", 100.0 * share)
}
