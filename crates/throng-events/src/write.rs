//! Writing a log.

use std::io::{self, Write};

use crate::{Event, EventLog, EventsError, format_time};

/// Writes a log as CSV that [`crate::read`] reads back: `user_id`, `event_time`, `event_type`, and of `product_id`,
/// `product`, `category`, `quantity`, `price` and `session_id` those that some event has. Where money is no price
/// times a quantity to the last bit, `value` stands in the place of `price`.
///
/// Text is written as it is. This is data to be read by programs: a product named like a formula stays so.
///
/// # Errors
/// [`EventsError::Write`] if `out` does not take it.
pub fn write_csv(log: &EventLog, out: impl Write) -> Result<(), EventsError> {
    let any = |has: fn(&Event) -> bool| log.events.iter().any(has);
    let prices: Option<Vec<Option<f64>>> = log.events.iter().map(price).collect();
    let money = if prices.is_some() { "price" } else { "value" };
    let present = [
        true,
        true,
        true,
        any(|e| e.item.is_some()),
        any(|e| e.text.is_some()),
        any(|e| e.category.is_some()),
        any(|e| e.quantity.is_some()),
        any(|e| e.value.is_some()),
        any(|e| e.session.is_some()),
    ];
    let header = [
        "user_id",
        "event_time",
        "event_type",
        "product_id",
        "product",
        "category",
        "quantity",
        money,
        "session_id",
    ];
    let number = |value: Option<f64>| value.map(|v| v.to_string()).unwrap_or_default();
    let write = || -> Result<(), csv::Error> {
        let mut csv = csv::Writer::from_writer(out);
        let chosen = |cells: [&str; 9]| -> Vec<Vec<u8>> {
            cells
                .iter()
                .zip(present)
                .filter(|(_, p)| *p)
                .map(|(c, _)| c.as_bytes().to_vec())
                .collect()
        };
        csv.write_record(chosen(header))?;
        for (user, id) in log.users.iter().enumerate() {
            for at in log.offsets[user]..log.offsets[user + 1] {
                let event = &log.events[at];
                let money = prices.as_ref().map_or(event.value, |prices| prices[at]);
                csv.write_record(chosen([
                    id,
                    &format_time(event.time),
                    log.actions.name(event.action),
                    event.item.map_or("", |s| log.items.name(s)),
                    event.text.map_or("", |s| log.texts.name(s)),
                    event.category.map_or("", |s| log.categories.name(s)),
                    &number(event.quantity),
                    &number(money),
                    event.session.map_or("", |s| log.sessions.name(s)),
                ]))?;
            }
        }
        Ok(csv.flush()?)
    };
    write().map_err(|error| EventsError::Write {
        file: "the log".to_owned(),
        source: io::Error::from(error),
    })
}

/// The price that gives an event's value back when it is multiplied by the quantity. The outer `None`: there is none.
fn price(event: &Event) -> Option<Option<f64>> {
    let Some(value) = event.value else {
        return Some(None);
    };
    let quantity = event.quantity.unwrap_or(1.0);
    let near = value / quantity;
    // Money mostly has two decimals, and a person reads them rather than the last bit.
    let round = (near * 100.0).round() / 100.0;
    [round, near, near.next_up(), near.next_down()]
        .into_iter()
        .find(|&p| p > 0.0 && p * quantity == value)
        .map(Some)
}
