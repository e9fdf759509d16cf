//! Gives request metadata back, as headers and as trailers, so that a caller sees what reached the origin. It works on
//! the wire form: a `-bin` value comes back with the very bytes it arrived with.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use tonic::body::Body;
use tower::{Layer, Service};

const PREFIX: &str = "x-echo";

#[derive(Clone)]
pub(crate) struct EchoLayer;

impl<S> Layer<S> for EchoLayer {
    type Service = Echo<S>;

    fn layer(&self, inner: S) -> Echo<S> {
        Echo { inner }
    }
}

#[derive(Clone)]
pub(crate) struct Echo<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for Echo<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let echoed: HeaderMap = request
            .headers()
            .iter()
            .filter(|(name, _)| name.as_str().starts_with(PREFIX))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let mut response = answer.await?;
            append(response.headers_mut(), &echoed);
            Ok(response.map(|body| {
                Body::new(body.map_frame(move |frame| match frame.into_trailers() {
                    Ok(mut trailers) => {
                        append(&mut trailers, &echoed);
                        Frame::trailers(trailers)
                    }
                    Err(frame) => frame,
                }))
            }))
        })
    }
}

fn append(to: &mut HeaderMap, echoed: &HeaderMap) {
    for (name, value) in echoed {
        to.append(name.clone(), value.clone());
    }
}
