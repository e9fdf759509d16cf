//! How a call ended, in one form for every client stack.

use prost::Message as _;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a visitor learned from a call. This is also the line that the programs in `e2e/clients` print.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, serde::Serialize)]
pub struct Outcome {
    /// The gRPC status by number.
    pub code: i32,
    pub message: String,
    /// From `google.rpc.ErrorInfo`; empty where the edge had nothing to say.
    pub reason: String,
    pub domain: String,
    pub ray: String,
    pub replies: Vec<String>,
    pub headers: BTreeMap<String, String>,
    pub trailers: BTreeMap<String, String>,
}

impl Outcome {
    /// The call went well and brought these replies.
    pub fn is_reply(&self, replies: &[&str]) -> bool {
        self.code == 0 && self.replies == replies
    }
}

/// `google.rpc.ErrorInfo`, the part of a status made for programs.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ErrorInfo {
    #[prost(string, tag = "1")]
    pub reason: String,
    #[prost(string, tag = "2")]
    pub domain: String,
    #[prost(btree_map = "string, string", tag = "3")]
    pub metadata: BTreeMap<String, String>,
}

/// `google.rpc.Status`, as it stands in `grpc-status-details-bin`.
#[derive(Clone, PartialEq, prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

impl ErrorInfo {
    /// The `ErrorInfo` among the details of a status, or an empty one.
    pub(super) fn find(details: &[u8]) -> Self {
        let status = RpcStatus::decode(details).unwrap_or_default();
        let info = status.details.iter().find(|detail| detail.type_url.ends_with("/google.rpc.ErrorInfo"));
        info.and_then(|info| Self::decode(info.value.as_slice()).ok()).unwrap_or_default()
    }
}
