//! The master key: everything secret in the database is sealed under it.

use crate::random;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce, aead::Aead, aead::Payload};
use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;

/// 256 bits, kept in a file outside the database (64 hexadecimal digits), so that a dump of the database alone opens nothing.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error("cannot read the master key file {}", .0.display())]
    Read(PathBuf, #[source] io::Error),
    #[error("cannot write the master key file {}", .0.display())]
    Write(PathBuf, #[source] io::Error),
    #[error("the master key file {} must hold 64 hexadecimal digits; write one with: openssl rand -hex 32", .0.display())]
    Malformed(PathBuf),
    #[error("the master key file {} can be read by others; run: chmod 600 {}", .0.display(), .0.display())]
    Exposed(PathBuf),
    #[error("no random bytes from the operating system")]
    NoRandomness(#[from] getrandom::Error),
}

#[derive(Debug, thiserror::Error)]
#[error(
    "a secret in the database does not open: the master key is another one, or the row was altered ({context})"
)]
pub struct OpenError {
    context: String,
}

impl MasterKey {
    pub fn generate() -> Result<Self, MasterKeyError> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(key.as_mut())?;
        Ok(Self(key))
    }

    /// Reads the key from a file that only its owner may read.
    pub fn read(path: &Path) -> Result<Self, MasterKeyError> {
        let failed = |error| MasterKeyError::Read(path.to_owned(), error);
        if fs::metadata(path).map_err(failed)?.permissions().mode() & 0o077 != 0 {
            return Err(MasterKeyError::Exposed(path.to_owned()));
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(failed)?);
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        hex::decode_to_slice(text.trim(), key.as_mut_slice())
            .map_err(|_| MasterKeyError::Malformed(path.to_owned()))?;
        Ok(Self(key))
    }

    /// Reads the key, or makes one if the file does not exist yet. Of several who make one, the first is followed by all.
    pub fn read_or_create(path: &Path) -> Result<Self, MasterKeyError> {
        if path.exists() {
            return Self::read(path);
        }
        let key = Self::generate()?;
        let failed = |error| MasterKeyError::Write(path.to_owned(), error);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let draft = path.with_added_extension(hex::encode(random::bytes::<8>()));
        // A link appears at once and whole, and never in place of another.
        let linked = key.write(&draft).and_then(|()| fs::hard_link(&draft, path));
        fs::remove_file(&draft).ok();
        match linked {
            Ok(()) => Ok(key),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::read(path),
            Err(error) => Err(failed(error)),
        }
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let text = Zeroizing::new(hex::encode(*self.0));
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }

    /// Seals a secret for one place in the database, named by `context` as `table/column/row`.
    pub fn seal(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>, getrandom::Error> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)?;
        let payload = Payload { msg: secret, aad: context.as_bytes() };
        let mut sealed = nonce.to_vec();
        // The cipher fails only for messages of many gigabytes.
        sealed.extend(self.cipher().encrypt(&XNonce::from(nonce), payload).unwrap_or_default());
        Ok(sealed)
    }

    /// Opens what [`MasterKey::seal`] made for the same place.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let altered = || OpenError { context: context.to_owned() };
        let (nonce, msg) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(altered)?;
        let payload = Payload { msg, aad: context.as_bytes() };
        self.cipher().decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| altered())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.0).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_only_in_its_own_place() {
        let key = MasterKey::generate().expect("randomness");
        let sealed = key.seal("authorities/key/edge", b"secret").expect("randomness");
        assert_eq!(key.open("authorities/key/edge", &sealed).expect("opens").as_slice(), b"secret");
        assert!(key.open("authorities/key/link", &sealed).is_err());
        assert!(MasterKey::generate().expect("randomness").open("authorities/key/edge", &sealed).is_err());
    }

    #[test]
    fn those_who_make_a_key_at_the_same_time_have_the_same() {
        let folder =
            std::env::temp_dir().join(format!("orangery-master-key-{}", hex::encode(random::bytes::<8>())));
        let path = folder.join("key");
        let make = || MasterKey::read_or_create(&path).expect("a key").0;
        let keys: Vec<_> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..16).map(|_| scope.spawn(make)).collect();
            makers.into_iter().map(|maker| maker.join().expect("no panic")).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 1, "nothing is left beside it");
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        let path = std::env::temp_dir().join(format!("orangery-master-key-{}", std::process::id()));
        let key = MasterKey::read_or_create(&path).expect("a new key");
        let again = MasterKey::read_or_create(&path).expect("the same key");
        assert_eq!(key.0, again.0);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("chmod");
        assert!(matches!(MasterKey::read(&path), Err(MasterKeyError::Exposed(_))));
        fs::remove_file(&path).expect("removed");
    }
}
