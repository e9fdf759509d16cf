//! How soon a change is enforced: a toggle by REST, and calls on an open connection until one meets it.

use crate::percentiles::Percentiles;
use anyhow::{Context as _, bail};
use dev_postgres::{Options, Temporary};
use e2e::{control_plane::ControlPlane, edge::Edge, visitor::channel, zone::Zone};
use sample_origin::hello::{HelloRequest, hello_service_client::HelloServiceClient};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};
use tonic::{Code, Status, transport::Channel};

const ENFORCED_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub(crate) struct Push {
    /// How many times the toggle is flipped.
    #[arg(long, default_value_t = 200)]
    toggles: usize,
}

/// The times of one toggle, both to the end of the first call that met it.
struct Times {
    from_request: Duration,
    /// Zero if the call that met the change ended before the answer came.
    from_answer: Duration,
}

impl Push {
    #[expect(clippy::print_stdout, reason = "the numbers are the result")]
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let postgres =
            tokio::task::spawn_blocking(|| Temporary::start(&Options::new(PathBuf::new()), &|_| ()))
                .await??;
        let edge = Edge::around(ControlPlane::start(&postgres.url()).await?).await?;
        let (zone, _origin) = edge.working_zone().await?;
        let (mut from_request, mut from_answer) = (Percentiles::default(), Percentiles::default());
        for toggle in 0..self.toggles {
            let mut client = HelloServiceClient::new(channel(&edge.https(), &zone.host("grpc")).await?);
            let times = flip(&zone, &mut client, toggle % 2 == 1).await?;
            from_request.add(times.from_request);
            from_answer.add(times.from_answer);
        }
        println!("{} toggles by REST, fsync on, one node, a call as the witness", self.toggles);
        println!("from the answer to enforcement:  {from_answer}");
        println!("from the request to enforcement: {from_request}");
        Ok(())
    }
}

/// Calls run while the request is under way, so that a change which is enforced before its answer is seen as such.
async fn flip(zone: &Zone, client: &mut HelloServiceClient<Channel>, on: bool) -> anyhow::Result<Times> {
    let begun = Instant::now();
    let path = format!("/zones/{}/settings/grpc", zone.id);
    let value = serde_json::json!({"value": if on { "on" } else { "off" }});
    let request = async {
        zone.api.patch(&path, value).await?.granted()?;
        anyhow::Ok(begun.elapsed())
    };
    let (answered, enforced) = tokio::try_join!(request, until_enforced(client, on, begun))?;
    Ok(Times { from_request: enforced, from_answer: enforced.saturating_sub(answered) })
}

async fn until_enforced(
    client: &mut HelloServiceClient<Channel>,
    on: bool,
    begun: Instant,
) -> anyhow::Result<Duration> {
    let wanted = if on { Code::Ok } else { Code::PermissionDenied };
    while begun.elapsed() < ENFORCED_WITHIN {
        let status = match client.say_hello(HelloRequest { greeting: "bench".into() }).await {
            Ok(_) => Status::ok(""),
            Err(status) => status,
        };
        match status.code() {
            code if code == wanted => return Ok(begun.elapsed()),
            Code::Ok | Code::PermissionDenied => {}
            _ => bail!("the witness call ended with {status:?}"),
        }
    }
    Err(anyhow::anyhow!("not enforced within {ENFORCED_WITHIN:?}")).context("push")
}
