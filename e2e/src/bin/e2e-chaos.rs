//! `e2e-chaos`: kills parts of a real system at random during writes, and says whether every promise was kept.

use clap::Parser;
use e2e::chaos::{Plan, run};
use std::process::ExitCode;

#[derive(Debug, Parser)]
struct Options {
    /// How many times something is killed.
    #[arg(long, default_value_t = 30)]
    kills: usize,
    /// Kill in the same order as an earlier run.
    #[arg(long)]
    seed: Option<u64>,
}

#[tokio::main]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is what the program is for")]
async fn main() -> ExitCode {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let options = Options::parse();
    let seed = options.seed.unwrap_or_else(|| u64::from_str_radix(&e2e::random_name(), 16).unwrap_or(1));
    println!("chaos: {} kills, --seed {seed}", options.kills);
    match run(Plan { kills: options.kills, seed }, &|line| println!("  {line}")).await {
        Ok(report) => {
            let kills = report.kills.map(|(victim, times)| format!("{victim} {times}")).join(", ");
            println!("kills: {kills}");
            println!(
                "writes: {} acknowledged, all of them kept; {} unanswered",
                report.acknowledged, report.unanswered
            );
            println!("revisions: 1 to {} without a gap, every chain follows", report.revisions);
            println!(
                "nodes: {} of {} have the chain of the database, also after a restore",
                report.nodes, report.nodes
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("a promise was broken: {error:#}");
            ExitCode::FAILURE
        }
    }
}
