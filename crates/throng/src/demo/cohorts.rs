//! The planted cohorts, and a person drawn from one.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma, StandardNormal};

use super::shop::{CATEGORIES, Shop};
use super::{LastSeen, log_normal};

/// A kind of customer. Rates are probabilities; each person's are jittered around them.
#[derive(Debug)]
pub(crate) struct Cohort {
    pub name: &'static str,
    /// Part of all users.
    share: f64,
    /// Liking of each category, before it is mixed with everybody's.
    taste: [f64; CATEGORIES.len()],
    /// Days between visits: median, and deviation of the logarithm.
    pause: (f64, f64),
    /// A visit begins with a search.
    search: f64,
    /// After looking at an item: look at another.
    browse: f64,
    /// After looking at an item: look at the same one again.
    again: f64,
    /// After looking at an item: put it into the cart.
    cart: f64,
    /// With a full cart: take something out again.
    remove: f64,
    /// At the end of a visit with a full cart: buy it.
    buy: f64,
    /// Below 0 for cheap items of a category, above 0 for dear ones.
    price: f64,
}

//                                      groc  beau  fash  elec  toys  stat  kitc  gard
pub(crate) const COHORTS: [Cohort; 5] = [
    Cohort {
        name: "weekly stockers",
        share: 0.27,
        taste: [7.0, 2.0, 0.4, 0.3, 0.4, 0.4, 1.0, 0.5],
        pause: (7.0, 0.35),
        search: 0.10,
        browse: 0.35,
        again: 0.05,
        cart: 0.60,
        remove: 0.04,
        buy: 0.92,
        price: 0.0,
    },
    Cohort {
        name: "window shoppers",
        share: 0.25,
        taste: [0.6, 3.5, 7.0, 0.5, 0.4, 0.4, 0.5, 0.4],
        pause: (1.8, 0.6),
        search: 0.12,
        browse: 0.82,
        again: 0.12,
        cart: 0.10,
        remove: 0.25,
        buy: 0.20,
        price: 0.3,
    },
    Cohort {
        name: "gift planners",
        share: 0.20,
        taste: [0.6, 0.8, 0.6, 0.5, 5.5, 5.5, 0.5, 0.5],
        pause: (38.0, 0.5),
        search: 0.55,
        browse: 0.65,
        again: 0.08,
        cart: 0.45,
        remove: 0.08,
        buy: 0.80,
        price: 0.2,
    },
    Cohort {
        name: "careful researchers",
        share: 0.16,
        taste: [0.4, 0.4, 0.8, 8.0, 0.6, 0.4, 1.2, 0.4],
        pause: (4.5, 0.6),
        search: 0.70,
        browse: 0.45,
        again: 0.50,
        cart: 0.14,
        remove: 0.15,
        buy: 0.35,
        price: 0.6,
    },
    Cohort {
        name: "bargain hunters",
        share: 0.12,
        taste: [0.8, 0.5, 0.6, 0.5, 0.5, 0.5, 5.0, 6.0],
        pause: (14.0, 0.5),
        search: 0.30,
        browse: 0.60,
        again: 0.15,
        cart: 0.50,
        remove: 0.50,
        buy: 0.45,
        price: -0.9,
    },
];

/// The part of everybody's interest that goes to what everybody likes.
const COMMON: f64 = 0.25;
/// How closely a person's taste follows the cohort's (the sum of a Dirichlet's parameters).
const CLOSENESS: f64 = 20.0;
/// Deviation of a person's rates from the cohort's, in logits.
const JITTER: f64 = 0.3;

/// One user, drawn from a cohort.
#[derive(Debug)]
pub(crate) struct Person {
    pub visits: usize,
    pub last_seen: LastSeen,
    pause: (f64, f64),
    pub search: f64,
    pub browse: f64,
    pub again: f64,
    pub cart: f64,
    pub remove: f64,
    pub buy: f64,
    /// Running sums of the interest in each item.
    interest: Vec<f64>,
}

/// The cohort at this place of [0, 1).
pub(crate) fn pick(place: f64) -> usize {
    let mut end = 0.0;
    COHORTS
        .iter()
        .position(|c| {
            end += c.share;
            place < end
        })
        .unwrap_or(COHORTS.len() - 1)
}

impl Person {
    pub fn draw(cohort: &Cohort, shop: &Shop, random: &mut ChaCha8Rng) -> Self {
        let mut rate = |p: f64| {
            let draw: f64 = StandardNormal.sample(random);
            1.0 / (1.0 + (-((p / (1.0 - p)).ln() + JITTER * draw)).exp())
        };
        let (search, browse, again) =
            (rate(cohort.search), rate(cohort.browse), rate(cohort.again));
        let (cart, remove, buy) = (rate(cohort.cart), rate(cohort.remove), rate(cohort.buy));
        let taste = taste(cohort, random);
        let mut sum = 0.0;
        let interest = shop
            .items
            .iter()
            .map(|item| {
                let dear = (item.price / CATEGORIES[item.category].median_price()).ln();
                sum += taste[item.category] * item.pull * (cohort.price * dear).exp();
                sum
            })
            .collect();
        Self {
            visits: (log_normal(9.0, 0.6, random) as usize).clamp(4, 80),
            last_seen: LastSeen,
            pause: (
                cohort.pause.0 * log_normal(1.0, 0.25, random),
                cohort.pause.1,
            ),
            search,
            browse,
            again,
            cart,
            remove,
            buy,
            interest,
        }
    }

    /// Days until the next visit.
    pub fn pause(&self, random: &mut ChaCha8Rng) -> f64 {
        log_normal(self.pause.0, self.pause.1, random)
    }

    /// An item that draws this person.
    pub fn item(&self, random: &mut ChaCha8Rng) -> usize {
        let all = self.interest.last().copied().unwrap_or(0.0);
        let place = random.random::<f64>() * all;
        self.interest
            .partition_point(|&sum| sum <= place)
            .min(self.interest.len() - 1)
    }
}

/// A draw from a Dirichlet around the cohort's taste mixed with the common one.
fn taste(cohort: &Cohort, random: &mut ChaCha8Rng) -> [f64; CATEGORIES.len()] {
    let all: f64 = cohort.taste.iter().sum();
    let mut drawn = [0.0; CATEGORIES.len()];
    for (value, liking) in drawn.iter_mut().zip(cohort.taste) {
        let mean = (1.0 - COMMON) * liking / all + COMMON / CATEGORIES.len() as f64;
        *value = Gamma::new(CLOSENESS * mean, 1.0).map_or(mean, |d| d.sample(random));
    }
    drawn
}
