use super::Signature;
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use policy::refusal::Face;
use prost::Message;
use std::collections::BTreeMap;

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.ErrorInfo`.
#[derive(Clone, PartialEq, Message)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    reason: String,
    #[prost(string, tag = "2")]
    domain: String,
    #[prost(btree_map = "string, string", tag = "3")]
    metadata: BTreeMap<String, String>,
}

/// `grpc-status-details-bin`: the status with an `ErrorInfo`, in base64 without padding.
pub(super) fn encode(face: &Face, message: &str, signature: &Signature) -> String {
    let metadata = [
        ("node", signature.node.to_string()),
        ("ray", signature.ray.to_string()),
        ("revision", signature.revision.to_string()),
    ];
    let info = ErrorInfo {
        reason: face.reason.to_owned(),
        domain: "orangery".to_owned(),
        metadata: metadata.map(|(key, value)| (key.to_owned(), value)).into(),
    };
    let any =
        Any { type_url: "type.googleapis.com/google.rpc.ErrorInfo".to_owned(), value: info.encode_to_vec() };
    let code = i32::from(face.grpc_status.code());
    let status = Status { code, message: message.to_owned(), details: vec![any] };
    STANDARD_NO_PAD.encode(status.encode_to_vec())
}
