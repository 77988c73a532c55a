//! The words for behaviour in each language: what is done, to what, for how much and how long after.

use std::borrow::Cow;

use crate::Language;
use crate::vocabulary::SPECIAL;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;
const YEAR: i64 = 365 * DAY;

/// Below which duration each unit is used, how long it is and what it is called.
const UNITS: [(i64, i64, &str, &str); 5] = [
    (HOUR, MINUTE, "minute", "分钟"),
    (DAY, HOUR, "hour", "小时"),
    (WEEK, DAY, "day", "天"),
    (5 * WEEK, WEEK, "week", "周"),
    (YEAR, YEAR / 12, "month", "个月"),
];
/// The unit of all that is longer.
const YEARS: (i64, i64, &str, &str) = (i64::MAX, YEAR, "year", "年");

/// What logs call an action, without case and anything but letters and digits, and how it is said, before and after
/// its object.
struct Action {
    names: &'static [&'static str],
    english: (&'static str, &'static str),
    chinese: (&'static str, &'static str),
}

/// The one of which amounts are summed up.
const BUY: Action = Action {
    names: &[
        "purchase",
        "purchased",
        "buy",
        "bought",
        "order",
        "ordered",
        "transaction",
        "sale",
        "paid",
        "pay",
        "payment",
        "购买",
        "下单",
        "支付",
    ],
    english: ("bought ", ""),
    chinese: ("购买了", ""),
};

const ACTIONS: [Action; 10] = [
    Action {
        names: &[
            "view", "viewed", "pv", "pageview", "browse", "detail", "浏览",
        ],
        english: ("viewed ", ""),
        chinese: ("浏览了", ""),
    },
    Action {
        names: &["click", "clicked", "点击"],
        english: ("clicked ", ""),
        chinese: ("点击了", ""),
    },
    Action {
        names: &["search", "searched", "query", "搜索"],
        english: ("searched for ", ""),
        chinese: ("搜索了", ""),
    },
    Action {
        names: &[
            "cart",
            "addtocart",
            "addcart",
            "basket",
            "加购",
            "加入购物车",
        ],
        english: ("added ", " to the cart"),
        chinese: ("把", "加入购物车"),
    },
    Action {
        names: &["removefromcart", "removecart", "移出购物车"],
        english: ("removed ", " from the cart"),
        chinese: ("把", "移出购物车"),
    },
    Action {
        names: &[
            "fav",
            "favorite",
            "favourite",
            "wish",
            "wishlist",
            "addtowishlist",
            "like",
            "收藏",
        ],
        english: ("saved ", " for later"),
        chinese: ("收藏了", ""),
    },
    Action {
        names: &["rate", "rated", "rating", "评分"],
        english: ("rated ", ""),
        chinese: ("给", "打了分"),
    },
    Action {
        names: &["review", "reviewed", "comment", "评价"],
        english: ("reviewed ", ""),
        chinese: ("评价了", ""),
    },
    Action {
        names: &["checkout", "begincheckout", "结算"],
        english: ("went to pay for ", ""),
        chinese: ("去结算", ""),
    },
    // What an event of a log without actions and amounts is called.
    Action {
        names: &["event"],
        english: ("", ""),
        chinese: ("", ""),
    },
];

/// How an action is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verb {
    before: Cow<'static, str>,
    after: &'static str,
    /// It says something without an object: an action that is said as it was written.
    alone: bool,
    /// Its amounts are summed up.
    pub buys: bool,
}

impl Language {
    pub(crate) fn verb(self, action: &str) -> Verb {
        let name: String = action
            .chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect();
        let known = |a: &&Action| a.names.contains(&name.as_str());
        let Some(action) = ACTIONS.iter().chain([&BUY]).find(known) else {
            return Verb {
                before: format!("{} ", clean(action, usize::MAX)).into(),
                after: "",
                alone: true,
                buys: false,
            };
        };
        let (before, after) = self.choose(action.english, action.chinese);
        Verb {
            before: before.into(),
            after,
            alone: false,
            buys: std::ptr::eq(action.names, BUY.names),
        }
    }

    fn choose<T>(self, english: T, chinese: T) -> T {
        match self {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }

    /// One action on `objects`, those said and `more`, for `spent`.
    pub(crate) fn clause(
        self,
        verb: &Verb,
        objects: &[String],
        more: usize,
        spent: Option<f64>,
    ) -> String {
        let thing = self.choose("an item", "商品");
        let named: Vec<&str> = match objects {
            [one] if one.is_empty() && more == 0 && verb.alone => vec![],
            _ => objects
                .iter()
                .map(|o| if o.is_empty() { thing } else { o })
                .collect(),
        };
        let mut list = named.join(self.choose(", ", "、"));
        if more > 0 {
            list += &self.choose(format!(" and {more} more"), format!("等另外{more}件"));
        }
        let mut out = format!("{}{list}{}", verb.before, verb.after);
        if let Some(spent) = spent.and_then(number) {
            out += &self.choose(format!(" for {spent}"), format!("，共{spent}"));
        }
        out.trim_end().to_owned()
    }

    /// A thing, with what there is to say of it in brackets.
    pub(crate) fn object(self, name: &str, notes: &[String]) -> String {
        if notes.is_empty() {
            return name.to_owned();
        }
        let name = match name {
            "" => self.choose("an item", "商品"),
            name => name,
        };
        let notes = notes.join(self.choose(", ", "，"));
        self.choose(format!("{name} ({notes})"), format!("{name}（{notes}）"))
    }

    /// The clauses of one visit, so long after the visit before.
    pub(crate) fn visit(self, after: Option<i64>, clauses: &[String]) -> String {
        let clauses = clauses.join(self.choose("; ", "；"));
        let after = after.map(|pause| {
            let pause = self.duration(pause);
            self.choose(format!("{pause} later "), format!("{pause}后"))
        });
        let (after, stop) = (after.unwrap_or_default(), self.stop());
        format!("{after}{clauses}{stop}")
    }

    /// What all visits come to.
    pub(crate) fn summary(self, visits: usize, span: i64, spent: Option<f64>) -> String {
        let span = self.duration(span);
        let spent = spent
            .and_then(number)
            .map(|spent| self.choose(format!(", spent {spent}"), format!("，消费{spent}")));
        let (spent, stop) = (spent.unwrap_or_default(), self.stop());
        let visits = self.choose(
            format!("{visits} visits in {span}"),
            format!("{span}来访{visits}次"),
        );
        format!("{visits}{spent}{stop}")
    }

    /// The pause up to the moment of looking.
    pub(crate) fn silence(self, pause: i64) -> String {
        let pause = self.duration(pause);
        self.choose(
            format!("then nothing for {pause}."),
            format!("此后{pause}没有来。"),
        )
    }

    fn stop(self) -> &'static str {
        self.choose(".", "。")
    }

    /// What stands between sentences.
    pub(crate) fn between(self) -> &'static str {
        self.choose(" ", "")
    }

    /// A duration in the largest unit that says it well, rounded: minutes below an hour, hours below a day, days below
    /// a week, weeks below five, months below a year, years.
    pub(crate) fn duration(self, milliseconds: i64) -> String {
        let unit = |&&(below, ..): &&(i64, i64, &str, &str)| milliseconds < below;
        let (_, unit, english, chinese) = *UNITS.iter().find(unit).unwrap_or(&YEARS);
        let count = (milliseconds.saturating_add(unit / 2) / unit).max(1);
        let word = |words: &[&str; 12]| {
            let word = usize::try_from(count).ok().and_then(|c| words.get(c - 1));
            word.map_or_else(|| count.to_string(), ToString::to_string)
        };
        match self {
            Language::English if count == 1 => {
                let article = if english == "hour" { "an" } else { "a" };
                format!("{article} {english}")
            }
            Language::English => {
                let count = word(&[
                    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
                    "eleven", "twelve",
                ]);
                format!("{count} {english}s")
            }
            Language::Chinese => {
                let count = word(&[
                    "一", "两", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二",
                ]);
                format!("{count}{chinese}")
            }
        }
    }
}

/// A number with at most two decimals; `None` if it is not finite.
pub(crate) fn number(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    if value.abs() >= 1e15 {
        return Some(format!("{value:e}"));
    }
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    Some(if text == "-0" { "0" } else { text }.to_owned())
}

/// Text of a log on one line: white space collapsed, control and invisible characters dropped, at most `most`
/// characters, and nothing that a tokenizer would take for one of BERT's special tokens.
pub(crate) fn clean(text: &str, most: usize) -> String {
    let visible: String = text
        .chars()
        .filter(|&c| c.is_whitespace() || !(c.is_control() || invisible(c)))
        .collect();
    let mut out = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    for token in SPECIAL {
        if out.contains(token) {
            out = out.replace(token, token.trim_matches(['[', ']']));
        }
    }
    if let Some((end, _)) = out.char_indices().nth(most) {
        out.truncate(end);
        out.truncate(out.trim_end().len());
    }
    out
}

/// Characters without a shape of their own: joiners, marks of direction, byte order, tags; and what stands for text
/// that was lost.
fn invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffd}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_in_both_languages() {
        for (time, english, chinese) in [
            (0, "a minute", "一分钟"),
            (29 * MINUTE, "29 minutes", "29分钟"),
            (HOUR, "an hour", "一小时"),
            (11 * HOUR + 31 * MINUTE, "twelve hours", "十二小时"),
            (DAY, "a day", "一天"),
            (DAY + 13 * HOUR, "two days", "两天"),
            (7 * DAY, "a week", "一周"),
            (14 * DAY, "two weeks", "两周"),
            (35 * DAY, "a month", "一个月"),
            (200 * DAY, "seven months", "七个月"),
            (365 * DAY, "a year", "一年"),
            (30 * 365 * DAY, "30 years", "30年"),
        ] {
            assert_eq!(Language::English.duration(time), english);
            assert_eq!(Language::Chinese.duration(time), chinese);
        }
        for wild in [i64::MIN, -1, i64::MAX] {
            assert!(!Language::English.duration(wild).is_empty());
        }
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (39.9, "39.9"),
            (3.0, "3"),
            (-0.001, "0"),
            (100.0, "100"),
            (1234.567, "1234.57"),
            (1e300, "1e300"),
        ] {
            assert_eq!(number(value).as_deref(), Some(text));
        }
        assert_eq!(number(f64::NAN), None);
        assert_eq!(number(f64::INFINITY), None);
    }

    #[test]
    fn texts_become_one_clean_line() {
        for (text, most, expected) in [
            ("  red\r\n\tdress  ", 80, "red dress"),
            ("a\u{0}b\u{1b}[31mc", 80, "ab[31mc"),
            (
                "\u{feff}red\u{200b} \u{202e}dress\u{3000}连衣裙",
                80,
                "red dress 连衣裙",
            ),
            ("x [SEP] y [MA\u{200d}SK]", 80, "x SEP y MASK"),
            ("[[SEP]SEP]", 80, "[SEPSEP]"),
            ("红色连衣裙", 3, "红色连"),
            ("ab cd", 3, "ab"),
            ("\u{7}\n", 80, ""),
        ] {
            assert_eq!(clean(text, most), expected);
        }
    }

    #[test]
    fn actions_by_any_spelling() {
        for (name, english, chinese) in [
            ("add_to_cart", "added mug to the cart", "把mug加入购物车"),
            ("AddToCart", "added mug to the cart", "把mug加入购物车"),
            ("Buy", "bought mug", "购买了mug"),
            ("购买", "bought mug", "购买了mug"),
            ("event", "mug", "mug"),
            (
                "spun_the  wheel\n",
                "spun_the wheel mug",
                "spun_the wheel mug",
            ),
        ] {
            for (language, expected) in [(Language::English, english), (Language::Chinese, chinese)]
            {
                let verb = language.verb(name);
                assert_eq!(language.clause(&verb, &["mug".into()], 0, None), expected);
            }
        }
        let login = Language::English.verb("login");
        assert_eq!(
            Language::English.clause(&login, &[String::new()], 0, None),
            "login"
        );
        let view = Language::English.verb("view");
        assert_eq!(
            Language::English.clause(&view, &[String::new()], 3, None),
            "viewed an item and 3 more"
        );
    }
}
