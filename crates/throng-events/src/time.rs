//! Times as logs write them, in milliseconds since 1970-01-01T00:00:00Z.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};

use crate::error::quoted;
use crate::number::all_digits;
use crate::{EventsError, ReadOptions};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A time as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Time {
    /// It reads one way only, whatever the order of day and month.
    Plain(i64),
    /// It is a date that can only be day first.
    DayFirst(i64),
    /// It is a date that can only be month first.
    MonthFirst(i64),
    /// It is one of two dates.
    Either {
        /// The time if the day comes first.
        day_first: i64,
        /// The time if the month comes first.
        month_first: i64,
    },
}

/// Reads times by what the caller said about them.
#[derive(Clone, Debug)]
pub(crate) struct TimeReader {
    /// Day first, month first, or not said.
    day_first: Option<bool>,
    format: Option<String>,
    /// To take from a time that says no zone.
    offset: i64,
}

impl TimeReader {
    pub(crate) fn new(options: &ReadOptions) -> Self {
        let day_first = match (options.day_first, options.month_first) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        };
        Self {
            day_first,
            format: options.time_format.clone(),
            offset: i64::from(options.utc_offset_minutes) * MINUTE,
        }
    }

    /// The time that `text`, without space around it, says; `None` if it is not one.
    pub(crate) fn read(&self, text: &str) -> Option<Time> {
        if let Some(format) = &self.format {
            return self.formatted(text, format).map(Time::Plain);
        }
        if let Some(time) = self.numeric(text) {
            return Some(Time::Plain(time));
        }
        let mut scan = Scan(text.as_bytes());
        let (date, compact) = scan.date()?;
        let (clock, zone) = scan.clock(compact)?;
        let at = |date: NaiveDate| days(date) * DAY + clock - zone.unwrap_or(self.offset);
        let on = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).map(at);
        let (a, b, year) = match date {
            Date::YearFirst(y, m, d) => return on(y, m, d).map(Time::Plain),
            Date::DayFirst(d, m, y) => return on(y, m, d).map(Time::Plain),
            Date::Either(a, b, y) => (a, b, y),
        };
        let (day_first, month_first) = (on(year, b, a), on(year, a, b));
        match self.day_first {
            Some(true) => day_first.map(Time::Plain),
            Some(false) => month_first.map(Time::Plain),
            None => match (day_first, month_first) {
                (Some(d), Some(m)) if d == m => Some(Time::Plain(d)),
                (Some(day_first), Some(month_first)) => Some(Time::Either {
                    day_first,
                    month_first,
                }),
                (Some(d), None) => Some(Time::DayFirst(d)),
                (None, Some(m)) => Some(Time::MonthFirst(m)),
                (None, None) => None,
            },
        }
    }

    fn formatted(&self, text: &str, format: &str) -> Option<i64> {
        if let Ok(time) = DateTime::parse_from_str(text, format) {
            return Some(time.timestamp_millis());
        }
        let naive = NaiveDateTime::parse_from_str(text, format)
            .ok()
            .or_else(|| {
                NaiveDate::parse_from_str(text, format)
                    .ok()?
                    .and_hms_opt(0, 0, 0)
            })?;
        Some(naive.and_utc().timestamp_millis() - self.offset)
    }

    /// `20101201`, `201012010826`, `20101201082600`, else time since 1970 in the unit that its size tells: seconds
    /// below 1e11 (the year 5138), milliseconds below 1e14, microseconds below 1e17, else nanoseconds.
    fn numeric(&self, text: &str) -> Option<i64> {
        let id = crate::number::id(text);
        let digits = id.strip_prefix('-').unwrap_or(id);
        if all_digits(digits) {
            if let Some(time) = self.compact(id) {
                return Some(time);
            }
            let since: i64 = id.parse().ok()?;
            return match since.unsigned_abs() {
                0..100_000_000_000 => Some(since * 1000),
                100_000_000_000..100_000_000_000_000 => Some(since),
                100_000_000_000_000..100_000_000_000_000_000 => Some(since.div_euclid(1000)),
                _ => Some(since.div_euclid(1_000_000)),
            };
        }
        // A fraction of a second. A small number with a point is rather something else, cut off.
        let like_a_number =
            |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-');
        if !text.bytes().all(like_a_number) || text.matches('-').count() > 1 {
            return None;
        }
        let since: f64 = text.parse().ok()?;
        let milliseconds = match since.abs() {
            1e8..1e11 => since * 1e3,
            1e11..1e14 => since,
            1e14..1e17 => since / 1e3,
            1e17..9e18 => since / 1e6,
            _ => return None,
        };
        Some(milliseconds.round() as i64)
    }

    /// Digits that are a calendar day of 1970 to 2099, with hours and minutes or not.
    fn compact(&self, digits: &str) -> Option<i64> {
        if !matches!(digits.len(), 8 | 12 | 14)
            || !matches!(&digits[..2], "19" | "20")
            || digits < "197"
        {
            return None;
        }
        let part = |at: usize, n: usize| {
            digits
                .get(at..at + n)
                .map_or(Some(0), |t| t.parse::<u32>().ok())
        };
        let date = NaiveDate::from_ymd_opt(part(0, 4)? as i32, part(4, 2)?, part(6, 2)?)?;
        let (h, m, s) = (part(8, 2)?, part(10, 2)?, part(12, 2)?);
        (h < 24 && m < 60 && s < 60).then(|| {
            days(date) * DAY + i64::from(h) * HOUR + i64::from(m) * MINUTE + i64::from(s) * SECOND
                - self.offset
        })
    }
}

/// A day without its time.
#[derive(Clone, Copy, Debug)]
enum Date {
    YearFirst(i32, u32, u32),
    /// With points between, which nobody writes month first.
    DayFirst(u32, u32, i32),
    Either(u32, u32, i32),
}

fn days(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - 719_163
}

/// What is left of a text.
struct Scan<'a>(&'a [u8]);

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> Option<u8> {
        let byte = self.peek().filter(|&b| wanted(b))?;
        self.0 = &self.0[1..];
        Some(byte)
    }

    fn spaces(&mut self) {
        while self.take(|b| b == b' ').is_some() {}
    }

    /// As many digits as there are, up to `most`: how many, and their number.
    fn digits(&mut self, most: usize) -> (usize, u32) {
        let (mut n, mut value) = (0, 0);
        while n < most
            && let Some(byte) = self.take(|b| b.is_ascii_digit())
        {
            value = value * 10 + u32::from(byte - b'0');
            n += 1;
        }
        (n, value)
    }

    /// One or two digits.
    fn short(&mut self) -> Option<u32> {
        let (n, value) = self.digits(2);
        (n > 0).then_some(value)
    }

    /// A date, and whether it was eight digits without a separator.
    fn date(&mut self) -> Option<(Date, bool)> {
        let (n, first) = self.digits(8);
        if n == 8 {
            return Some((
                Date::YearFirst((first / 10_000) as i32, first / 100 % 100, first % 100),
                true,
            ));
        }
        let separator = self.take(|b| matches!(b, b'-' | b'/' | b'.'))?;
        let second = self.short()?;
        self.take(|b| b == separator)?;
        if n == 4 {
            return Some((Date::YearFirst(first as i32, second, self.short()?), false));
        }
        if n == 0 || n > 2 {
            return None;
        }
        let year = match self.digits(4) {
            (4, year) => year as i32,
            // As POSIX has it.
            (2, year) => year as i32 + if year < 69 { 2000 } else { 1900 },
            _ => return None,
        };
        Some((
            if separator == b'.' {
                Date::DayFirst(first, second, year)
            } else {
                Date::Either(first, second, year)
            },
            false,
        ))
    }

    /// The time of day and the zone's offset, in milliseconds, to the end of the text; midnight if there is nothing.
    fn clock(&mut self, compact: bool) -> Option<(i64, Option<i64>)> {
        if self.peek().is_none() {
            return Some((0, None));
        }
        self.take(|b| b == b',');
        self.take(|b| matches!(b, b'T' | b't' | b' ' | b'_'))?;
        self.spaces();
        let (n, first) = self.digits(if compact { 6 } else { 2 });
        let (mut hour, minute, second) = match n {
            6 => (first / 10_000, first / 100 % 100, first % 100),
            4 => (first / 100, first % 100, 0),
            1 | 2 => {
                let meridiem = matches!(self.peek(), Some(b' ' | b'A' | b'a' | b'P' | b'p'));
                let minute = match self.take(|b| b == b':') {
                    Some(_) => self.short()?,
                    None if compact || meridiem => 0,
                    None => return None,
                };
                let second = if self.take(|b| b == b':').is_some() {
                    self.short()?
                } else {
                    0
                };
                (first, minute, second)
            }
            _ => return None,
        };
        let mut fraction = 0;
        if self.take(|b| matches!(b, b'.' | b',')).is_some() {
            let (n, value) = self.digits(3);
            if n == 0 {
                return None;
            }
            fraction = i64::from(value) * 10_i64.pow(3 - n as u32);
            while self.take(|b| b.is_ascii_digit()).is_some() {}
        }
        self.spaces();
        if let Some(letter) = self
            .peek()
            .map(|b| b.to_ascii_uppercase())
            .filter(|b| matches!(b, b'A' | b'P'))
        {
            if !(self.0.get(1).is_some_and(|b| b.eq_ignore_ascii_case(&b'M'))
                && (1..=12).contains(&hour))
            {
                return None;
            }
            self.0 = &self.0[2..];
            hour = hour % 12 + if letter == b'P' { 12 } else { 0 };
            self.spaces();
        }
        // 60 is a leap second.
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let zone = match self.0 {
            [] => None,
            rest => Some(i64::from(offset_minutes(std::str::from_utf8(rest).ok()?)?) * MINUTE),
        };
        Some((
            i64::from(hour) * HOUR
                + i64::from(minute) * MINUTE
                + i64::from(second) * SECOND
                + fraction,
            zone,
        ))
    }
}

/// Minutes east of UTC of `Z`, `UTC`, `GMT`, `+02:00`, `+0200` or `+2`.
pub(crate) fn offset_minutes(text: &str) -> Option<i32> {
    if ["Z", "UTC", "GMT"]
        .iter()
        .any(|name| text.eq_ignore_ascii_case(name))
    {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = match text[1..].split_once(':') {
        Some((h, m)) if m.len() == 2 => (h, m),
        Some(_) => return None,
        None if text.len() == 5 => text[1..].split_at_checked(2)?,
        None => (&text[1..], "0"),
    };
    if !all_digits(hours) || hours.len() > 2 || !all_digits(minutes) {
        return None;
    }
    let (h, m): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (h < 24 && m < 60).then_some(sign * (h * 60 + m))
}

/// The time that `text` says, read as those of a log are, in milliseconds since 1970.
///
/// # Errors
/// [`EventsError::Option`] if it says none, or one of two days.
pub fn parse_time(text: &str, options: &ReadOptions) -> Result<i64, EventsError> {
    match TimeReader::new(options).read(text.trim()) {
        Some(Time::Plain(time) | Time::DayFirst(time) | Time::MonthFirst(time)) => Ok(time),
        Some(Time::Either { .. }) => Err(no_time("may be one of two days", text)),
        None => Err(no_time("is no time", text)),
    }
}

fn no_time(problem: &str, text: &str) -> EventsError {
    EventsError::Option {
        option: "time",
        message: format!(
            "{} {problem}; write it as 2011-09-10 or 2011-09-10T12:00:00Z",
            quoted(text)
        ),
    }
}

/// A time in ISO 8601, UTC: `2010-12-01T08:26:00Z`, with milliseconds where there are any. Times too far off for a
/// calendar are given as they are.
#[must_use]
pub fn format_time(milliseconds: i64) -> String {
    match DateTime::from_timestamp_millis(milliseconds) {
        Some(time) if time.nanosecond() == 0 => time.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Some(time) => time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        None => milliseconds.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn reader(change: impl FnOnce(&mut ReadOptions)) -> TimeReader {
        let mut options = ReadOptions::default();
        change(&mut options);
        TimeReader::new(&options)
    }

    /// What GNU date says of 2010-12-01T08:26:00Z.
    const AT: i64 = 1_291_191_960_000;
    const MIDNIGHT: i64 = 1_291_161_600_000;

    #[test]
    fn one_reading() {
        let reader = reader(|_| {});
        for (text, expected) in [
            ("2010-12-01T08:26:00Z", AT),
            ("2010-12-01 08:26:00", AT),
            ("2010-12-01 08:26", AT),
            ("2010-12-01 8:26", AT),
            ("2010-12-01T08:26:00.5Z", AT + 500),
            ("2010-12-01T08:26:00.123456789", AT + 123),
            ("2010-12-01T08:26:00,250", AT + 250),
            ("2010-12-01 08:26:00 UTC", AT),
            ("2010-12-01T09:26:00+01:00", AT),
            ("2010-12-01T09:26:00+0100", AT),
            ("2010-12-01T03:26:00-05", AT),
            ("2010-12-01 08:26:00 AM", AT),
            ("2010/12/01 08:26", AT),
            ("20101201T082600Z", AT),
            ("20101201T0826", AT),
            ("201012010826", AT),
            ("20101201082600", AT),
            ("20101201", MIDNIGHT),
            ("20101201.0", MIDNIGHT),
            ("2010-12-01", MIDNIGHT),
            ("01.12.2010", MIDNIGHT),
            ("1.12.10 8:26", AT),
            ("1291191960", AT),
            ("1291191960.0", AT),
            ("1291191960.25", AT + 250),
            ("1.29119196e9", AT),
            ("1291191960000", AT),
            ("1291191960000000", AT),
            ("1291191960000000000", AT),
            ("-1000", -1_000_000),
            ("978300760", 978_300_760_000),
        ] {
            assert_eq!(reader.read(text), Some(Time::Plain(expected)), "{text}");
        }
    }

    #[test]
    fn no_time() {
        let reader = reader(|_| {});
        for text in [
            "",
            "abc",
            "2010-13-01",
            "2010-02-30",
            "2010-12-01T",
            "2010-12-01T25:00",
            "2010-12-01 08:61",
            "2010-12",
            "2010-12-01 08:26 XM",
            "2010-12-01 13:26 PM",
            "2010-12-01 08:26:00 Mars",
            "13/13/2010",
            "1/2/3",
            "2.55",
            "1-2",
            "99999999999999999999",
            "2010-12-01 08",
            "2010-12/01",
            "1e5",
            "+",
            "日本",
            "2010-12-01T08:26:00+25:00",
        ] {
            assert_eq!(reader.read(text), None, "{text}");
        }
    }

    #[test]
    fn day_and_month() {
        let (unsaid, day, month) = (
            reader(|_| {}),
            reader(|o| o.day_first = true),
            reader(|o| o.month_first = true),
        );
        let january = 1_294_734_360_000 - 10 * DAY + DAY * 11; // 2011-01-12T08:26:00Z
        assert_eq!(format_time(january), "2011-01-12T08:26:00Z");
        let december = 1_322_727_960_000; // 2011-12-01T08:26:00Z
        assert_eq!(format_time(december), "2011-12-01T08:26:00Z");
        let text = "01/12/2011 08:26";
        assert_eq!(
            unsaid.read(text),
            Some(Time::Either {
                day_first: december,
                month_first: january
            })
        );
        assert_eq!(day.read(text), Some(Time::Plain(december)));
        assert_eq!(month.read(text), Some(Time::Plain(january)));
        assert_eq!(month.read("1/12/2011 8:26 AM"), Some(Time::Plain(january)));
        assert_eq!(month.read("1-12-11 8:26"), Some(Time::Plain(january)));
        assert!(matches!(unsaid.read("13/12/2011"), Some(Time::DayFirst(_))));
        assert!(matches!(
            unsaid.read("12/13/2011"),
            Some(Time::MonthFirst(_))
        ));
        assert!(matches!(unsaid.read("12/12/2011"), Some(Time::Plain(_))));
        assert_eq!(day.read("12/13/2011"), None);
    }

    #[test]
    fn noon_and_midnight() {
        let reader = reader(|_| {});
        assert_eq!(
            reader.read("2010-12-01 12:00 AM"),
            Some(Time::Plain(MIDNIGHT))
        );
        assert_eq!(
            reader.read("2010-12-01 12:00 PM"),
            Some(Time::Plain(MIDNIGHT + 12 * HOUR))
        );
        assert_eq!(
            reader.read("2010-12-01 8 pm"),
            Some(Time::Plain(MIDNIGHT + 20 * HOUR))
        );
    }

    #[test]
    fn zones_are_said_or_utc() {
        let berlin = reader(|o| o.utc_offset_minutes = 60);
        assert_eq!(berlin.read("2010-12-01 09:26"), Some(Time::Plain(AT)));
        assert_eq!(berlin.read("2010-12-01 08:26Z"), Some(Time::Plain(AT)));
        assert_eq!(berlin.read("201012010926"), Some(Time::Plain(AT)));
        assert_eq!(
            berlin.read("1291191960"),
            Some(Time::Plain(AT)),
            "time since 1970 has no zone"
        );
        for (text, minutes) in [
            ("Z", 0),
            ("+02:00", 120),
            ("-0530", -330),
            ("+2", 120),
            ("utc", 0),
        ] {
            assert_eq!(crate::parse_utc_offset(text).unwrap(), minutes, "{text}");
        }
        assert_eq!(
            crate::parse_utc_offset("Berlin").unwrap_err().to_string(),
            "time zone must be UTC or an offset like +02:00, not \"Berlin\""
        );
    }

    #[test]
    fn a_time_by_itself() {
        let options = ReadOptions::default();
        assert_eq!(parse_time(" 1970-01-02 ", &options).unwrap(), DAY);
        assert_eq!(parse_time("1970-01-01T01:00:00Z", &options).unwrap(), HOUR);
        for (wrong, words) in [("soon", "is no time"), ("02/03/2011", "one of two days")] {
            let line = parse_time(wrong, &options).unwrap_err().to_string();
            assert!(line.contains(words), "{line}");
        }
        let day_first = ReadOptions {
            day_first: true,
            ..options
        };
        assert_eq!(parse_time("02/01/1970", &day_first).unwrap(), DAY);
    }

    #[test]
    fn own_format() {
        let own = reader(|o| o.time_format = Some("%d %b %Y, %H.%M".to_owned()));
        assert_eq!(own.read("01 Dec 2010, 08.26"), Some(Time::Plain(AT)));
        assert_eq!(own.read("2010-12-01 08:26"), None);
        let day = reader(|o| o.time_format = Some("%d-%b-%y".to_owned()));
        assert_eq!(day.read("01-Dec-10"), Some(Time::Plain(MIDNIGHT)));
        let zoned = reader(|o| o.time_format = Some("%d %b %Y %H:%M %z".to_owned()));
        assert_eq!(zoned.read("01 Dec 2010 09:26 +0100"), Some(Time::Plain(AT)));
    }
}
