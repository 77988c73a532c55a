//! Writes a model again: `resave texts FROM TO` a folder of sentence-transformers, `resave encoder FROM TO` the bare BERT of a
//! folder of transformers.

use std::error::Error;
use std::fs;
use std::path::Path;

use throng_bert::{Encoder, TextEncoder};
use throng_compute::Compute;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, from, to] = &arguments[..] else {
        return Err("usage: resave texts|encoder FROM TO".into());
    };
    let (from, to, cpu) = (Path::new(from), Path::new(to), Compute::cpu());
    fs::create_dir_all(to)?;
    match kind.as_str() {
        "texts" => TextEncoder::open(from, &cpu)?.save(to)?,
        "encoder" => Encoder::open(from, &cpu)?.save(to)?,
        kind => return Err(format!("{kind:?} is neither texts nor encoder").into()),
    }
    Ok(())
}
