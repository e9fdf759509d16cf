//! Where the edge is, for firewalls.

use super::{
    App,
    envelope::{Envelope, Reply},
};
use axum::extract::State;
use ipnet::IpNet;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// The address ranges of the nodes.
#[derive(Debug, Serialize, ToSchema)]
struct Ips {
    etag: String,
    ipv4_cidrs: Vec<String>,
    ipv6_cidrs: Vec<String>,
}

/// The address ranges from which origins are called. Needs no token.
#[utoipa::path(get, path = "/ips", tag = "edge", security(()), responses((status = 200, body = Envelope<Ips>)))]
async fn list(State(app): State<App>) -> Reply<Ips> {
    let (v4, v6): (Vec<&IpNet>, Vec<&IpNet>) = app.edge_ranges.iter().partition(|net| net.addr().is_ipv4());
    let texts = |nets: Vec<&IpNet>| nets.into_iter().map(IpNet::to_string).collect::<Vec<_>>();
    let (ipv4_cidrs, ipv6_cidrs) = (texts(v4), texts(v6));
    let all = [ipv4_cidrs.join(","), ipv6_cidrs.join(",")].join(";");
    Reply::new(Ips { etag: hex::encode(&Sha256::digest(all.as_bytes())[..16]), ipv4_cidrs, ipv6_cidrs })
}
