//! `orangery init`: the secrets that must exist before a database and a control plane can start, for compose and the like.

use crate::whole_file;
use clap::Args;
use control_plane::secrets::MasterKey;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Where the master key goes; kept if it is there.
    #[arg(long, env = "ORANGERY_MASTER_KEY_FILE")]
    master_key_file: PathBuf,
    /// Where the password of the database goes; kept if it is there. The database server must be able to read it.
    #[arg(long, env = "ORANGERY_DATABASE_PASSWORD_FILE")]
    database_password_file: PathBuf,
}

impl Init {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        MasterKey::read_or_create(&self.master_key_file)?;
        if !self.database_password_file.exists() {
            write_password(&self.database_password_file)?;
        }
        Ok(())
    }
}

/// The file can be read by other users of its volume: the database server runs as one of them.
fn write_password(path: &Path) -> anyhow::Result<()> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes)?;
    whole_file::write(path, 0o444, &hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_second_run_keeps_what_the_first_one_made() {
        let dir = std::env::temp_dir().join(format!("orangery-init-{}", std::process::id()));
        fs::create_dir_all(&dir).expect("a folder");
        let init =
            Init { master_key_file: dir.join("master.key"), database_password_file: dir.join("password") };
        init.run().expect("the first run");
        let first = (
            fs::read(&init.master_key_file).expect("a key"),
            fs::read(&init.database_password_file).expect("a password"),
        );
        init.run().expect("the second run");
        let second = (
            fs::read(&init.master_key_file).expect("a key"),
            fs::read(&init.database_password_file).expect("a password"),
        );
        assert_eq!(first, second);
        assert_eq!(first.1.len(), 48);
        fs::remove_dir_all(dir).expect("removed");
    }
}
