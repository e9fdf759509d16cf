//! Calls with tonic, in this process.

use super::{Call, Door, Outcome, Request, outcome::ErrorInfo};
use anyhow::Context as _;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hyper_util::rt::TokioIo;
use sample_origin::hello::{HelloRequest, HelloResponse, hello_service_client::HelloServiceClient};
use std::{collections::BTreeMap, time::Duration};
use tokio::{net::TcpStream, sync::mpsc};
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
use tonic::{
    Response, Status, Streaming,
    metadata::{Ascii, Binary, KeyAndValueRef, MetadataKey, MetadataMap, MetadataValue},
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};

/// A channel that connects to the door's address and calls it `host`, in SNI and `:authority`.
pub async fn channel(door: &Door, host: &str) -> anyhow::Result<Channel> {
    connect(door, endpoint(door, host)?).await
}

/// A channel of two minds: `sni` in the TLS handshake, `host` in `:authority`.
pub async fn crossed_channel(door: &Door, sni: &str, host: &str) -> anyhow::Result<Channel> {
    connect(door, endpoint(door, sni)?.origin(format!("https://{host}").parse()?)).await
}

fn endpoint(door: &Door, host: &str) -> anyhow::Result<Endpoint> {
    Ok(match door {
        Door::Https { ca_pem, .. } => Endpoint::from_shared(format!("https://{host}"))?.tls_config(
            ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca_pem)).domain_name(host),
        )?,
        Door::Http { .. } => Endpoint::from_shared(format!("http://{host}"))?,
    })
}

async fn connect(door: &Door, endpoint: Endpoint) -> anyhow::Result<Channel> {
    let address = door.address();
    let connect = tower::service_fn(move |_| async move {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        std::io::Result::Ok(TokioIo::new(stream))
    });
    endpoint.connect_with_connector(connect).await.context("no connection to the edge")
}

/// tonic tells the deadline to the other side and then trusts it; after this long nobody is trusted any more.
const DEADLINE_GRACE: Duration = Duration::from_secs(2);

pub(super) async fn call(door: &Door, request: &Request) -> Outcome {
    let late = || Ended::from(Status::deadline_exceeded("nobody ended the call")).outcome();
    tokio::time::timeout(request.deadline + DEADLINE_GRACE, carry(door, request))
        .await
        .unwrap_or_else(|_| late())
}

async fn carry(door: &Door, request: &Request) -> Outcome {
    let channel = match channel(door, &request.host).await {
        Ok(channel) => channel,
        Err(error) => return Ended::from(Status::unavailable(format!("{error:#}"))).outcome(),
    };
    let mut client = HelloServiceClient::new(channel);
    let hello = HelloRequest { greeting: request.greeting.clone() };
    let ended = match request.call {
        Call::SayHello => single(client.say_hello(dressed(hello, request)).await),
        Call::LotsOfGreetings => {
            let greetings = tokio_stream::iter(vec![hello; request.count]);
            single(client.lots_of_greetings(dressed(greetings, request)).await)
        }
        Call::LotsOfReplies => match client.lots_of_replies(dressed(hello, request)).await {
            Ok(response) => drain(response).await,
            Err(status) => status.into(),
        },
        Call::Bidi | Call::Cancel | Call::Deadline => converse(&mut client, request).await,
    };
    ended.outcome()
}

async fn converse(client: &mut HelloServiceClient<Channel>, request: &Request) -> Ended {
    let hello = || HelloRequest { greeting: request.greeting.clone() };
    let (say, said) = mpsc::channel(1);
    // The first request waits in the channel: an origin may keep its head back until it has seen one.
    let _ = say.send(hello()).await;
    let response = match client.bidi_hello(dressed(ReceiverStream::new(said), request)).await {
        Ok(response) => response,
        Err(status) => return status.into(),
    };
    let mut ended = Ended { headers: response.metadata().clone(), ..Ended::default() };
    let mut replies = response.into_inner();
    let mut say = Some(say);
    loop {
        match replies.next().await {
            Some(Ok(HelloResponse { reply })) => ended.replies.push(reply),
            Some(Err(status)) => return ended.with(status),
            None => return ended.with_trailers(&mut replies).await,
        }
        match request.call {
            Call::Cancel => return ended.with(Status::cancelled("cancelled by the visitor")),
            Call::Bidi if ended.replies.len() == request.count => say = None,
            Call::Bidi => {
                if let Some(say) = &say {
                    let _ = say.send(hello()).await;
                }
            }
            _ => {}
        }
    }
}

fn single(result: Result<Response<HelloResponse>, Status>) -> Ended {
    match result {
        Ok(response) => {
            let (headers, HelloResponse { reply }, _) = response.into_parts();
            Ended { trailers: headers.clone(), headers, replies: vec![reply], status: None }
        }
        Err(status) => status.into(),
    }
}

async fn drain(response: Response<Streaming<HelloResponse>>) -> Ended {
    let mut ended = Ended { headers: response.metadata().clone(), ..Ended::default() };
    let mut stream = response.into_inner();
    while let Some(reply) = stream.next().await {
        match reply {
            Ok(HelloResponse { reply }) => ended.replies.push(reply),
            Err(status) => return ended.with(status),
        }
    }
    ended.with_trailers(&mut stream).await
}

/// A request in the visitor's metadata and deadline.
fn dressed<T>(message: T, request: &Request) -> tonic::Request<T> {
    let mut dressed = tonic::Request::new(message);
    dressed.set_timeout(request.deadline);
    for (key, value) in &request.metadata {
        let bytes = BASE64_STANDARD.decode(value).unwrap_or_default();
        if let Ok(key) = key.parse::<MetadataKey<Binary>>() {
            dressed.metadata_mut().append_bin(key, MetadataValue::from_bytes(&bytes));
        } else if let (Ok(key), Ok(value)) = (key.parse::<MetadataKey<Ascii>>(), value.parse()) {
            dressed.metadata_mut().append(key, value);
        }
    }
    dressed
}

/// A bidi stream that stays open while the world around it changes.
pub struct HeldStream {
    say: mpsc::Sender<HelloRequest>,
    replies: Streaming<HelloResponse>,
}

impl HeldStream {
    /// Opens the stream and hears a first reply, so that it is known to be carried.
    pub async fn open(channel: Channel) -> Result<Self, Status> {
        let (say, said) = mpsc::channel(1);
        let _ = say.send(HelloRequest { greeting: "first".into() }).await;
        let replies =
            HelloServiceClient::new(channel).bidi_hello(ReceiverStream::new(said)).await?.into_inner();
        let mut held = Self { say, replies };
        held.hear().await?;
        Ok(held)
    }

    pub async fn say(&mut self, greeting: &str) -> Result<String, Status> {
        let _ = self.say.send(HelloRequest { greeting: greeting.to_owned() }).await;
        self.hear().await
    }

    async fn hear(&mut self) -> Result<String, Status> {
        let reply =
            self.replies.message().await?.ok_or_else(|| Status::out_of_range("the stream has ended"))?;
        Ok(reply.reply)
    }

    /// Ends the stream from this side and waits for the other side's good end.
    pub async fn close(mut self) -> Result<(), Status> {
        drop(self.say);
        match self.replies.message().await? {
            None => Ok(()),
            Some(_) => Err(Status::out_of_range("a reply after the end")),
        }
    }
}

#[derive(Default)]
struct Ended {
    headers: MetadataMap,
    trailers: MetadataMap,
    replies: Vec<String>,
    status: Option<Status>,
}

impl From<Status> for Ended {
    fn from(status: Status) -> Self {
        Self::default().with(status)
    }
}

impl Ended {
    fn with(self, status: Status) -> Self {
        Self { trailers: status.metadata().clone(), status: Some(status), ..self }
    }

    async fn with_trailers(self, stream: &mut Streaming<HelloResponse>) -> Self {
        let trailers = stream.trailers().await.ok().flatten().unwrap_or_default();
        Self { trailers, ..self }
    }

    fn outcome(self) -> Outcome {
        let status = self.status.unwrap_or_else(|| Status::ok(""));
        let ErrorInfo { reason, domain, metadata } = ErrorInfo::find(status.details());
        let (headers, trailers) = (readable(&self.headers), readable(&self.trailers));
        let ray = metadata
            .get("ray")
            .or(headers.get("cf-ray"))
            .or(trailers.get("cf-ray"))
            .cloned()
            .unwrap_or_default();
        let message = status.message().to_owned();
        Outcome {
            code: status.code() as i32,
            message,
            reason,
            domain,
            ray,
            replies: self.replies,
            headers,
            trailers,
        }
    }
}

impl Outcome {
    /// What a refused call of tonic's says.
    pub fn refused(status: &Status) -> Self {
        Ended::from(status.clone()).outcome()
    }
}

fn readable(metadata: &MetadataMap) -> BTreeMap<String, String> {
    let text = |pair| match pair {
        KeyAndValueRef::Ascii(key, value) => (key.to_string(), value.to_str().unwrap_or_default().to_owned()),
        KeyAndValueRef::Binary(key, value) => {
            (key.to_string(), BASE64_STANDARD.encode(value.to_bytes().unwrap_or_default()))
        }
    };
    metadata.iter().map(text).collect()
}
