//! A copy of a log with its rows in another order.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result};
use csv::{ByteRecord, ReaderBuilder, Writer};
use flate2::read::MultiGzDecoder;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Writes the rows of `from` (.csv or .csv.gz) to `to` in a shuffled order, below the same header.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let file = File::open(from).with_context(|| format!("cannot read {}", from.display()))?;
    let packed = from.extension().is_some_and(|end| end == "gz");
    let text: Box<dyn Read> = if packed {
        Box::new(MultiGzDecoder::new(BufReader::new(file)))
    } else {
        Box::new(file)
    };
    let mut reader = ReaderBuilder::new().from_reader(text);
    let header = reader.byte_headers()?.clone();
    let mut rows = reader
        .byte_records()
        .collect::<Result<Vec<ByteRecord>, _>>()?;
    rows.shuffle(&mut ChaCha8Rng::seed_from_u64(1));
    let mut writer =
        Writer::from_path(to).with_context(|| format!("cannot write {}", to.display()))?;
    writer.write_byte_record(&header)?;
    for row in &rows {
        writer.write_byte_record(row)?;
    }
    Ok(writer.flush()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;

    use super::*;
    use crate::cmd;

    #[test]
    fn the_same_rows_in_another_order() {
        let dir = cmd::scratch("test-shuffle").unwrap();
        let (from, to) = (dir.join("a.csv"), dir.join("b.csv"));
        let rows: Vec<String> = (0..100)
            .map(|row| format!("{row},\"a, \"\"{row}\"\"\""))
            .collect();
        fs::write(&from, format!("id,name\n{}\n", rows.join("\n"))).unwrap();
        copy(&from, &to).unwrap();
        let text = fs::read_to_string(&to).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.remove(0), "id,name");
        assert_ne!(lines, rows);
        lines.sort_unstable();
        let mut sorted = rows.clone();
        sorted.sort_unstable();
        assert_eq!(lines, sorted);
    }
}
