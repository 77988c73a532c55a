//! TensorBoard's event file: protocol buffers, each in a frame with its length and checksums. No crate that writes it is kept up
//! (tensorboard-rs is of 2022 and takes an image library along).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// TensorBoard reads every file with `tfevents` in its name.
pub const EVENTS: &str = "events.out.tfevents.throng";

/// A file of events, written one at a time.
pub struct Events {
    file: File,
}

impl Events {
    /// Opens the file, behind what is there; a new one begins with its version.
    pub fn open(path: &Path, wall_time: f64) -> io::Result<Self> {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let mut events = Self { file };
        if events.file.seek(SeekFrom::End(0))? == 0 {
            let mut version = Message::at(wall_time);
            version.bytes(3, b"brain.Event:2");
            events.write(&version)?;
        }
        Ok(events)
    }

    /// An event with these values by their names; what is not finite is left out, as in JSON.
    pub fn scalars<'a>(
        &mut self,
        step: u64,
        wall_time: f64,
        values: impl IntoIterator<Item = (&'a str, f64)>,
    ) -> io::Result<()> {
        let mut summary = Message::default();
        for (tag, value) in values.into_iter().filter(|(_, value)| value.is_finite()) {
            let mut scalar = Message::default();
            scalar.bytes(1, tag.as_bytes());
            scalar.float(2, value as f32);
            summary.bytes(1, &scalar.0);
        }
        let mut event = Message::at(wall_time);
        event.number(2, step);
        event.bytes(5, &summary.0);
        self.write(&event)
    }

    /// Keeps so many events behind the version, or all that are whole.
    pub fn keep(&mut self, events: usize) -> io::Result<()> {
        let size = self.file.metadata()?.len();
        let mut end = 0;
        for _ in 0..=events {
            let mut length = [0; 8];
            self.file.seek(SeekFrom::Start(end))?;
            let next = match self.file.read_exact(&mut length) {
                Ok(()) => u64::from_le_bytes(length).saturating_add(end + FRAME),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(error),
            };
            if next > size {
                break;
            }
            end = next;
        }
        self.file.set_len(end)?;
        self.file.seek(SeekFrom::Start(end)).map(drop)
    }

    fn write(&mut self, event: &Message) -> io::Result<()> {
        self.file.write_all(&record(&event.0))
    }
}

/// A message in the format of protocol buffers (<https://protobuf.dev/programming-guides/encoding>): fields one after another,
/// each by its number. The messages are TensorFlow's Event (tensorflow/core/util/event.proto), Summary and Summary.Value
/// (tensorflow/core/framework/summary.proto).
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    /// An event at so many seconds since 1970.
    fn at(wall_time: f64) -> Self {
        let mut event = Self::default();
        event.key(1, 1);
        event.0.extend(wall_time.to_le_bytes());
        event
    }

    fn number(&mut self, field: u8, value: u64) {
        self.key(field, 0);
        self.varint(value);
    }

    fn bytes(&mut self, field: u8, value: &[u8]) {
        self.key(field, 2);
        self.varint(value.len() as u64);
        self.0.extend(value);
    }

    fn float(&mut self, field: u8, value: f32) {
        self.key(field, 5);
        self.0.extend(value.to_le_bytes());
    }

    /// A field's number, at most 15, and how its value is kept.
    fn key(&mut self, field: u8, wire: u8) {
        self.0.push(field << 3 | wire);
    }

    /// Seven bits a byte, the lowest first.
    fn varint(&mut self, mut value: u64) {
        while value > 0x7f {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// Bytes of a record beside its data.
const FRAME: u64 = 16;

/// A TFRecord (tensorflow/core/lib/io/record_writer.h): the length of the data, its checksum, the data, their checksum.
fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &checksum(&length), data, &checksum(data)].concat()
}

/// CRC32C, masked, for a checksum of checksums is weak.
fn checksum(data: &[u8]) -> [u8; 4] {
    let turned = crc32c::crc32c(data).rotate_right(15);
    turned.wrapping_add(0xa282_ead8).to_le_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Made by tests/golden/event_file.py.
    const GOLDEN: &str = include_str!("../../../../../tests/golden/event_file.json");

    #[test]
    fn a_file_has_the_bytes_that_tensorboard_writes() {
        let golden: serde_json::Value = serde_json::from_str(GOLDEN).unwrap();
        let hex = golden["file"].as_str().unwrap();
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let expected: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(EVENTS);
        let mut events = Events::open(&path, golden["wall_time"].as_f64().unwrap()).unwrap();
        for event in golden["events"].as_array().unwrap() {
            let values = event["values"].as_array().unwrap();
            let values = values
                .iter()
                .map(|value| (value[0].as_str().unwrap(), value[1].as_f64().unwrap()));
            let wall_time = event["wall_time"].as_f64().unwrap();
            let step = event["step"].as_u64().unwrap();
            events.scalars(step, wall_time, values).unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap(), expected);
    }

    #[test]
    fn events_are_kept_from_the_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(EVENTS);
        let bytes = || std::fs::read(&path).unwrap();
        let add = |events: &mut Events, step: u64| {
            events.scalars(step, 1.5, [("a", 0.25), ("b", step as f64)])
        };
        let mut events = Events::open(&path, 1.0).unwrap();
        let mut sizes = vec![bytes().len()];
        for step in 1..=3 {
            add(&mut events, step).unwrap();
            sizes.push(bytes().len());
        }
        let whole = bytes();
        // The last one is cut in two, then there are too few.
        std::fs::write(&path, &whole[..sizes[3] - 1]).unwrap();
        for (count, kept) in [(9, 2), (2, 2), (1, 1), (0, 0)] {
            let mut events = Events::open(&path, 2.0).unwrap();
            events.keep(count).unwrap();
            assert_eq!(bytes(), whole[..sizes[kept]]);
        }
        let mut events = Events::open(&path, 2.0).unwrap();
        for step in 1..=3 {
            add(&mut events, step).unwrap();
        }
        assert_eq!(bytes(), whole);
    }
}
