//! Names as small numbers.

use std::collections::HashMap;

/// A table of distinct names, each with a number: its place in the table.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    names: Vec<String>,
    index: HashMap<String, u32>,
}

impl Symbols {
    /// The number of `name`, which joins the table if it is new.
    pub fn intern(&mut self, name: &str) -> u32 {
        if let Some(&symbol) = self.index.get(name) {
            return symbol;
        }
        let symbol = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.index.insert(name.to_owned(), symbol);
        symbol
    }

    /// The number of `name`, if it is in the table.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<u32> {
        self.index.get(name).copied()
    }

    /// The name with this number.
    ///
    /// # Panics
    /// If the table has no such number; numbers come from [`Symbols::intern`] and [`Symbols::get`].
    #[must_use]
    pub fn name(&self, symbol: u32) -> &str {
        &self.names[symbol as usize]
    }

    /// All names, in the order of their numbers.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether the table is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Puts the names in ascending order and returns each old number's new one.
    pub fn sort(&mut self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.names.len() as u32).collect();
        order.sort_by(|&a, &b| self.names[a as usize].cmp(&self.names[b as usize]));
        let mut renumbered = vec![0; order.len()];
        let mut names = Vec::with_capacity(order.len());
        for (new, &old) in order.iter().enumerate() {
            renumbered[old as usize] = new as u32;
            names.push(std::mem::take(&mut self.names[old as usize]));
        }
        self.index = names
            .iter()
            .enumerate()
            .map(|(i, n)| (n.clone(), i as u32))
            .collect();
        self.names = names;
        renumbered
    }
}
