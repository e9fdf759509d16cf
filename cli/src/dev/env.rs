//! `.orangery/dev.env`: what a shell needs to use the running system, written when it is ready and removed when it is not.

use crate::whole_file;
use anyhow::Context as _;
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// The variables in the order in which they are written.
pub(crate) struct DevEnv(Vec<(&'static str, String)>);

impl DevEnv {
    pub(crate) fn new(variables: Vec<(&'static str, String)>) -> Self {
        Self(variables)
    }

    /// Shell syntax: `NAME='value'` a line, ready for `set -a; . dev.env`.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.0 {
            let quoted = value.replace('\'', r"'\''");
            let _ = writeln!(text, "{name}='{quoted}'");
        }
        text
    }
}

/// The file itself; it goes away when this value does, so that its presence means "ready".
pub(crate) struct DevEnvFile {
    path: PathBuf,
}

impl DevEnvFile {
    /// Removes what an earlier run may have left.
    pub(crate) fn clear(state_dir: &Path) -> anyhow::Result<Self> {
        let path = state_dir.join("dev.env");
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", path.display()))
            }
            _ => Ok(Self { path }),
        }
    }

    /// Writes the whole file (0600) or nothing.
    pub(crate) fn write(&self, env: &DevEnv) -> anyhow::Result<&Path> {
        whole_file::write(&self.path, 0o600, &env.text())?;
        Ok(&self.path)
    }
}

impl Drop for DevEnvFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_written() {
        let env = DevEnv::new(vec![("PLAIN", "a b".into()), ("QUOTED", "it's $HOME".into())]);
        let script = format!("{}\nprintf '%s|%s' \"$PLAIN\" \"$QUOTED\"", env.text());
        let output = std::process::Command::new("sh").args(["-c", &script]).output().expect("a shell");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "a b|it's $HOME");
    }

    #[test]
    fn the_file_is_private_and_leaves_with_its_owner() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = std::env::temp_dir().join(format!("orangery-dev-env-{}", std::process::id()));
        fs::create_dir_all(&dir).expect("a folder");
        fs::write(dir.join("dev.env"), "OLD=1").expect("an old file");
        let file = DevEnvFile::clear(&dir).expect("cleared");
        assert!(!dir.join("dev.env").exists());
        let path = file.write(&DevEnv::new(vec![("A", "1".into())])).expect("written").to_owned();
        assert_eq!(fs::metadata(&path).expect("metadata").permissions().mode() & 0o777, 0o600);
        drop(file);
        assert!(!path.exists());
        fs::remove_dir_all(dir).expect("removed");
    }
}
