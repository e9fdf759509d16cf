//! Everything together: a control plane, its nodes, and an authority that origins are signed by.

use crate::{
    authority::Authority,
    control_plane::{ControlPlane, control_plane},
    node::{Node, Wishes},
    origins::{Behaviour, Origin, origin},
    visitor::Door,
    zone::{Cloud, Zone},
};

/// A running Orangery.
pub struct Edge {
    pub control_plane: ControlPlane,
    pub nodes: Vec<Node>,
    pub authority: Authority,
}

/// One control plane and one node, ready for visitors.
pub async fn edge() -> anyhow::Result<Edge> {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    Edge::around(control_plane().await?).await
}

impl Edge {
    /// The control plane and one node, ready for visitors.
    pub async fn around(control_plane: ControlPlane) -> anyhow::Result<Self> {
        let mut edge =
            Self { control_plane, nodes: Vec::new(), authority: Authority::new("origins of e2e")? };
        edge.add_node(|wishes| wishes).await?;
        Ok(edge)
    }

    /// Starts a node, enrols it, and waits until it is ready. `wish` may change what it is given.
    pub async fn add_node(&mut self, wish: impl FnOnce(Wishes) -> Wishes) -> anyhow::Result<&Node> {
        let wishes = Wishes {
            name: format!("node-{}", self.nodes.len()),
            enrolment_token: self.control_plane.enrolment_token.clone(),
            ca_pem: self.control_plane.api.text("/orangery/ca/edge.pem").await?,
            allow_loopback_origins: true,
            workers: 0,
        };
        let node = Node::start(wish(wishes)).await?;
        node.ready().await?;
        self.nodes.push(node);
        Ok(&self.nodes[self.nodes.len() - 1])
    }

    pub fn node(&self) -> &Node {
        &self.nodes[0]
    }

    pub fn https(&self) -> Door {
        self.node().https()
    }

    pub fn http(&self) -> Door {
        self.node().http()
    }

    /// A zone with a name that no other test has.
    pub async fn zone(&self) -> anyhow::Result<Zone> {
        Zone::create(&self.control_plane.api, &format!("{}.test", crate::random_name())).await
    }

    /// An origin for the host `grpc` of the zone.
    pub async fn origin(&self, behaviour: Behaviour, zone: &Zone) -> anyhow::Result<Origin> {
        origin(behaviour, &zone.host("grpc"), &self.authority).await
    }

    /// A zone in which gRPC works: `full`, the toggle on, and `grpc` an orange record of a good origin.
    pub async fn working_zone(&self) -> anyhow::Result<(Zone, Origin)> {
        let zone = self.zone().await?;
        let origin = self.origin(Behaviour::TlsWithHttp2, &zone).await?;
        zone.record("grpc", &origin, Cloud::Orange).await?;
        zone.set_all(&[("ssl", "full"), ("grpc", "on")]).await?;
        Ok((zone, origin))
    }
}
