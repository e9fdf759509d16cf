//! `e2e-client`: calls `hello.HelloService` with tonic. The command line and the answer are described in `e2e/clients/README.md`.

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use e2e::visitor::{Call, Door, HeldStream, Outcome, Request, channel};
use serde_json::json;
use std::{fs, net::SocketAddr, path::PathBuf, time::Duration};
use tokio::io::{AsyncBufReadExt as _, BufReader};

#[derive(Debug, Parser)]
struct Options {
    #[arg(long)]
    target: SocketAddr,
    #[arg(long)]
    authority: String,
    #[arg(long, required_unless_present = "plaintext")]
    ca: Option<PathBuf>,
    #[arg(long)]
    plaintext: bool,
    #[arg(long)]
    call: CallName,
    #[arg(long, default_value = "Orangery")]
    greeting: String,
    #[arg(long, default_value_t = 3)]
    count: usize,
    #[arg(long, default_value_t = 20_000)]
    deadline_ms: u64,
    #[arg(long, value_parser = pair)]
    metadata: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CallName {
    SayHello,
    LotsOfReplies,
    LotsOfGreetings,
    Bidi,
    Cancel,
    Deadline,
    Hold,
}

impl CallName {
    /// None for the one call that is driven from stdin.
    fn call(self) -> Option<Call> {
        match self {
            Self::SayHello => Some(Call::SayHello),
            Self::LotsOfReplies => Some(Call::LotsOfReplies),
            Self::LotsOfGreetings => Some(Call::LotsOfGreetings),
            Self::Bidi => Some(Call::Bidi),
            Self::Cancel => Some(Call::Cancel),
            Self::Deadline => Some(Call::Deadline),
            Self::Hold => None,
        }
    }
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let options = Options::parse();
    let door = match &options.ca {
        Some(path) if !options.plaintext => {
            Door::Https { address: options.target, ca_pem: fs::read_to_string(path).context("--ca")? }
        }
        _ => Door::Http { address: options.target },
    };
    let outcome = match options.call.call() {
        Some(call) => {
            let request = Request {
                call,
                host: options.authority,
                greeting: options.greeting,
                count: options.count,
                deadline: Duration::from_millis(options.deadline_ms),
                metadata: options.metadata,
            };
            request.send(&door).await
        }
        None => hold(&door, &options.authority).await?,
    };
    print(&serde_json::to_value(outcome)?);
    Ok(())
}

/// A request for each line of stdin, until it ends.
async fn hold(door: &Door, host: &str) -> anyhow::Result<Outcome> {
    let mut held = match HeldStream::open(channel(door, host).await?).await {
        Ok(held) => held,
        Err(status) => return Ok(Outcome::refused(&status)),
    };
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut replies = Vec::new();
    while let Some(line) = lines.next_line().await? {
        match held.say(&line).await {
            Ok(reply) => {
                print(&json!({ "reply": reply }));
                replies.push(reply);
            }
            Err(status) => return Ok(Outcome { replies, ..Outcome::refused(&status) }),
        }
    }
    let ended = held.close().await.err().unwrap_or_else(|| tonic::Status::ok(""));
    Ok(Outcome { replies, ..Outcome::refused(&ended) })
}

#[expect(clippy::print_stdout, reason = "the answer is what the program is for")]
fn print(line: &serde_json::Value) {
    println!("{line}");
}
