//! What can be chosen: each flag is an environment variable too, and its help is its documentation.

use crate::secrets::{MasterKey, MasterKeyError};
use clap::Parser;
use sqlx::{ConnectOptions as _, postgres::PgConnectOptions};
use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};
use url::Url;

/// The control plane of Orangery: keeps zones and their settings in Postgres and publishes them to nodes.
#[derive(Debug, Clone, Parser)]
#[command(name = "orangery-control-plane", version)]
pub struct Config {
    /// Where the REST API is served.
    #[arg(long, env = "ORANGERY_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// A certificate chain (PEM) for the REST API, which is HTTPS then.
    #[arg(long, env = "ORANGERY_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The private key (PEM) of --tls-cert.
    #[arg(long, env = "ORANGERY_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Where nodes connect; always TLS.
    #[arg(long, env = "ORANGERY_LINK_LISTEN", default_value = "127.0.0.1:9443")]
    pub link_listen: SocketAddr,
    /// How nodes reach --link-listen, as host:port; written into enrolment tokens. Repeat it for each replica.
    #[arg(long, env = "ORANGERY_LINK_ADDRESSES", value_delimiter = ',')]
    pub link_addresses: Vec<String>,
    /// Where health (/healthz, /readyz) and metrics (/metrics) are served; keep it on loopback.
    #[arg(long, env = "ORANGERY_ADMIN_LISTEN", default_value = "127.0.0.1:9901")]
    pub admin_listen: SocketAddr,
    #[command(flatten)]
    pub database: DatabaseAccess,
    /// The most connections to the database.
    #[arg(long, env = "ORANGERY_DATABASE_CONNECTIONS_MAX", default_value_t = 20)]
    pub database_connections_max: u32,
    /// The file that holds the master key, under which every secret in the database is sealed; made if missing.
    #[arg(long, env = "ORANGERY_MASTER_KEY_FILE")]
    pub master_key_file: PathBuf,
    /// Where the first API token goes (0600) when the database is empty. Without it, `orangery token create` makes one.
    #[arg(long, env = "ORANGERY_BOOTSTRAP_TOKEN_FILE")]
    pub bootstrap_token_file: Option<PathBuf>,
    /// Where an enrolment token for the first nodes goes (0600) when the database is empty.
    #[arg(long, env = "ORANGERY_BOOTSTRAP_ENROLMENT_FILE")]
    pub bootstrap_enrolment_file: Option<PathBuf>,
    /// How many nodes the first enrolment token admits.
    #[arg(long, env = "ORANGERY_BOOTSTRAP_ENROLMENT_USES", default_value_t = 16,
        value_parser = clap::value_parser!(i32).range(1..=1_000_000))]
    pub bootstrap_enrolment_uses: i32,
    /// The e-mail address of the first administrator.
    #[arg(long, env = "ORANGERY_BOOTSTRAP_EMAIL", default_value = "admin@localhost")]
    pub bootstrap_email: String,
    /// The name of the first account.
    #[arg(long, env = "ORANGERY_BOOTSTRAP_ACCOUNT", default_value = "Orangery")]
    pub bootstrap_account: String,
    /// Three letters for this place; the end of every ray.
    #[arg(long, env = "ORANGERY_COLO", default_value = "ORG")]
    pub colo: String,
    /// Address ranges of the nodes as visitors see them, shown at /client/v4/ips.
    #[arg(long, env = "ORANGERY_EDGE_RANGES", value_delimiter = ',')]
    pub edge_ranges: Vec<ipnet::IpNet>,
    /// How many requests each caller of the REST API may make in five minutes, at this replica; 0 means any number.
    #[arg(long, env = "ORANGERY_API_RATE_LIMIT", default_value_t = 1200,
        value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub api_rate_limit: u32,
    /// How log lines look.
    #[arg(long, env = "ORANGERY_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// Print what is in effect, without secrets, and end.
    #[arg(long)]
    pub print_config: bool,
}

/// How to reach the database, for the control plane and for commands that work without one.
#[derive(Debug, Clone, clap::Args)]
pub struct DatabaseAccess {
    /// The Postgres database (15 to 18), as postgres://user:password@host/database
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: String,
    /// A file that holds the password of the database, for URLs without one.
    #[arg(long, env = "ORANGERY_DATABASE_PASSWORD_FILE")]
    pub database_password_file: Option<PathBuf>,
}

impl DatabaseAccess {
    /// How to connect to the database, with the password from its file where there is one.
    pub fn options(&self) -> Result<PgConnectOptions, ConfigError> {
        let url = Url::parse(&self.database_url).map_err(|_| ConfigError::DatabaseUrl)?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(ConfigError::DatabaseUrl);
        }
        // Without a user the driver would guess one, and say nothing about it.
        if url.username().is_empty() {
            return Err(ConfigError::DatabaseUser);
        }
        let options = PgConnectOptions::from_url(&url).map_err(|_| ConfigError::DatabaseUrl)?;
        match &self.database_password_file {
            None => Ok(options),
            Some(path) => Ok(options.password(&read_password(path)?)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("--database-url must be a URL such as postgres://user@host/database")]
    DatabaseUrl,
    #[error("--database-url names no user; write postgres://user@host/database")]
    DatabaseUser,
    #[error("cannot read --database-password-file {}", .0.display())]
    DatabasePassword(PathBuf, #[source] io::Error),
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
}

impl Config {
    pub fn master_key(&self) -> Result<MasterKey, ConfigError> {
        Ok(MasterKey::read_or_create(&self.master_key_file)?)
    }

    /// The addresses for enrolment tokens: those that were given, or the listener's own.
    pub fn link_addresses(&self, bound: SocketAddr) -> Vec<String> {
        if self.link_addresses.is_empty() { vec![bound.to_string()] } else { self.link_addresses.clone() }
    }

    /// The configuration in effect, one `name = value` a line, with the database URL's password left out.
    pub fn describe(&self) -> String {
        let database_url = without_password(&self.database.database_url);
        let shown =
            Self { database: DatabaseAccess { database_url, ..self.database.clone() }, ..self.clone() };
        format!("{shown:#?}")
    }
}

fn read_password(path: &Path) -> Result<String, ConfigError> {
    let text =
        fs::read_to_string(path).map_err(|error| ConfigError::DatabasePassword(path.to_owned(), error))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Passwords may stand before the host and, for the driver, among the parameters.
fn without_password(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else { return "<not a URL>".to_owned() };
    url.set_query(None);
    match url.set_password(None) {
        Ok(()) => url.into(),
        Err(()) => "<not a URL>".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str) -> Config {
        Config::parse_from(["orangery-control-plane", "--database-url", url, "--master-key-file", "/nowhere"])
    }

    #[test]
    fn the_password_is_never_shown() {
        let shown = config("postgres://orangery:hunter2@db/orangery?password=hunter2").describe();
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("postgres://orangery@db/orangery"));
    }

    #[test]
    fn a_url_without_a_user_is_refused() {
        assert!(matches!(config("postgres:///orangery").database.options(), Err(ConfigError::DatabaseUser)));
        assert!(matches!(config("mysql://a@b/c").database.options(), Err(ConfigError::DatabaseUrl)));
        assert!(config("postgres://orangery@db/orangery").database.options().is_ok());
    }
}
