//! Which column is which.

use std::collections::HashSet;
use std::fmt;

use arrow_array::StringArray;

use crate::number::{Decimal, number, present};
use crate::table::Batch;
use crate::time::TimeReader;
use crate::{Columns, EventsError};

/// What a column can be, in the order in which they are guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    User,
    Time,
    Session,
    Action,
    Item,
    Category,
    Quantity,
    Price,
    Value,
    Text,
}

pub(crate) const ROLES: usize = 10;

pub(crate) const ALL: [Role; ROLES] = [
    Role::User,
    Role::Time,
    Role::Session,
    Role::Action,
    Role::Item,
    Role::Category,
    Role::Quantity,
    Role::Price,
    Role::Value,
    Role::Text,
];

impl Role {
    fn name(self) -> &'static str {
        match self {
            Role::User => "user",
            Role::Time => "time",
            Role::Session => "session",
            Role::Action => "action",
            Role::Item => "item",
            Role::Category => "category",
            Role::Quantity => "quantity",
            Role::Price => "price",
            Role::Value => "value",
            Role::Text => "text",
        }
    }

    fn named(self, columns: &Columns) -> Option<&str> {
        match self {
            Role::User => &columns.user,
            Role::Time => &columns.time,
            Role::Session => &columns.session,
            Role::Action => &columns.action,
            Role::Item => &columns.item,
            Role::Category => &columns.category,
            Role::Quantity => &columns.quantity,
            Role::Price => &columns.price,
            Role::Value => &columns.value,
            Role::Text => &columns.text,
        }
        .as_deref()
    }

    /// Header names that are well known for this, the surest first, in small letters and digits only.
    fn known(self) -> &'static [&'static str] {
        match self {
            Role::User => &[
                "userid",
                "customerid",
                "visitorid",
                "clientid",
                "memberid",
                "shopperid",
                "buyerid",
                "accountid",
                "customeruniqueid",
                "userpseudoid",
                "fullvisitorid",
                "custid",
                "uid",
                "customerno",
                "customernumber",
                "user",
                "customer",
                "visitor",
                "client",
                "member",
                "shopper",
                "buyer",
                "account",
            ],
            Role::Time => &[
                "eventtime",
                "eventtimestamp",
                "timestamp",
                "invoicedate",
                "orderdate",
                "ordertime",
                "purchasedate",
                "transactiondate",
                "transactiontime",
                "eventdate",
                "datetime",
                "createdat",
                "occurredat",
                "unixtime",
                "unixtimestamp",
                "timestampms",
                "orderpurchasetimestamp",
                "time",
                "ts",
                "date",
            ],
            Role::Session => &[
                "sessionid",
                "usersession",
                "visitid",
                "invoiceno",
                "invoicenumber",
                "invoiceid",
                "orderid",
                "orderno",
                "ordernumber",
                "basketid",
                "cartid",
                "session",
                "visit",
                "invoice",
                "order",
                "basket",
            ],
            Role::Action => &[
                "eventtype",
                "eventname",
                "actiontype",
                "behaviortype",
                "behaviourtype",
                "interactiontype",
                "action",
                "event",
                "behavior",
                "behaviour",
                "interaction",
                "activity",
                "type",
            ],
            Role::Item => &[
                "productid",
                "itemid",
                "sku",
                "stockcode",
                "productcode",
                "itemcode",
                "articleid",
                "productsku",
                "variantid",
                "goodsid",
                "contentid",
                "movieid",
                "asin",
                "product",
                "item",
                "article",
            ],
            Role::Category => &[
                "categorycode",
                "categoryname",
                "productcategory",
                "itemcategory",
                "category",
                "categoryid",
                "genres",
                "genre",
                "department",
                "producttype",
            ],
            Role::Quantity => &[
                "quantity",
                "qty",
                "units",
                "itemquantity",
                "productquantity",
            ],
            Role::Price => &[
                "unitprice",
                "price",
                "itemprice",
                "productprice",
                "saleprice",
                "sellingprice",
            ],
            Role::Value => &[
                "value",
                "amount",
                "revenue",
                "totalprice",
                "linetotal",
                "lineamount",
                "totalamount",
                "ordervalue",
                "transactionvalue",
                "total",
                "sales",
            ],
            Role::Text => &[
                "description",
                "productname",
                "itemname",
                "producttitle",
                "itemdescription",
                "productdescription",
                "title",
                "name",
                "product",
                "item",
                "query",
                "searchterm",
                "text",
            ],
        }
    }

    /// Whether the values may be this. A few bad cells do not speak against a name, and no cells neither: a log may
    /// begin with rows that have no user.
    fn fits(self, values: &StringArray, times: &TimeReader) -> bool {
        let cells: Vec<&str> = values.iter().flatten().filter_map(present).collect();
        let most = |test: &dyn Fn(&str) -> bool| {
            2 * cells.iter().filter(|c| test(c)).count() >= cells.len()
        };
        match self {
            Role::Time => most(&|c| times.read(c).is_some()),
            // Names of actions are few.
            Role::Action => cells.iter().collect::<HashSet<_>>().len() <= 256,
            Role::Quantity | Role::Price | Role::Value => most(&|c| {
                [Decimal::Point, Decimal::Comma]
                    .iter()
                    .any(|&d| number(c, d).is_some())
            }),
            Role::User | Role::Session | Role::Item | Role::Category | Role::Text => true,
        }
    }
}

/// A column that was settled on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedColumn {
    /// Its name in the file.
    pub name: String,
    /// Whether it was guessed, not named.
    pub guessed: bool,
}

/// The columns that a log was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolvedColumns {
    found: [Option<ResolvedColumn>; ROLES],
}

macro_rules! getters {
    ($($name:ident $role:ident $doc:literal),* $(,)?) => {
        $(
            #[doc = $doc]
            #[must_use]
            pub fn $name(&self) -> Option<&ResolvedColumn> {
                self.found[Role::$role as usize].as_ref()
            }
        )*
    };
}

impl ResolvedColumns {
    getters! {
        user User "Who did it.",
        time Time "When.",
        action Action "What was done.",
        item Item "To which item.",
        text Text "The row's text.",
        value Value "Money of the whole row.",
        session Session "Session, visit or invoice.",
        category Category "The item's category.",
        quantity Quantity "Units.",
        price Price "Money for one unit.",
    }

    pub(crate) fn get(&self, role: Role) -> Option<&ResolvedColumn> {
        self.found[role as usize].as_ref()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.found.iter().flatten().map(|c| c.name.as_str())
    }

    /// Settles on columns: those that were named, and for the rest the best known header name whose values fit.
    pub(crate) fn resolve(
        file: &str,
        batch: &Batch,
        named: &Columns,
        times: &TimeReader,
    ) -> Result<ResolvedColumns, EventsError> {
        let names = &batch.names;
        let mut used = vec![false; names.len()];
        let mut found: [Option<ResolvedColumn>; ROLES] = Default::default();
        for role in ALL {
            let Some(name) = role.named(named) else {
                continue;
            };
            let place = names.iter().position(|n| n == name.trim()).ok_or_else(|| {
                EventsError::NoSuchColumn {
                    file: file.to_owned(),
                    role: role.name(),
                    column: name.to_owned(),
                    columns: names.to_vec(),
                }
            })?;
            used[place] = true;
            found[role as usize] = Some(ResolvedColumn {
                name: names[place].clone(),
                guessed: false,
            });
        }
        let plain: Vec<String> = names.iter().map(|n| plain(n)).collect();
        for role in ALL {
            if found[role as usize].is_some() {
                continue;
            }
            let best = role.known().iter().find_map(|known| {
                let candidates = plain
                    .iter()
                    .enumerate()
                    .filter(|(i, p)| !used[*i] && p == known);
                candidates
                    .map(|(i, _)| i)
                    .find(|&i| role.fits(&batch.columns[i], times))
            });
            if let Some(i) = best {
                used[i] = true;
                found[role as usize] = Some(ResolvedColumn {
                    name: names[i].clone(),
                    guessed: true,
                });
            } else if matches!(role, Role::User | Role::Time) {
                let (file, columns) = (file.to_owned(), names.to_vec());
                return Err(EventsError::CannotGuess {
                    file,
                    role: role.name(),
                    columns,
                });
            }
        }
        for column in found.iter().flatten() {
            if names.iter().filter(|n| **n == column.name).count() > 1 {
                return Err(EventsError::RepeatedColumn {
                    file: file.to_owned(),
                    column: column.name.clone(),
                });
            }
        }
        Ok(ResolvedColumns { found })
    }
}

/// A header name as the lists have it.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

impl fmt::Display for ResolvedColumns {
    /// One line: `user=CustomerID time=InvoiceDate item=StockCode (guessed: user, time)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = || {
            ALL.into_iter()
                .filter_map(|role| Some((role.name(), self.get(role)?)))
        };
        let pairs: Vec<String> = found()
            .map(|(role, c)| format!("{role}={}", crate::error::shown(&c.name)))
            .collect();
        let guessed: Vec<&str> = found()
            .filter(|(_, c)| c.guessed)
            .map(|(role, _)| role)
            .collect();
        f.write_str(&pairs.join(" "))?;
        match guessed.len() {
            0 => Ok(()),
            n if n == pairs.len() => f.write_str(" (all guessed)"),
            _ => write!(f, " (guessed: {})", guessed.join(", ")),
        }
    }
}
