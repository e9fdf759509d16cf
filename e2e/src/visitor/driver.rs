//! Calls by the programs in `e2e/clients`: other people's gRPC stacks.

use super::{Call, Door, Outcome, Request, Stack};
use anyhow::{Context as _, ensure};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// Longer than any deadline that a test gives.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// A client program that has been built.
#[derive(Debug, Clone)]
pub struct Driver {
    program: PathBuf,
    script: Option<PathBuf>,
}

/// The stack's program was not built; `script/test.d/10-clients.sh` builds it where its toolchain is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {0:?} client is not built, run script/test.d/10-clients.sh")]
pub struct Missing(pub Stack);

impl Driver {
    pub fn of(stack: Stack) -> Result<Self, Missing> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let built = root.join("target/clients");
        let (program, script) = match stack {
            Stack::Python => {
                (built.join("python/bin/python"), Some(root.join("e2e/clients/python/client.py")))
            }
            Stack::Node => (PathBuf::from("node"), Some(built.join("node/client.js"))),
            Stack::Go => (built.join("go/client"), None),
            Stack::Tonic => return Err(Missing(stack)),
        };
        let is_built =
            script.as_ref().unwrap_or(&program).exists() && (program.exists() || stack == Stack::Node);
        if is_built { Ok(Self { program, script }) } else { Err(Missing(stack)) }
    }

    /// Makes the call and tells how it ended.
    ///
    /// # Errors
    ///
    /// If the program itself failed, with what it wrote to its error output.
    pub async fn send(&self, door: &Door, request: &Request) -> anyhow::Result<Outcome> {
        let ca = CaFile::new(door)?;
        let mut command = self.command(door, request, request.call.as_str(), &ca);
        let output = tokio::time::timeout(ANSWER_TIMEOUT, command.kill_on_drop(true).output()).await??;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(text.lines().last().context("no answer")?)
            .context("the answer is not an outcome")
    }

    /// Opens a bidi stream and leaves it open.
    pub fn hold(&self, door: &Door, host: &str) -> anyhow::Result<Held> {
        let ca = CaFile::new(door)?;
        let request = Request::new(Call::Bidi, host).within(ANSWER_TIMEOUT);
        let mut command = self.command(door, &request, "hold", &ca);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let stdin = child.stdin.take();
        let lines = BufReader::new(child.stdout.take().context("no stdout")?).lines();
        Ok(Held { stdin, lines, _child: child, _ca: ca })
    }

    fn command(&self, door: &Door, request: &Request, call: &str, ca: &CaFile) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.script).args([
            "--target",
            &door.address().to_string(),
            "--authority",
            &request.host,
        ]);
        match &ca.0 {
            Some(path) => command.arg("--ca").arg(path),
            None => command.arg("--plaintext"),
        };
        command.args([
            "--call",
            call,
            "--greeting",
            &request.greeting,
            "--count",
            &request.count.to_string(),
        ]);
        command.args(["--deadline-ms", &request.deadline.as_millis().to_string()]);
        for (key, value) in &request.metadata {
            command.arg("--metadata").arg(format!("{key}={value}"));
        }
        command
    }
}

/// A bidi stream held open by a client program.
pub struct Held {
    /// None once the stream is closed from this side.
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
    _ca: CaFile,
}

impl Held {
    /// Sends a request and waits for its reply.
    pub async fn say(&mut self, greeting: &str) -> anyhow::Result<String> {
        let stdin = self.stdin.as_mut().context("no stdin")?;
        stdin.write_all(format!("{greeting}\n").as_bytes()).await?;
        stdin.flush().await?;
        let line = self.line().await?;
        let reply: serde_json::Value = serde_json::from_str(&line)?;
        Ok(reply["reply"].as_str().with_context(|| format!("not a reply: {line}"))?.to_owned())
    }

    /// Ends the stream from the visitor's side.
    pub async fn close(mut self) -> anyhow::Result<Outcome> {
        self.stdin = None;
        Ok(serde_json::from_str(&self.line().await?)?)
    }

    async fn line(&mut self) -> anyhow::Result<String> {
        tokio::time::timeout(ANSWER_TIMEOUT, self.lines.next_line()).await??.context("the client ended")
    }
}

/// The edge's CA where a program can read it, for as long as this lives.
struct CaFile(Option<PathBuf>);

impl CaFile {
    fn new(door: &Door) -> anyhow::Result<Self> {
        let Door::Https { ca_pem, .. } = door else { return Ok(Self(None)) };
        let path = std::env::temp_dir().join(format!("orangery-e2e-ca-{}.pem", crate::random_name()));
        std::fs::write(&path, ca_pem)?;
        Ok(Self(Some(path)))
    }
}

impl Drop for CaFile {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}
