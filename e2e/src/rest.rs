//! The REST API as one caller uses it.

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use std::{net::SocketAddr, time::Duration};

const ANSWER_BYTES_MAX: usize = 64 << 20;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// The API of one control plane, as one token sees it.
#[derive(Clone)]
pub struct Api {
    base: String,
    token: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// An answer in the envelope, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Api {
    pub fn new(address: SocketAddr, token: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Self { base: format!("http://{address}/client/v4"), token: token.to_owned(), client }
    }

    /// The same API as somebody else.
    #[must_use]
    pub fn as_caller(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<Answer> {
        self.call(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> anyhow::Result<Answer> {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> anyhow::Result<Answer> {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> anyhow::Result<Answer> {
        self.call(Method::DELETE, path, None).await
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Answer> {
        let what = format!("{method} {path}");
        let (status, headers, bytes) =
            self.exchange(method, path, body).await.with_context(|| what.clone())?;
        let body = serde_json::from_slice(&bytes)
            .with_context(|| format!("{what}: {}", String::from_utf8_lossy(&bytes)))?;
        Ok(Answer { status, headers, body })
    }

    /// A document that comes outside the envelope, such as a PEM file.
    pub async fn text(&self, path: &str) -> anyhow::Result<String> {
        let (status, _, bytes) = self.exchange(Method::GET, path, None).await?;
        anyhow::ensure!(status == 200, "GET {path}: {status}");
        Ok(String::from_utf8(bytes.into())?)
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<(u16, HeaderMap, Bytes)> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(body.map(|body| body.to_string()).unwrap_or_default()))?;
        let exchange = async {
            let (head, body) = self.client.request(request).await?.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
            let bytes = body.map_err(|error| anyhow::anyhow!("{error}"))?.to_bytes();
            Ok((head.status.as_u16(), head.headers, bytes))
        };
        tokio::time::timeout(ANSWER_TIMEOUT, exchange).await.context("no answer in time")?
    }
}

impl Answer {
    /// The `result` of a request that was granted.
    ///
    /// # Errors
    ///
    /// If it was not, with the whole answer.
    pub fn granted(self) -> anyhow::Result<Value> {
        anyhow::ensure!(
            self.status == 200 && self.body["success"] == true,
            "refused: {} {}",
            self.status,
            self.body
        );
        Ok(self.body["result"].clone())
    }

    /// HTTP status and first error code of a request that was refused.
    pub fn refusal(&self) -> (u16, i64) {
        (self.status, self.body["errors"][0]["code"].as_i64().unwrap_or_default())
    }

    /// The first error's sentence.
    pub fn message(&self) -> &str {
        self.body["errors"][0]["message"].as_str().unwrap_or_default()
    }

    /// The revision that published a write.
    pub fn revision(&self) -> Option<u64> {
        self.headers.get("orangery-revision")?.to_str().ok()?.parse().ok()
    }

    /// How many of the connected nodes have the write, of how many: from `orangery-applied`, all of them if it is absent.
    pub fn unapplied(&self) -> Option<&str> {
        self.headers.get("orangery-applied")?.to_str().ok()
    }
}

/// Status and text of a plain GET, without token and envelope.
pub async fn plain_get(address: SocketAddr, path: &str) -> anyhow::Result<(u16, String)> {
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let response = client.get(format!("http://{address}{path}").parse()?).await?;
    let status = response.status().as_u16();
    let bytes = Limited::new(response.into_body(), ANSWER_BYTES_MAX)
        .collect()
        .await
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok((status, String::from_utf8_lossy(&bytes.to_bytes()).into_owned()))
}
