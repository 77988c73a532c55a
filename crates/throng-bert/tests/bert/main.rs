//! The model against PyTorch and transformers, its files, and pretraining. One binary, for each must link Burn.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::LazyLock;

use throng_compute::Compute;

mod bridge;
mod files;
mod golden;
mod parity;
mod pretraining;
mod recipe;
mod safetensors;
mod text_encoder;
mod training;
mod variants;

/// The software adapter: one device for all tests, so that Burn compiles its kernels once.
fn software() -> Compute {
    static SOFTWARE: LazyLock<Compute> = LazyLock::new(|| Compute::software().unwrap());
    SOFTWARE.clone()
}
