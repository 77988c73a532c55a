//! A shop that does not exist: a seeded log with planted cohorts, to try the road on and to measure it by.
//!
//! Users of one cohort share a funnel (what follows what), a taste (categories, prices) and a rhythm (visits, pauses),
//! each user in a way of their own: rates are jittered, tastes are drawn around the cohort's, half of all interest
//! goes to what everybody likes, and how often a user comes has nothing to do with the cohort.

mod cohorts;
mod run;
mod shop;
mod visit;

use std::io::Write;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal};

use cohorts::{COHORTS, Person};
pub use run::{DemoOutcome, LOG};
use shop::Shop;

/// One row of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoRow {
    /// Index of the user.
    pub user: usize,
    /// Milliseconds since 1970, UTC.
    pub time: i64,
    /// `search`, `view`, `cart`, `remove` or `purchase`.
    pub action: &'static str,
    /// Index of the item in the shop; a search has none.
    pub item: Option<usize>,
}

/// A generated log and what was planted in it.
#[derive(Clone, Debug)]
pub struct Demo {
    /// Rows, oldest first.
    pub rows: Vec<DemoRow>,
    /// The cohort of each user.
    pub truth: Vec<u32>,
    shop: Shop,
}

const MINUTE: i64 = 60_000;
const DAY: f64 = 24.0 * 60.0 * MINUTE as f64;
/// 2025-01-01T00:00:00Z.
const OPENING: i64 = 1_735_689_600_000;
/// Days that the log covers.
const DAYS: f64 = 365.0;

impl Demo {
    /// A shop's year with `users` users; the same seed gives the same log.
    #[must_use]
    pub fn generate(users: usize, seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let shop = Shop::open(&mut random);
        let (mut rows, mut truth) = (Vec::new(), Vec::new());
        for user in 0..users {
            let cohort = cohorts::pick(random.random());
            let person = Person::draw(&COHORTS[cohort], &shop, &mut random);
            truth.push(cohort as u32);
            live(user, &person, &shop, &mut random, &mut rows);
        }
        rows.sort_by_key(|row| (row.time, row.user));
        Self { rows, truth, shop }
    }

    /// Names of the planted cohorts, by number.
    #[must_use]
    pub fn cohort_names() -> Vec<&'static str> {
        COHORTS.iter().map(|c| c.name).collect()
    }

    /// The id of a user, as the log has it.
    #[must_use]
    pub fn user_id(user: usize) -> String {
        format!("u{user:06}")
    }

    /// Writes the log as CSV: `user_id,event_time,event_type,product_id,product,category,price`.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write_csv(&self, mut out: impl Write) -> std::io::Result<()> {
        writeln!(
            out,
            "user_id,event_time,event_type,product_id,product,category,price"
        )?;
        for row in &self.rows {
            let time = throng_events::format_time(row.time);
            write!(out, "{},{time},{},", Self::user_id(row.user), row.action)?;
            match row.item {
                Some(item) => {
                    let item = &self.shop.items[item];
                    writeln!(
                        out,
                        "{},{},{},{:.2}",
                        item.id,
                        item.name,
                        shop::CATEGORIES[item.category].name,
                        item.price
                    )?;
                }
                None => writeln!(out, ",,,")?,
            }
        }
        out.flush()
    }
}

/// A user's year: visits with pauses between them, the last one at a time of its own.
fn live(
    user: usize,
    person: &Person,
    shop: &Shop,
    random: &mut ChaCha8Rng,
    rows: &mut Vec<DemoRow>,
) {
    let visits = person.visits;
    let mut pauses: Vec<f64> = Vec::with_capacity(visits);
    for _ in 1..visits {
        pauses.push(person.pause(random));
    }
    // Whoever would not fit into the year came before it: the earliest visits fall away.
    let last_seen = person.last_seen.sample_days(random);
    let mut day = DAYS - last_seen;
    let mut days = vec![day];
    for pause in pauses {
        day -= pause;
        if day < 0.0 {
            break;
        }
        days.push(day);
    }
    for day in days.into_iter().rev() {
        let start = OPENING + (day * DAY) as i64;
        visit::walk(user, start, person, shop, random, rows);
    }
}

/// Days since the last visit, alike in all cohorts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastSeen;

impl LastSeen {
    fn sample_days(self, random: &mut ChaCha8Rng) -> f64 {
        log_normal(12.0, 1.0, random).min(120.0)
    }
}

/// A log-normal draw with this median and this standard deviation of the logarithm.
pub(crate) fn log_normal(median: f64, sigma: f64, random: &mut ChaCha8Rng) -> f64 {
    // Medians and deviations here are constants above 0, for which the distribution exists.
    LogNormal::new(median.ln(), sigma).map_or(median, |d| d.sample(random))
}
