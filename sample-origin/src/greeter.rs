use std::pin::Pin;

use futures_util::{Stream, StreamExt, stream};
use tonic::{Request, Response, Status, Streaming};

use crate::hello::{HelloRequest, HelloResponse, hello_service_server::HelloService};

/// How many replies `LotsOfReplies` sends.
pub const REPLIES: usize = 10;

/// How much `LotsOfGreetings` gathers before it answers RESOURCE_EXHAUSTED.
pub const GREETINGS_BYTES_MAX: usize = 1 << 20;

type Replies = Pin<Box<dyn Stream<Item = Result<HelloResponse, Status>> + Send>>;

pub(crate) struct Greeter;

#[tonic::async_trait]
impl HelloService for Greeter {
    type LotsOfRepliesStream = Replies;
    type BidiHelloStream = Replies;

    async fn say_hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloResponse>, Status> {
        Ok(Response::new(greet(&request.get_ref().greeting)))
    }

    async fn lots_of_replies(&self, request: Request<HelloRequest>) -> Result<Response<Replies>, Status> {
        let reply = greet(&request.get_ref().greeting);
        Ok(Response::new(Box::pin(stream::iter(std::iter::repeat_n(Ok(reply), REPLIES)))))
    }

    async fn lots_of_greetings(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<HelloResponse>, Status> {
        let mut greetings = request.into_inner();
        let mut all = String::new();
        while let Some(next) = greetings.message().await? {
            if all.len() + next.greeting.len() > GREETINGS_BYTES_MAX {
                return Err(Status::resource_exhausted("these are more greetings than one reply holds"));
            }
            if !all.is_empty() {
                all.push_str(", ");
            }
            all.push_str(&next.greeting);
        }
        Ok(Response::new(greet(&all)))
    }

    async fn bidi_hello(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<Replies>, Status> {
        let replies = request.into_inner().map(|next| next.map(|request| greet(&request.greeting)));
        Ok(Response::new(Box::pin(replies)))
    }
}

fn greet(whom: &str) -> HelloResponse {
    HelloResponse { reply: format!("hello {whom}") }
}
