//! From figures to the report.

use thousands::Separable;
use throng_cluster::select::{RECOVERY_NEEDED, VALLEY_ALLOWED};
use throng_compute::Compute;
use throng_events::{PurchaseKind, Purchases, Read, VocabularyParams, format_time};
use throng_report::{
    Candidate, Count, Map, Marks, Point, Report, Selection, SilhouetteBand, Summary,
};

use crate::pca::Pca;
use crate::segment::{Found, SegmentParams};
use crate::{Behaviour, cohorts};

/// Points on the map: more are no clearer and make the page heavy.
const POINTS: usize = 4_000;
/// Bars of a cluster in the silhouette plot.
const BARS: usize = 200;

/// What was read and what was dropped, in one line.
pub(crate) fn cleaning_line(read: &Read) -> String {
    let kept = read.log.events.len();
    let mut line = format!(
        "{} rows read, {} events of {} users kept",
        read.rows.separate_with_commas(),
        kept.separate_with_commas(),
        read.log.users.len().separate_with_commas()
    );
    for (i, (reason, count)) in read.dropped.counts().enumerate() {
        line += if i == 0 { "; dropped: " } else { ", " };
        line += &format!(
            "{} {}",
            count.separate_with_commas(),
            reason.name().replace('_', " ")
        );
    }
    line
}

pub(crate) fn mean(values: &[f32]) -> f64 {
    values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len().max(1) as f64
}

/// The report on clusters found in `embeddings` `[users, d]`.
pub(crate) fn assemble(
    read: &Read,
    behaviour: &Behaviour,
    params: &SegmentParams,
    compute: &Compute,
    embeddings: &[f32],
    d: usize,
    found: &Found,
) -> Report {
    let (log, model) = (&read.log, &found.model);
    let visit_gap = VocabularyParams::default().visit_gap;
    let (cards, conversion) = cohorts::describe(
        log,
        visit_gap,
        model.labels(),
        model.k(),
        &found.silhouette,
        &found.distances,
    );
    let chosen = found.candidates.iter().find(|c| c.k == model.k());
    let (first, last) = log.span().unwrap_or_default();
    let config = behaviour.encoder.config();
    let mut actions = vec![0u64; log.actions.len()];
    for event in &log.events {
        actions[event.action as usize] += 1;
    }
    Report {
        title: "Your users, in groups".to_owned(),
        summary: Summary {
            sources: read
                .sources
                .iter()
                .map(|s| file_name(&s.name).to_owned())
                .collect(),
            rows: read.rows,
            events: log.events.len() as u64,
            users: log.users.len() as u64,
            items: log.items.len() as u64,
            actions: log
                .actions
                .names()
                .iter()
                .zip(actions)
                .map(|(name, count)| Count {
                    name: name.clone(),
                    count,
                })
                .collect(),
            first: date(first),
            last: date(last),
            columns: read.columns.to_string(),
            dropped: read
                .dropped
                .counts()
                .map(|(r, count)| Count {
                    name: r.name().to_owned(),
                    count,
                })
                .collect(),
            encoder: format!(
                "behaviour BERT, {} layers, {} wide, {} tokens of vocabulary, up to {} tokens a user",
                config.num_hidden_layers,
                config.hidden_size,
                config.vocab_size.separate_with_commas(),
                config.max_position_embeddings
            ),
            device: compute.describe().to_owned(),
            k: model.k(),
            silhouette_score: mean(&found.silhouette),
            stability: chosen.map(|c| c.stability),
            conversion,
        },
        selection: Selection {
            searched: found.searched,
            chosen: model.k(),
            reasons: found.reasons.clone(),
            candidates: found
                .candidates
                .iter()
                .map(|c| Candidate {
                    k: c.k,
                    inertia: c.inertia,
                    silhouette_score: c.silhouette_score,
                    calinski_harabasz_score: c.calinski_harabasz_score,
                    davies_bouldin_score: c.davies_bouldin_score,
                    balance: c.balance.entropy,
                    stability: Some(c.stability),
                    recovery: Some(c.recovery),
                    valley: Some(c.valley),
                })
                .collect(),
            marks: Some(Marks {
                recovery: RECOVERY_NEEDED,
                valley: VALLEY_ALLOWED,
            }),
        },
        map: map(&log.users, embeddings, d, model.labels()),
        silhouette: bands(model.labels(), model.k(), &found.silhouette),
        cohorts: cards,
        truth: None,
        notes: notes(read, behaviour, params),
    }
}

fn notes(read: &Read, behaviour: &Behaviour, params: &SegmentParams) -> Vec<String> {
    let mut notes = read.notes.clone();
    notes.push(match Purchases::of(&read.log).kind {
        PurchaseKind::Action => "Purchases are the events whose action says so.".to_owned(),
        PurchaseKind::EveryRow => {
            "The log holds purchases only, so conversion is the rate of buying again.".to_owned()
        }
        PurchaseKind::Unknown => {
            "The log does not tell purchases, so conversion is the rate of coming again.".to_owned()
        }
    });
    if let Some(report) = &behaviour.report {
        let mut line = format!(
            "The model was pretrained on this log: {} steps, {} tokens.",
            report.steps.separate_with_commas(),
            report.tokens.separate_with_commas()
        );
        if let (Some(loss), Some(frequency)) = (report.held_out_loss, report.frequency_loss) {
            line += &format!(
                " On users it had not seen, a hidden event costs it {loss:.2} nats to guess, where guessing by frequency costs {frequency:.2}."
            );
        }
        notes.push(line);
    }
    notes.push(
        "Stability refits the groups, not the model. Where groups shade into each other, a model of another seed may \
         cut them elsewhere."
            .to_owned(),
    );
    notes.push(format!(
        "Seed {}; the same log, seed and device give the same groups.",
        params.seed
    ));
    notes
}

/// The plane of the first two principal components; of very many users an even sample.
fn map(users: &[String], embeddings: &[f32], d: usize, labels: &[u32]) -> Map {
    let pca = Pca::of(embeddings, d);
    let step = users.len().div_ceil(POINTS).max(1);
    let points = (0..users.len())
        .step_by(step)
        .map(|u| {
            let mut at = pca
                .project(&embeddings[u * d..(u + 1) * d], 2)
                .map(|x| x as f32);
            let (x, y) = (at.next().unwrap_or(0.0), at.next().unwrap_or(0.0));
            Point {
                x,
                y,
                cluster: labels[u],
                user: Some(users[u].clone()),
            }
        })
        .collect();
    let explained = pca.explained();
    let part = |i: usize| explained.get(i).copied().unwrap_or(0.0);
    Map {
        points,
        explained: [part(0), part(1)],
        shown_of: users.len() as u64,
    }
}

fn bands(labels: &[u32], k: usize, silhouette: &[f32]) -> Vec<SilhouetteBand> {
    (0..k as u32)
        .map(|cluster| {
            let mut values: Vec<f32> = labels
                .iter()
                .zip(silhouette)
                .filter(|(l, _)| **l == cluster)
                .map(|(_, &s)| s)
                .collect();
            values.sort_by(|a, b| b.total_cmp(a));
            let mean = mean(&values);
            let step = values.len().div_ceil(BARS).max(1);
            SilhouetteBand {
                cluster,
                mean,
                values: values.into_iter().step_by(step).collect(),
            }
        })
        .collect()
}

fn date(time: i64) -> String {
    format_time(time).chars().take(10).collect()
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
