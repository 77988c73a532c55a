//! A log of Online Retail's shape, with dirt in known counts.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::{Result, bail};
use csv::Writer;
use rand::seq::index;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::compare::Segmented;

/// What a run must find in a log.
#[derive(Debug)]
pub struct Expected {
    /// Customers with a line left after cleaning.
    customers: usize,
    /// Those with at least two lines.
    segmented: usize,
    /// Reason -> rows dropped by cleaning.
    dropped: BTreeMap<&'static str, usize>,
}

impl Expected {
    /// UCI Online Retail, counted by a few lines of Python.
    pub fn online_retail() -> Self {
        Self {
            customers: 4338,
            segmented: 4267,
            dropped: BTreeMap::from([
                ("duplicate", 5268),
                ("missing_user", 135_037),
                ("cancellation", 8872),
                ("non_positive_price", 40),
            ]),
        }
    }

    /// Compares with what a run wrote.
    ///
    /// # Errors
    /// If a count is another: the first that is.
    pub fn check(&self, found: &Segmented) -> Result<()> {
        let rows = |reason: &str| found.dropped.get(reason).copied().unwrap_or(0);
        // Segmenting asks for two lines, so whoever it leaves out has one.
        let customers = found.users() + rows("below_min_events");
        if customers != self.customers {
            bail!(
                "{customers} customers after cleaning, not {}",
                self.customers
            );
        }
        if found.users() != self.segmented {
            bail!(
                "{} customers with a cluster, not {}",
                found.users(),
                self.segmented
            );
        }
        for (reason, count) in &self.dropped {
            if rows(reason) != *count {
                bail!("{} rows dropped as {reason}, not {count}", rows(reason));
            }
        }
        Ok(())
    }
}

const HEADER: [&str; 8] = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
];

/// Items in the shop, in four aisles of the same length.
const ITEMS: usize = 400;
const AISLES: usize = 4;
/// Days from the first to the last.
const DAYS: u32 = 374;

/// A basket, before it has a number.
struct Basket {
    /// Minutes since 2010-12-01 00:00.
    minute: u32,
    customer: Option<usize>,
    /// Distinct items.
    items: Vec<usize>,
}

/// Writes the log of `customers` customers, every 60th of them with one line only.
pub fn write(customers: usize, out: impl Write) -> Result<Expected> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut baskets = Vec::new();
    for customer in 0..customers {
        baskets.extend(shop(customer, &mut rng));
    }
    // A quarter of the real log has no customer.
    for _ in 0..baskets.len() / 6 {
        let items = index::sample(&mut rng, ITEMS, 12).into_vec();
        baskets.push(Basket {
            minute: rng.random_range(0..DAYS * 1440),
            customer: None,
            items,
        });
    }
    baskets.sort_by_key(|basket| (basket.minute, basket.customer));

    let mut log = Log {
        writer: Writer::from_writer(out),
        lines: 0,
        dropped: BTreeMap::new(),
    };
    log.writer.write_record(HEADER)?;
    for (number, basket) in baskets.iter().enumerate() {
        log.basket(536_365 + number, basket, &mut rng)?;
    }
    log.writer.flush()?;
    Ok(Expected {
        customers,
        segmented: customers - customers.div_ceil(60),
        dropped: log.dropped,
    })
}

/// The baskets of a customer: which aisle, how often, how many items and when is the cohort's habit.
fn shop(customer: usize, rng: &mut ChaCha8Rng) -> Vec<Basket> {
    let cohort = customer % AISLES;
    let once = customer.is_multiple_of(60);
    let baskets = if once {
        1
    } else {
        rng.random_range(1..=2 + 3 * cohort)
    };
    let aisle = ITEMS / AISLES;
    let mut shopped = Vec::new();
    for _ in 0..baskets {
        let lines = if once {
            1
        } else {
            rng.random_range(2..=6 + 6 * (AISLES - cohort))
        };
        let day = rng.random_range(0..DAYS / 2) + DAYS / 2 * (cohort as u32 / 2);
        let minute = day * 1440 + rng.random_range(0..240) + 540 + 240 * (cohort as u32 % 2);
        let items = index::sample(rng, aisle, lines).into_iter();
        // One item in five is from anywhere in the shop.
        let items = items.map(|item| {
            if rng.random_bool(0.2) {
                rng.random_range(0..ITEMS)
            } else {
                cohort * aisle + item
            }
        });
        let mut items: Vec<usize> = items.collect();
        items.sort_unstable();
        items.dedup();
        shopped.push(Basket {
            minute,
            customer: Some(customer),
            items,
        });
    }
    // Two items may have become one: a customer who shops more than once keeps at least two lines.
    if !once
        && shopped
            .iter()
            .map(|basket| basket.items.len())
            .sum::<usize>()
            < 2
    {
        shopped[0].items = vec![cohort * aisle, cohort * aisle + 1];
    }
    shopped
}

struct Log<W: Write> {
    writer: Writer<W>,
    /// Good lines so far.
    lines: usize,
    dropped: BTreeMap<&'static str, usize>,
}

impl<W: Write> Log<W> {
    fn basket(&mut self, number: usize, basket: &Basket, rng: &mut ChaCha8Rng) -> Result<()> {
        for &item in &basket.items {
            let quantity = f64::from(rng.random_range(1..=24_u32));
            let good = row(
                &number.to_string(),
                item,
                quantity,
                basket.minute,
                basket.customer,
            );
            self.writer.write_record(&good)?;
            if basket.customer.is_none() {
                *self.dropped.entry("missing_user").or_default() += 1;
                continue;
            }
            self.lines += 1;
            self.dirt(number, item, quantity, basket, &good)?;
        }
        Ok(())
    }

    /// After some of the good lines, one that cleaning takes out.
    fn dirt(
        &mut self,
        number: usize,
        item: usize,
        quantity: f64,
        basket: &Basket,
        good: &[String; 8],
    ) -> Result<()> {
        let line = self.lines;
        let number = number.to_string();
        let with = |column: usize, value: &str| {
            let mut row = row(&number, item, quantity, basket.minute, basket.customer);
            row[column] = value.to_owned();
            row
        };
        for (every, reason, row) in [
            (100, "duplicate", good.clone()),
            (
                45,
                "cancellation",
                row(
                    &format!("C{number}"),
                    item,
                    -quantity,
                    basket.minute + 90,
                    basket.customer,
                ),
            ),
            (501, "non_positive_price", with(5, "0.0")),
            (703, "non_positive_quantity", with(3, "-3.0")),
            (997, "unparsed", with(4, "some day in May")),
            (1009, "missing_time", with(4, "")),
        ] {
            if line.is_multiple_of(every) {
                self.writer.write_record(&row)?;
                *self.dropped.entry(reason).or_default() += 1;
            }
        }
        Ok(())
    }
}

fn row(
    number: &str,
    item: usize,
    quantity: f64,
    minute: u32,
    customer: Option<usize>,
) -> [String; 8] {
    [
        number.to_owned(),
        if item.is_multiple_of(7) {
            format!("{}A", 20_000 + item)
        } else {
            (20_000 + item).to_string()
        },
        description(item),
        format!("{quantity:?}"),
        time(minute),
        format!("{:?}", 0.25 + 0.05 * (item % 90) as f64),
        customer.map_or(String::new(), |customer| format!("{}.0", 12_346 + customer)),
        if item.is_multiple_of(11) {
            "France"
        } else {
            "United Kingdom"
        }
        .to_owned(),
    ]
}

/// Names as shops have them, and some that try to break out of a table or a page.
fn description(item: usize) -> String {
    match item % 50 {
        0 => format!("SIGN \"HOME, SWEET HOME\" {item}"),
        1 => format!("</script><b>MUG {item}</b>"),
        2 => format!("=cmd() TIN {item}"),
        3 => format!("CAFÉ £5 CUP {item}"),
        4 => format!("TWO LINES\nOF CARD {item}"),
        aisle => format!(
            "{} No {item}",
            ["LANTERN", "BUNTING", "CAKE STAND", "LUNCH BAG"][aisle % 4]
        ),
    }
}

/// `2010-12-01 00:00:00` and so many minutes.
fn time(minute: u32) -> String {
    const MONTHS: [(u32, u32, u32); 14] = [
        (2010, 12, 31),
        (2011, 1, 31),
        (2011, 2, 28),
        (2011, 3, 31),
        (2011, 4, 30),
        (2011, 5, 31),
        (2011, 6, 30),
        (2011, 7, 31),
        (2011, 8, 31),
        (2011, 9, 30),
        (2011, 10, 31),
        (2011, 11, 30),
        (2011, 12, 31),
        (2012, 1, 31),
    ];
    let mut day = minute / 1440;
    let mut months = MONTHS.into_iter();
    let (year, month) = loop {
        match months.next() {
            Some((year, month, days)) if day < days => break (year, month),
            Some((_, _, days)) => day -= days,
            None => break (2012, 1),
        }
    };
    format!(
        "{year}-{month:02}-{:02} {:02}:{:02}:00",
        day + 1,
        minute / 60 % 24,
        minute % 60
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;

    use super::*;

    fn log() -> (Vec<csv::StringRecord>, Expected) {
        let mut text = Vec::new();
        let expected = write(200, &mut text).unwrap();
        (
            csv::Reader::from_reader(&text[..])
                .records()
                .map(Result::unwrap)
                .collect(),
            expected,
        )
    }

    /// Cleans by the rules of the README, written a second time.
    #[test]
    fn the_dirt_is_in_the_counts_it_says() {
        let (rows, expected) = log();
        let mut counts = BTreeMap::<&str, usize>::new();
        let mut users = BTreeMap::<String, usize>::new();
        let mut seen = BTreeSet::new();
        for row in &rows {
            let number = |column: usize| row[column].parse::<f64>().unwrap();
            let reason = if !seen.insert(row.iter().map(str::to_owned).collect::<Vec<_>>()) {
                "duplicate"
            } else if row[6].is_empty() {
                "missing_user"
            } else if row[4].is_empty() {
                "missing_time"
            } else if !row[4].starts_with("201") {
                "unparsed"
            } else if row[0].starts_with('C') {
                "cancellation"
            } else if number(3) <= 0.0 {
                "non_positive_quantity"
            } else if number(5) <= 0.0 {
                "non_positive_price"
            } else {
                *users.entry(row[6].to_owned()).or_default() += 1;
                continue;
            };
            *counts.entry(reason).or_default() += 1;
        }
        assert_eq!(counts, expected.dropped);
        assert_eq!(users.len(), expected.customers);
        assert_eq!(
            users.values().filter(|lines| **lines >= 2).count(),
            expected.segmented
        );
        assert_eq!(expected.dropped.len(), 7, "every kind of dirt is there");
    }

    #[test]
    fn the_same_log_every_time() {
        let (mut one, mut two) = (Vec::new(), Vec::new());
        write(50, &mut one).unwrap();
        write(50, &mut two).unwrap();
        assert_eq!(one, two);
    }

    #[test]
    fn times_are_on_the_calendar() {
        assert_eq!(time(0), "2010-12-01 00:00:00");
        assert_eq!(time(31 * 1440 - 1), "2010-12-31 23:59:00");
        assert_eq!(time((31 + 31 + 27) * 1440 + 61), "2011-02-28 01:01:00");
        assert_eq!(time((31 + 31 + 28) * 1440), "2011-03-01 00:00:00");
    }

    #[test]
    fn each_expectation_can_fail() {
        let expected = Expected {
            customers: 3,
            segmented: 1,
            dropped: [("duplicate", 2)].into(),
        };
        let dir = crate::cmd::scratch("test-expected").unwrap();
        std::fs::write(dir.join("embeddings.npy"), "").unwrap();
        let check = |users: &[usize], reasons: &[&str]| {
            let clusters: String = users.iter().map(|user| format!("{user},0\n")).collect();
            let dropped: String = reasons
                .iter()
                .map(|reason| format!("1,{reason}\n"))
                .collect();
            std::fs::write(
                dir.join("clusters.csv"),
                format!("user,cluster\n{clusters}"),
            )
            .unwrap();
            std::fs::write(dir.join("dropped.csv"), format!("line,reason\n{dropped}")).unwrap();
            expected.check(&Segmented::read(&dir).unwrap())
        };
        let (few, duplicate) = ("below_min_events", "duplicate");
        check(&[1], &[few, few, duplicate, duplicate]).unwrap();
        assert!(check(&[1], &[few, duplicate, duplicate]).is_err());
        assert!(check(&[1, 2], &[few, duplicate, duplicate]).is_err());
        assert!(check(&[1], &[few, few, duplicate]).is_err());
    }
}
