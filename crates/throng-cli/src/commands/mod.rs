//! One file a subcommand.

pub mod assign;
pub mod bench;
pub mod cluster;
pub mod completions;
pub mod demo;
pub mod distances;
pub mod doctor;
pub mod embed;
pub mod evaluate;
pub mod neighbors;
pub mod predict;
pub mod pretrain;
pub mod segment;
pub mod texts;
pub mod train;
