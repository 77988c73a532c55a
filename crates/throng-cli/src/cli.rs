//! The command line: which subcommands there are, and one line for a wrong one.

use std::io::{self, Write};

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use crate::args::Common;
use crate::commands::{
    assign, bench, cluster, completions, demo, distances, doctor, embed, evaluate, neighbors,
    predict, pretrain, segment, texts, train,
};
use crate::failure::Failure;
use crate::session::Session;

/// Finds the groups in a shop's users: behaviour logs in, judged clusters out.
#[derive(Parser)]
#[command(
    name = "throng",
    version,
    propagate_version = true,
    after_help = "Example:\n  throng demo --out demo\n\nExit status: 0 success, 2 wrong arguments or input, 130 Ctrl-C, 1 anything else."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Args),
    Segment(segment::Args),
    Assign(assign::Args),
    Cluster(cluster::Args),
    Distances(distances::Args),
    Neighbors(neighbors::Args),
    Pretrain(pretrain::Args),
    Embed(embed::Args),
    Texts(texts::Args),
    Train(train::Args),
    Predict(predict::Args),
    Evaluate(evaluate::Args),
    Doctor(doctor::Args),
    Bench(bench::Args),
    Completions(completions::Args),
}

/// Reads the command line and does what it says.
///
/// # Errors
/// The failure to end with.
pub fn run() -> Result<(), Failure> {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return explain(&error),
    };
    let session = Session::new(cli.common);
    match cli.command {
        Command::Demo(args) => demo::run(&args, &session),
        Command::Segment(args) => segment::run(&args, &session),
        Command::Assign(args) => assign::run(&args, &session),
        Command::Cluster(args) => cluster::run(&args, &session),
        Command::Distances(args) => distances::run(&args, &session),
        Command::Neighbors(args) => neighbors::run(&args, &session),
        Command::Pretrain(args) => pretrain::run(&args, &session),
        Command::Embed(args) => embed::run(&args, &session),
        Command::Texts(args) => texts::run(&args, &session),
        Command::Train(args) => train::run(&args, &session),
        Command::Predict(args) => predict::run(&args, &session),
        Command::Evaluate(args) => evaluate::run(&args, &session),
        Command::Doctor(args) => doctor::run(&args, &session),
        Command::Bench(args) => bench::run(&args, &session),
        Command::Completions(args) => completions::run(&args, &session),
    }
}

/// Prints help when that was asked for; otherwise folds clap's paragraphs into one line.
fn explain(error: &clap::Error) -> Result<(), Failure> {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        return match error.print().and_then(|()| io::stdout().flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::other(
                format!("stdout: cannot be written ({error})"),
            )),
            _ => Ok(()),
        };
    }
    let text = error.render().to_string();
    let problem: Vec<&str> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"))
        .filter(|line| !line.is_empty())
        .collect();
    let problem = problem.join(" ").replace(" tip: ", "; ");
    let problem = problem.strip_prefix("error: ").unwrap_or(&problem);
    Err(Failure::input(format!(
        "{problem}; see '{} --help'",
        asked_command()
    )))
}

/// The subcommand that was named, as far as there is one.
fn asked_command() -> String {
    let mut path = "throng".to_owned();
    let mut at = Cli::command();
    for word in std::env::args().skip(1) {
        let Some(next) = at.find_subcommand(&word).cloned() else {
            continue;
        };
        path = format!("{path} {word}");
        at = next;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
