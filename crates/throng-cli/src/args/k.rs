//! How many clusters: `8`, `2..12` or `auto`.

use std::str::FromStr;

/// How many clusters are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum K {
    /// This many.
    Fixed(usize),
    /// The best of these, both ends included.
    Range(usize, usize),
    /// The best of a range that suits the data.
    Auto,
}

impl FromStr for K {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        if let Some((low, high)) = text.split_once("..") {
            let (low, high) = (number(low)?, number(high.trim_start_matches('='))?);
            if low < 2 {
                return Err("a search starts at 2 clusters or more".to_owned());
            }
            if low > high {
                return Err("the range ends before it starts".to_owned());
            }
            return Ok(Self::Range(low, high));
        }
        match number(text)? {
            0 => Err("at least 1 cluster is needed".to_owned()),
            k => Ok(Self::Fixed(k)),
        }
    }
}

fn number(text: &str) -> Result<usize, String> {
    text.trim()
        .parse()
        .map_err(|_| "give a number (8), a range (2..12) or auto".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_three_forms() {
        assert_eq!("8".parse::<K>().unwrap(), K::Fixed(8));
        assert_eq!("1".parse::<K>().unwrap(), K::Fixed(1));
        assert_eq!("2..12".parse::<K>().unwrap(), K::Range(2, 12));
        assert_eq!("3..=5".parse::<K>().unwrap(), K::Range(3, 5));
        assert_eq!("4..4".parse::<K>().unwrap(), K::Range(4, 4));
        assert_eq!("auto".parse::<K>().unwrap(), K::Auto);
    }

    #[test]
    fn anything_else_is_refused() {
        for wrong in [
            "0", "-3", "1..4", "5..3", "..", "2..", "many", "", "2.5", "1e3",
        ] {
            assert!(wrong.parse::<K>().is_err(), "{wrong}");
        }
    }
}
