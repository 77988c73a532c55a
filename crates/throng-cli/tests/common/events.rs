//! Reads TensorBoard's event files, by the descriptions of TFRecord and of protocol buffers. Their checksums are held to
//! TensorBoard's own where they are written.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A step, and its values by name.
pub type Event = (u64, BTreeMap<String, f32>);

/// The events behind the version.
pub fn events(path: &Path) -> Vec<Event> {
    let bytes = fs::read(path).unwrap();
    let mut rest = &bytes[..];
    let mut records = Vec::new();
    while !rest.is_empty() {
        let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
        records.push(fields(&rest[12..12 + length]));
        rest = &rest[16 + length..];
    }
    let version = records.remove(0);
    assert_eq!(version[1], (3, b"brain.Event:2".to_vec()));
    records.iter().map(|fields| event(fields)).collect()
}

fn event(event: &[(u64, Vec<u8>)]) -> Event {
    let [(1, _), (2, step), (5, summary)] = event else {
        panic!("not a time, a step and a summary: {event:?}");
    };
    let value = |(number, value): (u64, Vec<u8>)| {
        let value = fields(&value);
        let [(1, tag), (2, simple)] = &value[..] else {
            panic!("not a tag and a number: {value:?}");
        };
        assert_eq!(number, 1);
        let number = f32::from_le_bytes(simple[..].try_into().unwrap());
        (String::from_utf8(tag.clone()).unwrap(), number)
    };
    let step = u64::from_le_bytes(step[..].try_into().unwrap());
    (step, fields(summary).into_iter().map(value).collect())
}

/// A message's fields: number, and the bytes of the value.
fn fields(mut data: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut fields = Vec::new();
    while !data.is_empty() {
        let key = varint(&mut data);
        let length = match key & 7 {
            0 => {
                let value = varint(&mut data);
                fields.push((key >> 3, value.to_le_bytes().to_vec()));
                continue;
            }
            1 => 8,
            2 => varint(&mut data) as usize,
            5 => 4,
            other => panic!("wire type {other}"),
        };
        let (value, rest) = data.split_at(length);
        fields.push((key >> 3, value.to_vec()));
        data = rest;
    }
    fields
}

fn varint(data: &mut &[u8]) -> u64 {
    let end = data.iter().position(|byte| byte & 0x80 == 0).unwrap();
    let (bytes, rest) = data.split_at(end + 1);
    *data = rest;
    let parts = bytes.iter().rev();
    parts.fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f))
}
