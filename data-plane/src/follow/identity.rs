//! Who this node is: its keys, made here and never sent, and whom it trusts. One file under the state folder.

use policy::id::{ClusterId, InvalidId, NodeId};
use proto::{
    enrolment_token::EnrolmentToken,
    identity::{IdentityError, ReceivingKey, SigningKey, VerifyingKey},
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};
use zeroize::{Zeroize as _, Zeroizing};

const FILE: &str = "identity.json";

pub struct Identity {
    path: PathBuf,
    pub cluster: ClusterId,
    /// Absent until the node is enrolled.
    pub node: Option<NodeId>,
    pub publisher: VerifyingKey,
    /// SHA-256 of the link authority's certificate.
    pub authority: [u8; 32],
    /// `host:port` of each control plane.
    pub addresses: Vec<String>,
    pub signing: SigningKey,
    pub receiving: ReceivingKey,
    /// Grows with each start.
    pub session: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error(
        "this node is not enrolled: make a token in the dashboard or with `orangery token enrolment` and start the node \
         with --enrol-token-file or --enrol-token"
    )]
    NotEnrolled,
    #[error(
        "the enrolment token is for another installation than {} belongs to: empty that folder to move the node", .0.display()
    )]
    OtherCluster(PathBuf),
    #[error("cannot read {}", .0.display())]
    Read(PathBuf, #[source] io::Error),
    #[error("cannot write {} (--state-dir)", .0.display())]
    Write(PathBuf, #[source] io::Error),
    #[error("{} can be read by others; run: chmod 600 on it", .0.display())]
    Exposed(PathBuf),
    #[error("{} is damaged: restore it, or empty the folder and enrol the node again", .0.display())]
    Damaged(PathBuf),
    #[error(transparent)]
    Keys(#[from] IdentityError),
}

/// The file's form; keys in hexadecimal.
#[derive(Serialize, Deserialize)]
struct Stored {
    cluster: String,
    node: Option<String>,
    publisher: String,
    authority: String,
    addresses: Vec<String>,
    signing_seed: String,
    receiving_secret: String,
    receiving_public: String,
    session: u64,
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.signing_seed.zeroize();
        self.receiving_secret.zeroize();
    }
}

impl Identity {
    /// Reads the identity, or makes one for the token. Begins a new session, which is on disk before anything is said in it.
    pub fn open(folder: &Path, token: Option<&EnrolmentToken>, unix_millis: u64) -> Result<Self, StateError> {
        let path = folder.join(FILE);
        let mut identity = match (Self::read(&path)?, token) {
            (Some(identity), Some(token)) if identity.cluster != token.cluster => {
                return Err(StateError::OtherCluster(folder.to_owned()));
            }
            (Some(identity), Some(token)) => identity.trusting(token),
            (Some(identity), None) if identity.node.is_some() => identity,
            (None, Some(token)) => Self::generate(path, token)?,
            (Some(_) | None, None) => return Err(StateError::NotEnrolled),
        };
        // A clock that was set back must not make a session that was before.
        identity.session = unix_millis.max(identity.session + 1);
        identity.write()?;
        Ok(identity)
    }

    /// The node is known to the control plane under this id.
    pub fn enrolled(&mut self, node: NodeId) -> Result<(), StateError> {
        self.node = Some(node);
        self.write()
    }

    fn generate(path: PathBuf, token: &EnrolmentToken) -> Result<Self, StateError> {
        Ok(Self {
            path,
            cluster: token.cluster,
            node: None,
            publisher: token.publisher,
            authority: token.authority,
            addresses: token.addresses.clone(),
            signing: SigningKey::generate()?,
            receiving: ReceivingKey::generate()?,
            session: 0,
        })
    }

    fn trusting(self, token: &EnrolmentToken) -> Self {
        let (publisher, authority, addresses) = (token.publisher, token.authority, token.addresses.clone());
        Self { publisher, authority, addresses, ..self }
    }

    fn read(path: &Path) -> Result<Option<Self>, StateError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StateError::Read(path.to_owned(), error)),
        };
        let mode = fs::metadata(path)
            .map_err(|error| StateError::Read(path.to_owned(), error))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            return Err(StateError::Exposed(path.to_owned()));
        }
        let damaged = || StateError::Damaged(path.to_owned());
        let stored: Stored = serde_json::from_str(&text).map_err(|_| damaged())?;
        Self::from_stored(path.to_owned(), &stored).map(Some).ok_or_else(damaged)
    }

    fn from_stored(path: PathBuf, stored: &Stored) -> Option<Self> {
        let secret = unhex(&stored.receiving_secret)?;
        let node: Result<Option<NodeId>, InvalidId> = stored.node.as_deref().map(str::parse).transpose();
        Some(Self {
            path,
            cluster: stored.cluster.parse().ok()?,
            node: node.ok()?,
            publisher: VerifyingKey(*unhex(&stored.publisher)?),
            authority: *unhex(&stored.authority)?,
            addresses: stored.addresses.clone(),
            signing: SigningKey::from_seed(unhex(&stored.signing_seed)?).ok()?,
            receiving: ReceivingKey::from_parts(&*secret, &*unhex(&stored.receiving_public)?).ok()?,
            session: stored.session,
        })
    }

    /// Writes beside the file, syncs and renames, so that a crash leaves the old one or the new one.
    fn write(&self) -> Result<(), StateError> {
        let stored = Stored {
            cluster: self.cluster.to_string(),
            node: self.node.map(|node| node.to_string()),
            publisher: hex::encode(self.publisher.0),
            authority: hex::encode(self.authority),
            addresses: self.addresses.clone(),
            signing_seed: hex::encode(self.signing.expose()),
            receiving_secret: hex::encode(self.receiving.expose()),
            receiving_public: hex::encode(self.receiving.public()),
            session: self.session,
        };
        let written = serde_json::to_vec_pretty(&stored)
            .map_err(io::Error::from)
            .and_then(|text| replace(&self.path, &Zeroizing::new(text)));
        written.map_err(|error| StateError::Write(self.path.clone(), error))
    }
}

fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let beside = path.with_extension("new");
    fs::remove_file(&beside)
        .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    fs::File::open(folder)?.sync_all()
}

fn unhex(digits: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(digits, bytes.as_mut_slice()).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(cluster: u8) -> EnrolmentToken {
        let addresses = vec!["control.test:9443".to_owned()];
        EnrolmentToken::generate(
            ClusterId::from_bytes([cluster; 16]),
            addresses,
            VerifyingKey([2; 32]),
            [3; 32],
            0,
        )
        .expect("randomness")
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("orangery-identity-{name}-{}", std::process::id()));
        fs::remove_dir_all(&folder).ok();
        folder
    }

    #[test]
    fn keys_survive_a_start_and_sessions_grow_even_if_the_clock_does_not() {
        let folder = folder("keys");
        let mut first = Identity::open(&folder, Some(&token(1)), 1000).expect("a new identity");
        let (signing, receiving) = (first.signing.public(), first.receiving.public());
        first.enrolled(NodeId::from_bytes([7; 16])).expect("written");
        let second = Identity::open(&folder, None, 500).expect("the same identity");
        assert_eq!((second.signing.public(), second.receiving.public()), (signing, receiving));
        assert_eq!((second.node, second.session), (Some(NodeId::from_bytes([7; 16])), 1001));
        let mode = fs::metadata(folder.join(FILE)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn keys_made_before_an_interrupted_enrolment_are_used_again() {
        let folder = folder("interrupted");
        let first = Identity::open(&folder, Some(&token(1)), 1).expect("a new identity").signing.public();
        assert!(matches!(Identity::open(&folder, None, 2), Err(StateError::NotEnrolled)));
        assert_eq!(Identity::open(&folder, Some(&token(1)), 3).expect("again").signing.public(), first);
        assert!(matches!(Identity::open(&folder, Some(&token(2)), 4), Err(StateError::OtherCluster(_))));
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn a_file_that_others_can_read_or_that_is_damaged_is_not_used() {
        let folder = folder("exposed");
        Identity::open(&folder, Some(&token(1)), 1).expect("a new identity");
        let path = folder.join(FILE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("chmod");
        assert!(matches!(Identity::open(&folder, None, 2), Err(StateError::Exposed(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("chmod");
        fs::write(&path, "{}").expect("written");
        assert!(matches!(Identity::open(&folder, None, 2), Err(StateError::Damaged(_))));
        fs::remove_dir_all(folder).expect("removed");
    }
}
