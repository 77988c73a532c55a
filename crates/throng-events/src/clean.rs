//! From rows to a log: what needs all rows to be known.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use crate::number::all_digits;
use crate::{CleanOptions, Dropped, Event, EventLog, Reason, Symbols};

/// Stands in a row that says no action until the log's default is known.
pub(crate) const NO_ACTION: u32 = u32::MAX;

/// A row that parsed, and has a user and a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub event: Event,
    pub price: Option<f64>,
    pub user: u32,
    pub file: u32,
    pub line: u64,
}

/// The names that rows speak of by number.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub users: Symbols,
    pub actions: Symbols,
    pub items: Symbols,
    pub texts: Symbols,
    pub categories: Symbols,
    pub sessions: Symbols,
}

pub(crate) struct Cleaned {
    pub log: EventLog,
    pub note: Option<String>,
}

/// Cleans rows by `options` and makes a log of them. A row without an action has `default_action`.
pub(crate) fn clean(
    mut rows: Vec<Row>,
    mut tables: Tables,
    options: &CleanOptions,
    default_action: &str,
    dropped: &mut Dropped,
) -> Cleaned {
    let (by_session, note) = cancelled_sessions(&tables.sessions);
    if rows.iter().any(|row| row.event.action == NO_ACTION) {
        let action = tables.actions.intern(default_action);
        rows.iter_mut()
            .filter(|row| row.event.action == NO_ACTION)
            .for_each(|row| row.event.action = action);
    }
    let by_action: Vec<bool> = tables
        .actions
        .names()
        .iter()
        .map(|name| cancels(name))
        .collect();
    let excluded: HashSet<u32> = options
        .exclude_items
        .iter()
        .filter_map(|item| tables.items.get(crate::number::id(item.trim())))
        .collect();

    let mut cancellations = Vec::new();
    rows.retain(|row| {
        let event = &row.event;
        let reason = if by_action[event.action as usize]
            || event.session.is_some_and(|s| by_session[s as usize])
        {
            cancellations.push(*row);
            Reason::Cancellation
        } else if event.quantity.is_some_and(|q| q <= 0.0) {
            Reason::NonPositiveQuantity
        } else if row.price.is_some_and(|p| p <= 0.0) {
            Reason::NonPositivePrice
        } else if event.item.is_some_and(|i| excluded.contains(&i)) {
            Reason::ExcludedItem
        } else {
            return true;
        };
        dropped.add(row.file, row.line, reason, "");
        false
    });

    renumber(&mut rows, &mut cancellations, &mut tables);
    rows.sort_unstable_by(order);
    if options.cancelled_sales {
        cancellations.sort_unstable_by(order);
        let undone = undone(&rows, &cancellations);
        keep(&mut rows, dropped, Reason::CancelledSale, |i, _| {
            !undone.contains(&i)
        });
    }
    if let Some(window) = options.collapse_repeats {
        let mut last: HashMap<(u32, u32, Option<u32>, Option<u32>), i64> = HashMap::new();
        keep(&mut rows, dropped, Reason::CollapsedRepeat, |_, row| {
            let event = &row.event;
            let text = if event.item.is_none() {
                event.text
            } else {
                None
            };
            let key = (row.user, event.action, event.item, text);
            let repeats = last
                .get(&key)
                .is_some_and(|&at| event.time.saturating_sub(at) <= window);
            if !repeats {
                last.insert(key, event.time);
            }
            !repeats
        });
    }
    let mut events = vec![0_usize; tables.users.len()];
    rows.iter().for_each(|row| events[row.user as usize] += 1);
    keep(&mut rows, dropped, Reason::BelowMinEvents, |_, row| {
        events[row.user as usize] >= options.min_events
    });
    Cleaned {
        log: log(&rows, tables),
        note,
    }
}

/// Keeps the rows that `wanted` says, asked in order; lists the others.
fn keep(
    rows: &mut Vec<Row>,
    dropped: &mut Dropped,
    reason: Reason,
    mut wanted: impl FnMut(usize, &Row) -> bool,
) {
    let mut place = 0;
    rows.retain(|row| {
        let wanted = wanted(place, row);
        place += 1;
        if !wanted {
            dropped.add(row.file, row.line, reason, "");
        }
        wanted
    });
}

/// Which sessions are cancellations: where most are numbers, those that are a number after a `C`.
fn cancelled_sessions(sessions: &Symbols) -> (Vec<bool>, Option<String>) {
    let cancelled = |name: &String| name.strip_prefix('C').is_some_and(all_digits);
    let plain = sessions
        .names()
        .iter()
        .filter(|name| all_digits(name))
        .count();
    let flags: Vec<bool> = sessions.names().iter().map(cancelled).collect();
    let count = flags.iter().filter(|&&c| c).count();
    if count == 0 || plain <= count {
        return (vec![false; flags.len()], None);
    }
    let note = format!(
        "{count} sessions are a C and a number, where {plain} are a number: taken as cancellations"
    );
    (flags, Some(note))
}

/// Whether an action of this name takes another back.
fn cancels(action: &str) -> bool {
    const WORDS: [&str; 7] = [
        "cancel",
        "cancelled",
        "canceled",
        "cancellation",
        "refund",
        "refunded",
        "return",
    ];
    const MORE: [&str; 3] = ["returned", "returns", "refunds"];
    let plain: String = action
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    let bare = ["order", "purchase", "item", "product"]
        .iter()
        .find_map(|noun| {
            plain
                .strip_prefix(noun)
                .or_else(|| plain.strip_suffix(noun))
        })
        .unwrap_or(&plain);
    WORDS.iter().chain(&MORE).any(|word| *word == bare)
}

/// Numbers all names in their order, so that rows can be compared by number.
fn renumber(rows: &mut [Row], cancellations: &mut [Row], tables: &mut Tables) {
    let users = tables.users.sort();
    let actions = tables.actions.sort();
    let items = tables.items.sort();
    let texts = tables.texts.sort();
    let categories = tables.categories.sort();
    let sessions = tables.sessions.sort();
    let new = |table: &[u32], symbol: &mut Option<u32>| *symbol = symbol.map(|s| table[s as usize]);
    for row in rows.iter_mut().chain(cancellations) {
        row.user = users[row.user as usize];
        row.event.action = actions[row.event.action as usize];
        new(&items, &mut row.event.item);
        new(&texts, &mut row.event.text);
        new(&categories, &mut row.event.category);
        new(&sessions, &mut row.event.session);
    }
}

/// By user, time, session and then by what else an event says.
fn order(a: &Row, b: &Row) -> Ordering {
    let number = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    };
    let names = |row: &Row| {
        let e = &row.event;
        (
            row.user, e.time, e.session, e.action, e.item, e.text, e.category,
        )
    };
    names(a)
        .cmp(&names(b))
        .then_with(|| number(a.event.value, b.event.value))
        .then_with(|| number(a.event.quantity, b.event.quantity))
        .then_with(|| number(a.price, b.price))
        // Only for dropped.csv: what remains equal here is equal in the log.
        .then_with(|| (a.file, a.line).cmp(&(b.file, b.line)))
}

/// The places of sales that cancellations undo: for each cancellation, the oldest first, the latest sale that is left
/// of the same user and item with the opposite quantity, not after it. Both are in order.
fn undone(sales: &[Row], cancellations: &[Row]) -> HashSet<usize> {
    type Key = (u32, Option<u32>, Option<u64>);
    let key = |row: &Row| -> Key {
        (
            row.user,
            row.event.item,
            row.event.quantity.map(|q| q.abs().to_bits()),
        )
    };
    let mut cancellations: HashMap<Key, Vec<i64>> =
        cancellations.iter().fold(HashMap::new(), |mut all, row| {
            all.entry(key(row)).or_default().push(row.event.time);
            all
        });
    let mut open: HashMap<Key, Vec<usize>> = HashMap::new();
    for (place, sale) in sales.iter().enumerate() {
        if cancellations.contains_key(&key(sale)) {
            open.entry(key(sale)).or_default().push(place);
        }
    }
    let mut out = HashSet::new();
    for (key, times) in &mut cancellations {
        let Some(open) = open.get_mut(key) else {
            continue;
        };
        times.sort_unstable();
        for &time in times.iter() {
            let before = open.partition_point(|&place| sales[place].event.time <= time);
            if before > 0 {
                out.insert(open.remove(before - 1));
            }
        }
    }
    out
}

/// The log of rows that are in order, with the names that it uses.
fn log(rows: &[Row], tables: Tables) -> EventLog {
    let mut log = EventLog {
        offsets: vec![0],
        ..EventLog::default()
    };
    log.events = rows.iter().map(|row| row.event).collect();
    for (i, run) in rows.chunk_by(|a, b| a.user == b.user).enumerate() {
        log.users.push(tables.users.name(run[0].user).to_owned());
        log.offsets.push(log.offsets[i] + run.len());
    }
    let Tables {
        actions,
        items,
        texts,
        categories,
        sessions,
        ..
    } = tables;
    let used = |table: &Symbols, of: fn(&Event) -> Option<u32>| {
        let mut used = vec![false; table.len()];
        rows.iter()
            .filter_map(|row| of(&row.event))
            .for_each(|symbol| used[symbol as usize] = true);
        used
    };
    let action;
    let (item, text, category, session);
    (log.actions, action) = narrowed(&actions, &used(&actions, |e| Some(e.action)));
    (log.items, item) = narrowed(&items, &used(&items, |e| e.item));
    (log.texts, text) = narrowed(&texts, &used(&texts, |e| e.text));
    (log.categories, category) = narrowed(&categories, &used(&categories, |e| e.category));
    (log.sessions, session) = narrowed(&sessions, &used(&sessions, |e| e.session));
    for event in &mut log.events {
        event.action = action[event.action as usize];
        event.item = event.item.map(|s| item[s as usize]);
        event.text = event.text.map(|s| text[s as usize]);
        event.category = event.category.map(|s| category[s as usize]);
        event.session = event.session.map(|s| session[s as usize]);
    }
    log.describe_items();
    log
}

/// The names that are used, in the same order, and each old number's new one.
fn narrowed(table: &Symbols, used: &[bool]) -> (Symbols, Vec<u32>) {
    let mut out = Symbols::default();
    let numbers = table
        .names()
        .iter()
        .zip(used)
        .map(|(name, &used)| if used { out.intern(name) } else { 0 })
        .collect();
    (out, numbers)
}
