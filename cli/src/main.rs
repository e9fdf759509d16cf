//! `orangery`: runs the whole system for development, and the chores around it.

mod database;
mod demo;
mod dev;
mod doctor;
mod env;
mod health;
mod hello;
mod init;
mod rest;
mod setup;
mod token;
mod whole_file;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A self-hosted edge for gRPC and HTTP.
#[derive(Debug, Parser)]
#[command(name = "orangery", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything in one process: Postgres, control plane, one node and a sample gRPC origin.
    Dev(dev::Dev),
    /// Call the sample origin through the edge.
    Hello(hello::Hello),
    /// Make the demonstration zone through the REST API, and a certificate for the sample origin.
    Demo(setup::Demo),
    /// Print what a shell needs to use a system that runs in containers.
    Env(env::Env),
    /// Write the secrets that must exist before the first start.
    Init(init::Init),
    /// Say what stands in the way.
    Doctor(doctor::Doctor),
    /// Make tokens.
    #[command(subcommand)]
    Token(token::Token),
    /// Bring a database to the form that this version needs.
    Migrate(database::Database),
    /// Print the OpenAPI document of the REST API.
    Openapi,
    /// Ask a health or readiness address once.
    Health {
        /// For example http://127.0.0.1:9901/readyz
        url: String,
    },
}

fn main() -> ExitCode {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "this is where a command says why it failed")]
            {
                eprintln!("orangery: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match command {
        Command::Dev(dev) => dev.run(),
        Command::Hello(hello) => runtime()?.block_on(hello.run()),
        Command::Demo(demo) => runtime()?.block_on(demo.run()),
        Command::Env(env) => runtime()?.block_on(env.run()),
        Command::Init(init) => init.run(),
        Command::Doctor(doctor) => runtime()?.block_on(doctor.run()),
        Command::Token(token) => runtime()?.block_on(token.run()),
        Command::Migrate(database) => runtime()?.block_on(database.migrate()),
        Command::Openapi => print_openapi(),
        Command::Health { url } => health::run(&url),
    }
}

#[expect(clippy::print_stdout, reason = "the document is what the command is for")]
fn print_openapi() -> anyhow::Result<()> {
    println!("{}", control_plane::api::openapi().to_pretty_json()?);
    Ok(())
}
