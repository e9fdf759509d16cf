//! `orangery hello`: one call to the sample origin through the edge, as the walk-through makes it.

use anyhow::Context as _;
use clap::Args;
use hyper_util::rt::TokioIo;
use sample_origin::hello::{HelloRequest, hello_service_client::HelloServiceClient};
use std::{path::PathBuf, time::Duration};
use tokio::net::TcpStream;
use tonic::{
    Status,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};

const CALL_TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Debug, Args)]
pub(crate) struct Hello {
    /// Who to greet.
    #[arg(default_value = "Orangery")]
    greeting: String,
    /// The host that is called; the edge is reached at --edge whatever DNS says.
    #[arg(long, default_value = crate::demo::HOST)]
    host: String,
    /// The HTTPS address of a node, as host:port.
    #[arg(long, env = "ORANGERY_EDGE_HTTPS")]
    edge: String,
    /// The authority that signed the edge's certificate.
    #[arg(long, env = "ORANGERY_CA_FILE")]
    ca_file: PathBuf,
}

impl Hello {
    /// Prints the reply as JSON, or explains the refusal.
    #[expect(clippy::print_stdout, reason = "the reply is what the command is for")]
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let mut client = HelloServiceClient::new(self.connect().await?);
        let request = HelloRequest { greeting: self.greeting };
        let reply = client.say_hello(request).await.map_err(|status| anyhow::anyhow!(explain(&status)))?;
        println!("{}", serde_json::json!({ "reply": reply.into_inner().reply }));
        Ok(())
    }

    async fn connect(&self) -> anyhow::Result<Channel> {
        let ca = std::fs::read(&self.ca_file)
            .with_context(|| format!("cannot read {}", self.ca_file.display()))?;
        let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca));
        let endpoint =
            Endpoint::from_shared(format!("https://{}", self.host))?.tls_config(tls)?.timeout(CALL_TIMEOUT);
        let edge = self.edge.clone();
        let connect = move |_| {
            let edge = edge.clone();
            async move { TcpStream::connect(edge).await.map(TokioIo::new) }
        };
        let connected = endpoint.connect_with_connector(tower::service_fn(connect)).await;
        connected.with_context(|| format!("cannot connect to the edge at {}", self.edge))
    }
}

/// Status, message, and the reason and ray that the edge attaches.
fn explain(status: &Status) -> String {
    let ray = status.metadata().get("cf-ray").and_then(|ray| ray.to_str().ok()).unwrap_or("none");
    format!("{:?} ({}): {} [ray {ray}]", status.code(), status.code() as i32, status.message())
}
