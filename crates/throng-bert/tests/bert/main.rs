//! The model against PyTorch and transformers, its files, and pretraining. One binary, for each must link Burn.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod files;
mod golden;
mod parity;
mod pretraining;
mod recipe;
mod safetensors;
