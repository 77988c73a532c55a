//! What the shop sells.

use rand_chacha::ChaCha8Rng;

use super::log_normal;

/// A category: its name, what its items are called after, and the median price.
#[derive(Debug)]
pub(crate) struct Category {
    pub name: &'static str,
    things: [&'static str; 8],
    price: f64,
}

pub(crate) const CATEGORIES: [Category; 8] = [
    Category {
        name: "grocery",
        things: [
            "Coffee",
            "Tea",
            "Oats",
            "Honey",
            "Olive oil",
            "Pasta",
            "Rice",
            "Chocolate",
        ],
        price: 6.0,
    },
    Category {
        name: "beauty",
        things: [
            "Soap", "Shampoo", "Cream", "Lip balm", "Perfume", "Brush", "Mask", "Oil",
        ],
        price: 12.0,
    },
    Category {
        name: "fashion",
        things: [
            "Scarf", "Dress", "Jacket", "Sneakers", "Belt", "Hat", "Shirt", "Jeans",
        ],
        price: 45.0,
    },
    Category {
        name: "electronics",
        things: [
            "Headphones",
            "Speaker",
            "Camera",
            "Tablet",
            "Keyboard",
            "Monitor",
            "Charger",
            "Watch",
        ],
        price: 120.0,
    },
    Category {
        name: "toys",
        things: [
            "Puzzle",
            "Blocks",
            "Doll",
            "Train",
            "Kite",
            "Board game",
            "Robot",
            "Teddy",
        ],
        price: 20.0,
    },
    Category {
        name: "stationery",
        things: [
            "Notebook", "Pen", "Card", "Wrap", "Ribbon", "Stickers", "Calendar", "Album",
        ],
        price: 5.0,
    },
    Category {
        name: "kitchen",
        things: [
            "Pan", "Knife", "Bowl", "Mug", "Kettle", "Scale", "Tray", "Jar",
        ],
        price: 25.0,
    },
    Category {
        name: "garden",
        things: [
            "Pot", "Seeds", "Hose", "Lamp", "Bench", "Shears", "Gloves", "Rake",
        ],
        price: 18.0,
    },
];

const STYLES: [&str; 5] = ["Classic", "Small", "Premium", "Blue", "Vintage"];

/// Something for sale.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub id: String,
    pub name: String,
    pub category: usize,
    pub price: f64,
    /// How much it draws people, among its category.
    pub pull: f64,
}

/// The shop.
#[derive(Clone, Debug)]
pub(crate) struct Shop {
    pub items: Vec<Item>,
}

impl Shop {
    /// Forty items a category, of log-normal price and of a popularity that falls as 1 / rank (Zipf).
    pub fn open(random: &mut ChaCha8Rng) -> Self {
        let mut items = Vec::new();
        for (c, category) in CATEGORIES.iter().enumerate() {
            for (rank, (style, thing)) in STYLES
                .iter()
                .flat_map(|s| category.things.iter().map(move |t| (s, t)))
                .enumerate()
            {
                items.push(Item {
                    id: format!("P{:04}", items.len()),
                    name: format!("{style} {}", thing.to_lowercase()),
                    category: c,
                    price: log_normal(category.price, 0.5, random).max(0.5),
                    pull: 1.0 / (1.0 + rank as f64),
                });
            }
        }
        Self { items }
    }
}

impl Category {
    /// The median price of an item.
    pub fn median_price(&self) -> f64 {
        self.price
    }
}
