use crate::ssl::SslMode;

/// SSL mode and gRPC toggle together, since they constrain each other. The pair is only valid as made by [`Edge::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Edge {
    ssl: SslMode,
    grpc: bool,
}

/// gRPC was asked for under a mode that leaves the origin leg unencrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("gRPC needs an encrypted origin: SSL mode is {}, it must be full or strict while gRPC is on", .0.as_str())]
pub struct GrpcNeedsEncryptedOrigin(pub SslMode);

impl Edge {
    pub fn new(ssl: SslMode, grpc: bool) -> Result<Self, GrpcNeedsEncryptedOrigin> {
        if grpc && !ssl.carries_grpc() { Err(GrpcNeedsEncryptedOrigin(ssl)) } else { Ok(Self { ssl, grpc }) }
    }

    pub fn ssl(self) -> SslMode {
        self.ssl
    }

    pub fn grpc(self) -> bool {
        self.grpc
    }
}

impl Default for Edge {
    fn default() -> Self {
        Self { ssl: SslMode::Full, grpc: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grpc_can_be_on_only_where_the_origin_leg_is_encrypted() {
        for mode in SslMode::ALL {
            assert!(Edge::new(mode, false).is_ok());
            assert_eq!(
                Edge::new(mode, true).is_ok(),
                matches!(mode, SslMode::Full | SslMode::Strict),
                "{mode:?}"
            );
        }
    }
}
