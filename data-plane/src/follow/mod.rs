//! How a node learns what to enforce; the only writer of what is in force.
//!
//! [`state`] decides, without a network; [`identity`] keeps who the node is; the rest carries messages between them and a
//! control plane, and comes again when that goes away.

mod assembly;
mod backoff;
pub mod connect;
mod enrol;
mod exchange;
pub mod identity;
pub mod pinned;
mod run;
pub mod state;

pub use connect::ConnectError;
pub use identity::StateError;
pub use run::Condition;

use crate::{config::Config, current::Current};
use hyper_util::client::proxy::matcher::Matcher;
use identity::Identity;
use proto::enrolment_token::{EnrolmentToken, InvalidToken};
use run::Follower;
use std::{
    fs, io,
    path::PathBuf,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// A node that follows its control plane.
pub struct Following {
    /// How well it goes.
    pub condition: watch::Receiver<Condition>,
    /// Ends after shutdown.
    pub task: JoinHandle<()>,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot read the enrolment token from {} (--enrol-token-file)", .0.display())]
    TokenFile(PathBuf, #[source] io::Error),
    #[error(transparent)]
    Token(#[from] InvalidToken),
    #[error(transparent)]
    State(#[from] StateError),
    #[error("there is no address of a control plane (--control-plane)")]
    NoAddress,
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// Begins to follow: enrols if that is still to be done, then keeps `current` up to date until `shutdown`.
///
/// # Errors
///
/// The node has neither an identity nor a token, or cannot read or write them. A control plane that is away is no error.
pub fn start(
    config: &Config,
    current: Arc<Current>,
    shutdown: CancellationToken,
) -> Result<Following, StartError> {
    start_through(config, current, shutdown, Matcher::from_env())
}

/// The same with proxies from elsewhere than `HTTPS_PROXY` and `NO_PROXY`.
pub fn start_through(
    config: &Config,
    current: Arc<Current>,
    shutdown: CancellationToken,
    proxies: Matcher,
) -> Result<Following, StartError> {
    let token = token(config)?;
    let identity = Identity::open(&config.state_dir, token.as_ref(), unix_millis())?;
    let addresses = addresses(config, &identity);
    if addresses.is_empty() {
        return Err(StartError::NoAddress);
    }
    let condition = watch::Sender::new(Condition::Starting);
    let following = condition.subscribe();
    let follower = Follower {
        tls: Arc::new(pinned::client_config(identity.authority)?),
        proxies,
        name: config.node_name.clone().unwrap_or_default(),
        identity,
        token,
        addresses,
        current,
        condition,
        shutdown,
    };
    Ok(Following { condition: following, task: tokio::spawn(follower.run()) })
}

/// Those that were given, or those of the token.
fn addresses(config: &Config, identity: &Identity) -> Vec<String> {
    let given: Vec<_> = config.control_plane.iter().filter(|address| !address.trim().is_empty()).collect();
    let chosen = if given.is_empty() { identity.addresses.iter().collect() } else { given };
    chosen.into_iter().map(|address| bare(address.trim())).collect()
}

fn token(config: &Config) -> Result<Option<EnrolmentToken>, StartError> {
    let text = match (&config.enrol_token, &config.enrol_token_file) {
        (Some(text), _) => Some(Zeroizing::new(text.clone())),
        (None, Some(path)) => {
            let text =
                fs::read_to_string(path).map_err(|error| StartError::TokenFile(path.clone(), error))?;
            Some(Zeroizing::new(text))
        }
        (None, None) => None,
    };
    Ok(text.map(|text| EnrolmentToken::parse(&text)).transpose()?)
}

/// `host:port`, also where a URL was given.
fn bare(address: &str) -> String {
    let address = address.strip_prefix("https://").unwrap_or(address);
    address.strip_suffix('/').unwrap_or(address).to_owned()
}

fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
