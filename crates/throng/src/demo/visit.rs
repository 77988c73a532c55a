//! One visit: a walk through the funnel.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::cohorts::Person;
use super::shop::Shop;
use super::{DemoRow, MINUTE, log_normal};

/// The most items looked at in one visit.
const PATIENCE: usize = 12;

/// Appends the rows of a visit that begins at `start`.
pub(crate) fn walk(
    user: usize,
    start: i64,
    person: &Person,
    shop: &Shop,
    random: &mut ChaCha8Rng,
    rows: &mut Vec<DemoRow>,
) {
    debug_assert!(!shop.items.is_empty());
    let mut time = start;
    let mut tell = |action, item, random: &mut ChaCha8Rng| {
        rows.push(DemoRow {
            user,
            time,
            action,
            item,
        });
        time += (log_normal(0.8, 0.7, random) * MINUTE as f64) as i64 + 1_000;
    };
    if random.random_bool(person.search) {
        tell("search", None, random);
    }
    let mut cart: Vec<usize> = Vec::new();
    let mut item = person.item(random);
    for _ in 0..PATIENCE {
        tell("view", Some(item), random);
        if random.random_bool(person.cart) && !cart.contains(&item) {
            tell("cart", Some(item), random);
            cart.push(item);
            if random.random_bool(person.remove) {
                tell("remove", cart.pop(), random);
            }
        }
        if random.random_bool(person.again) {
            continue;
        }
        if !random.random_bool(person.browse) {
            break;
        }
        item = person.item(random);
    }
    if !cart.is_empty() && random.random_bool(person.buy) {
        for item in cart {
            tell("purchase", Some(item), random);
        }
    }
}
