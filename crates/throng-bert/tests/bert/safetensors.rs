//! The safetensors format, written from its description: the header's length in eight bytes, little-endian, the header
//! in JSON, the data.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};
use throng_bert::BertConfig;

/// Tensors by name: shape and row-major values.
pub type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// The bytes of a file in f32.
pub fn to_bytes(tensors: &Tensors) -> Vec<u8> {
    encode(tensors, "F32", 4, |value, data| {
        data.extend(value.to_le_bytes())
    })
}

/// The bytes of a file in f64.
pub fn to_bytes_f64(tensors: &Tensors) -> Vec<u8> {
    encode(tensors, "F64", 8, |value, data| {
        data.extend(f64::from(value).to_le_bytes())
    })
}

/// The bytes of a file in f16, of values that this precision holds.
pub fn to_bytes_f16(tensors: &Tensors) -> Vec<u8> {
    encode(tensors, "F16", 2, |value, data| {
        let bits = value.to_bits();
        let exponent = (bits >> 23 & 0xff).wrapping_sub(127 - 15);
        let magnitude = match value {
            0.0 => 0,
            _ => exponent << 10 | (bits >> 13 & 0x3ff),
        };
        assert!(
            bits.trailing_zeros() >= 13 && magnitude < 31 << 10,
            "{value}"
        );
        data.extend(((bits >> 16 & 0x8000 | magnitude) as u16).to_le_bytes());
    })
}

/// The bytes of a file in bf16, of values that this precision holds.
pub fn to_bytes_bf16(tensors: &Tensors) -> Vec<u8> {
    encode(tensors, "BF16", 2, |value, data| {
        let bits = value.to_bits();
        assert!(bits.trailing_zeros() >= 16, "{value}");
        data.extend(((bits >> 16) as u16).to_le_bytes());
    })
}

fn encode(
    tensors: &Tensors,
    dtype: &str,
    width: usize,
    push: impl Fn(f32, &mut Vec<u8>),
) -> Vec<u8> {
    let (mut header, mut data) = (Map::new(), Vec::new());
    for (name, (shape, values)) in tensors {
        let start = data.len();
        values.iter().for_each(|&value| push(value, &mut data));
        assert_eq!(data.len() - start, width * shape.iter().product::<usize>());
        header.insert(
            name.clone(),
            json!({ "dtype": dtype, "shape": shape, "data_offsets": [start, data.len()] }),
        );
    }
    let header = Value::Object(header).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    bytes.extend(data);
    bytes
}

/// Reads a file in f32; its metadata must be what transformers asks for.
pub fn from_bytes(bytes: &[u8]) -> Tensors {
    let (length, rest) = bytes.split_at(8);
    let (header, data) = rest.split_at(u64::from_le_bytes(length.try_into().unwrap()) as usize);
    let mut header: Map<String, Value> = serde_json::from_slice(header).unwrap();
    assert_eq!(
        header.remove("__metadata__"),
        Some(json!({ "format": "pt" }))
    );
    let tensor = |(name, entry): (String, Value)| {
        assert_eq!(entry["dtype"], "F32", "{name}");
        let shape: Vec<usize> = serde_json::from_value(entry["shape"].clone()).unwrap();
        let [start, end]: [usize; 2] =
            serde_json::from_value(entry["data_offsets"].clone()).unwrap();
        let values = data[start..end]
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect();
        (name, (shape, values))
    };
    header.into_iter().map(tensor).collect()
}

/// Writes `config.json` and `model.safetensors` into `folder`.
pub fn write_model(folder: &Path, config: &BertConfig, model: &[u8]) {
    std::fs::write(
        folder.join("config.json"),
        serde_json::to_string(config).unwrap(),
    )
    .unwrap();
    std::fs::write(folder.join("model.safetensors"), model).unwrap();
}
