//! A small client of the REST API, for the commands that set things up as any user would.

use anyhow::{Context as _, bail};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Method, Request, StatusCode, Uri, body::Bytes, header};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use serde_json::Value;
use std::{path::Path, time::Duration};

const ANSWER_BYTES_MAX: usize = 16 << 20;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(40);

/// The API at one base URL, as one token.
pub(crate) struct Api {
    base_url: String,
    token: String,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Api {
    /// An API whose certificate, if it has one, is signed by the authorities in `ca_file`, or else by a public one.
    pub(crate) fn new(base_url: &str, token: &str, ca_file: Option<&Path>) -> anyhow::Result<Self> {
        let tls = match ca_file {
            None => ClientConfig::builder().with_webpki_roots().with_no_client_auth(),
            Some(path) => ClientConfig::builder().with_root_certificates(roots(path)?).with_no_client_auth(),
        };
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).build(https);
        Ok(Self { base_url: base_url.trim_end_matches('/').to_owned(), token: token.to_owned(), client })
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.call(Method::PATCH, path, Some(body)).await
    }

    /// The `result` of the envelope.
    ///
    /// # Errors
    ///
    /// The API's own messages if it says no.
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let what = format!("{method} {path}");
        let (_, bytes) = self.exchange(method, path, body).await.with_context(|| what.clone())?;
        let mut answer: Value =
            serde_json::from_slice(&bytes).with_context(|| format!("{what}: the answer is not JSON"))?;
        if answer["success"] == Value::Bool(true) {
            return Ok(answer["result"].take());
        }
        bail!("{what}: {}", answer["errors"])
    }

    /// A document that does not come in the envelope, such as a PEM file.
    pub(crate) async fn download(&self, path: &str) -> anyhow::Result<Bytes> {
        let (status, bytes) =
            self.exchange(Method::GET, path, None).await.with_context(|| format!("GET {path}"))?;
        anyhow::ensure!(status == StatusCode::OK, "GET {path}: {status}");
        Ok(bytes)
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let uri: Uri = format!("{}{path}", self.base_url).parse().context("the base URL is not a URL")?;
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(body.map(|body| body.to_string()).unwrap_or_default()))?;
        let exchange = async {
            let response = self.client.request(request).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
            Ok((status, body.map_err(|error| anyhow::anyhow!(error))?.to_bytes()))
        };
        tokio::time::timeout(ANSWER_TIMEOUT, exchange).await.context("no answer in time")?
    }
}

fn roots(path: &Path) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(path).with_context(|| format!("cannot read {}", path.display()))?;
    for certificate in certificates {
        roots.add(certificate.with_context(|| format!("{} is not PEM", path.display()))?)?;
    }
    Ok(roots)
}
