//! Flags and environment variables of a node; this struct is their documentation.

use crate::telemetry::AccessLogTarget;
use clap::{Args as _, FromArgMatches as _, Parser};
use ipnet::IpNet;
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// A node of Orangery: takes visitors in, enforces what their zone's owner chose, carries requests to origins.
#[derive(Debug, Clone, Parser)]
#[command(name = "orangery-node", version)]
pub struct Config {
    /// Where visitors come with TLS. Port 0 means any.
    #[arg(long, env = "ORANGERY_HTTPS_LISTEN", default_value = "[::]:8443")]
    pub https_listen: SocketAddr,
    /// Where visitors come without TLS, by HTTP/1.1 or h2c. Port 0 means any.
    #[arg(long, env = "ORANGERY_HTTP_LISTEN", default_value = "[::]:8000")]
    pub http_listen: SocketAddr,
    /// Health, readiness and metrics. Keep it away from visitors.
    #[arg(long, env = "ORANGERY_ADMIN_LISTEN", default_value = "127.0.0.1:8081")]
    pub admin_listen: SocketAddr,

    /// Addresses of the control plane; an enrolment token brings its own.
    #[arg(long, env = "ORANGERY_CONTROL_PLANE", value_delimiter = ',')]
    pub control_plane: Vec<String>,
    /// Admits this node on its first start.
    #[arg(long, env = "ORANGERY_ENROL_TOKEN", hide_env_values = true, conflicts_with = "enrol_token_file")]
    pub enrol_token: Option<String>,
    /// A file that holds the enrolment token.
    #[arg(long, env = "ORANGERY_ENROL_TOKEN_FILE")]
    pub enrol_token_file: Option<PathBuf>,
    /// Where this node keeps its identity.
    #[arg(long, env = "ORANGERY_STATE_DIR", default_value = "/var/lib/orangery-node")]
    pub state_dir: PathBuf,

    /// The name of this node in logs and error details; the host name if absent.
    #[arg(long, env = "ORANGERY_NODE_NAME")]
    pub node_name: Option<String>,
    /// The place of this node, which ends every ray: three letters, such as the code of the nearest airport.
    #[arg(long, env = "ORANGERY_COLO", default_value = "LOC", value_parser = parse_colo)]
    pub colo: String,
    /// Threads that serve visitors; 0 means one for each core.
    #[arg(long, env = "ORANGERY_WORKERS", default_value_t = 0)]
    pub workers: usize,

    /// Origins on this machine. For development only.
    #[arg(long, env = "ORANGERY_ALLOW_LOOPBACK_ORIGINS")]
    pub allow_loopback_origins: bool,
    /// Addresses that no origin may have, besides those that never are allowed.
    #[arg(long, env = "ORANGERY_ORIGIN_DENY", value_delimiter = ',')]
    pub origin_deny: Vec<IpNet>,
    /// Name servers for the names of origins; those of the system if absent.
    #[arg(long, env = "ORANGERY_DNS_SERVER", value_delimiter = ',')]
    pub dns_server: Vec<SocketAddr>,
    /// Load balancers that speak the PROXY protocol (versions 1 and 2) on the visitor ports.
    #[arg(long, env = "ORANGERY_PROXY_PROTOCOL_FROM", value_delimiter = ',')]
    pub proxy_protocol_from: Vec<IpNet>,

    /// A database of countries in MaxMind's format (MMDB), read at the start; without it no origin is told a visitor's country.
    #[arg(long, env = "ORANGERY_GEOIP_DATABASE")]
    pub geoip_database: Option<PathBuf>,

    /// Visitor connections at once; more are closed as they come.
    #[arg(long, env = "ORANGERY_MAX_CONNECTIONS", default_value_t = 100_000)]
    pub max_connections: usize,
    /// Requests at once on one HTTP/2 connection of a visitor.
    #[arg(long, env = "ORANGERY_MAX_STREAMS", default_value_t = 256)]
    pub max_streams: u32,
    /// Connections of one worker to one origin.
    #[arg(long, env = "ORANGERY_MAX_ORIGIN_CONNECTIONS", default_value_t = 256)]
    pub max_origin_connections: usize,
    /// TLS handshake, first request and each head of a request.
    #[arg(long, env = "ORANGERY_HANDSHAKE_TIMEOUT", default_value = "10s", value_parser = parse_duration)]
    pub handshake_timeout: Duration,
    /// A visitor's connection without requests is closed after this, and a WebSocket on which neither side says anything.
    #[arg(long, env = "ORANGERY_VISITOR_IDLE_TIMEOUT", default_value = "400s", value_parser = parse_duration)]
    pub visitor_idle_timeout: Duration,
    /// TCP, TLS and first HTTP/2 frame of an origin, together.
    #[arg(long, env = "ORANGERY_ORIGIN_CONNECT_TIMEOUT", default_value = "10s", value_parser = parse_duration)]
    pub origin_connect_timeout: Duration,
    /// A connection to an origin without requests is closed after this.
    #[arg(long, env = "ORANGERY_ORIGIN_IDLE_TIMEOUT", default_value = "900s", value_parser = parse_duration)]
    pub origin_idle_timeout: Duration,
    /// HTTP/2 PINGs to origins with open streams. Many gRPC servers close connections that ping more often than every 5 minutes.
    #[arg(long, env = "ORANGERY_ORIGIN_PING_INTERVAL", default_value = "310s", value_parser = parse_duration)]
    pub origin_ping_interval: Duration,
    /// How long open calls may go on after SIGTERM.
    #[arg(long, env = "ORANGERY_DRAIN_GRACE", default_value = "30s", value_parser = parse_duration)]
    pub drain_grace: Duration,

    /// A line of JSON for each request: `stdout`, `off`, or a file.
    #[arg(long, env = "ORANGERY_ACCESS_LOG", default_value = "stdout")]
    pub access_log: AccessLogTarget,
    /// Prints what is in force, flags and environment together, and ends.
    #[arg(long)]
    pub print_config: bool,
}

impl Default for Config {
    /// What a node has without flags and without environment.
    fn default() -> Self {
        let command = Self::augment_args(clap::Command::new("orangery-node"));
        let command = command.mut_args(|arg| arg.env(clap::builder::Resettable::Reset));
        let matches = command.get_matches_from(["orangery-node"]);
        // Every flag has a default or is optional, which a test keeps true.
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

impl Config {
    /// The configuration as text, without secrets.
    pub fn print(&self) -> String {
        let secret = self.enrol_token.as_ref().map(|_| "(set)".to_owned());
        format!("{:#?}\n", Self { enrol_token: secret, ..self.clone() })
    }
}

/// A whole number and `ms`, `s`, `m` or `h`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (amount, unit) = text.split_at(digits);
    let amount: u32 =
        amount.parse().map_err(|_| "a duration is a whole number and a unit, such as 10s".to_owned())?;
    let amount = u64::from(amount);
    match unit {
        "ms" => Ok(Duration::from_millis(amount)),
        "s" => Ok(Duration::from_secs(amount)),
        "m" => Ok(Duration::from_secs(amount * 60)),
        "h" => Ok(Duration::from_secs(amount * 3600)),
        _ => Err("the unit of a duration is ms, s, m or h".to_owned()),
    }
}

fn parse_colo(text: &str) -> Result<String, String> {
    let three_letters = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if three_letters { Ok(text.to_owned()) } else { Err("three capital letters".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_without_flags_has_the_documented_defaults() {
        let config = Config::default();
        assert_eq!(config.https_listen.port(), 8443);
        assert_eq!(config.http_listen.port(), 8000);
        assert_eq!(config.origin_connect_timeout, Duration::from_secs(10));
        assert_eq!(config.origin_idle_timeout, Duration::from_secs(900));
        assert!(!config.allow_loopback_origins);
    }

    #[test]
    fn a_printed_configuration_keeps_the_enrolment_token_secret() {
        let config = Config { enrol_token: Some("s3cret".into()), ..Config::default() };
        assert!(!config.print().contains("s3cret"));
    }

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
        for text in ["10", "s", "-1s", "1.5s", "1d", ""] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
