//! Recorded requests, sent as they are over a TCP connection of their own.

use anyhow::{Context as _, bail, ensure};
use e2e::{control_plane::ControlPlane, rest::Answer, zone::Zone};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::Read as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

const ANSWER_BYTES_MAX: usize = 16 << 20;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// One client's requests to one control plane.
///
/// A recording is the request as it was on the wire, with `{{words}}` where something is known only when the test runs.
pub(crate) struct Replay {
    pub(crate) control_plane: ControlPlane,
    folder: PathBuf,
    words: BTreeMap<String, String>,
}

impl Replay {
    /// An empty control plane, whose first token the client has.
    pub(crate) async fn of(client: &str) -> anyhow::Result<Self> {
        let control_plane = e2e::control_plane::control_plane().await?;
        let account = control_plane.api.get("/accounts").await?.granted()?[0]["id"].clone();
        let words = BTreeMap::from([
            ("host".to_owned(), control_plane.api_address().to_string()),
            ("token".to_owned(), control_plane.api.token().to_owned()),
            ("account".to_owned(), account.as_str().context("an account without an id")?.to_owned()),
        ]);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replays").join(client);
        Ok(Self { control_plane, folder, words })
    }

    /// The zone that the recordings are about, made beforehand by its owner.
    pub(crate) async fn zone(&mut self) -> anyhow::Result<Zone> {
        let zone = Zone::create(&self.control_plane.api, "example.com").await?;
        self.put("zone", &zone.id);
        Ok(zone)
    }

    /// What a word in the recordings stands for from here on.
    pub(crate) fn put(&mut self, word: &str, text: &str) {
        self.words.insert(word.to_owned(), text.to_owned());
    }

    /// Sends a recording, named without `.http`.
    pub(crate) async fn send(&mut self, recording: &str) -> anyhow::Result<Answer> {
        let request = self.request(recording).with_context(|| recording.to_owned())?;
        let exchange =
            tokio::time::timeout(ANSWER_TIMEOUT, exchange(self.control_plane.api_address(), &request));
        exchange.await.context("no answer in time")?.with_context(|| recording.to_owned())
    }

    /// What a word stands for.
    pub(crate) fn word(&self, word: &str) -> &str {
        &self.words[word]
    }

    /// The JSON that a recording sends.
    pub(crate) fn body(&self, recording: &str) -> Value {
        let request = self.request(recording).unwrap();
        let body = request.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
        serde_json::from_slice(&request[body..]).unwrap()
    }

    fn request(&self, recording: &str) -> anyhow::Result<Vec<u8>> {
        let bytes = std::fs::read(self.folder.join(recording).with_extension("http"))?;
        filled(&bytes, &self.words)
    }
}

/// The request with its words filled in. A body that grows or shrinks by that gets the length it then has.
fn filled(recording: &[u8], words: &BTreeMap<String, String>) -> anyhow::Result<Vec<u8>> {
    let text = std::str::from_utf8(recording)?;
    let (head, body) =
        text.split_once("\r\n\r\n").context("a request without an empty line after its head")?;
    let fill = |text: &str| {
        words
            .iter()
            .fold(text.to_owned(), |text, (word, value)| text.replace(&format!("{{{{{word}}}}}"), value))
    };
    let (mut head, filled) = (fill(head), fill(body));
    ensure!(!head.contains("{{") && !filled.contains("{{"), "a word is not known yet: {head}\n\n{filled}");
    if body.len() != filled.len() {
        let length = format!("Content-Length: {}", body.len());
        ensure!(head.contains(&length), "the recording's Content-Length is not {}", body.len());
        head = head.replace(&length, &format!("Content-Length: {}", filled.len()));
    }
    Ok(format!("{head}\r\n\r\n{filled}").into_bytes())
}

async fn exchange(address: SocketAddr, request: &[u8]) -> anyhow::Result<Answer> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request).await?;
    let mut answer = BufReader::new(stream);
    let (status, headers) = head(&mut answer).await?;
    let mut body = Vec::new();
    if headers.get(header::TRANSFER_ENCODING).is_some_and(|coding| coding == "chunked") {
        chunks(&mut answer, &mut body).await?;
    } else {
        let length =
            headers.get(header::CONTENT_LENGTH).context("an answer without a length")?.to_str()?.parse()?;
        take(&mut answer, length, &mut body).await?;
    }
    if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding == "gzip") {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&body[..]).take(ANSWER_BYTES_MAX as u64).read_to_end(&mut plain)?;
        body = plain;
    }
    // Both official SDKs and Go's decoder look for JSON only where it is announced.
    ensure!(
        headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json"),
        "not JSON: {headers:?}"
    );
    let body = serde_json::from_slice(&body).with_context(|| String::from_utf8_lossy(&body).into_owned())?;
    Ok(Answer { status, headers, body })
}

async fn head(answer: &mut BufReader<TcpStream>) -> anyhow::Result<(u16, HeaderMap)> {
    let status_line = line(answer).await?;
    let status = status_line
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3))
        .context(status_line.clone())?
        .parse()?;
    let mut headers = HeaderMap::new();
    loop {
        let line = line(answer).await?;
        if line.is_empty() {
            return Ok((status, headers));
        }
        let (name, value) = line.split_once(':').with_context(|| line.clone())?;
        headers.append(name.parse::<HeaderName>()?, HeaderValue::from_str(value.trim())?);
    }
}

/// RFC 9112, section 7.1, without extensions and trailers, which the API does not send.
async fn chunks(answer: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> anyhow::Result<()> {
    loop {
        let length = usize::from_str_radix(&line(answer).await?, 16)?;
        take(answer, length, body).await?;
        ensure!(line(answer).await?.is_empty(), "a chunk without an end");
        if length == 0 {
            return Ok(());
        }
    }
}

async fn take(answer: &mut BufReader<TcpStream>, length: usize, body: &mut Vec<u8>) -> anyhow::Result<()> {
    ensure!(body.len() + length <= ANSWER_BYTES_MAX, "an answer of more than {ANSWER_BYTES_MAX} bytes");
    let before = body.len();
    body.resize(before + length, 0);
    answer.read_exact(&mut body[before..]).await?;
    Ok(())
}

async fn line(answer: &mut BufReader<TcpStream>) -> anyhow::Result<String> {
    let mut line = String::new();
    if answer.read_line(&mut line).await? == 0 {
        bail!("the connection ended in the middle of an answer");
    }
    Ok(line.trim_end_matches("\r\n").to_owned())
}
