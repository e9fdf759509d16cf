//! The country of a visitor, from a database in MaxMind's format.

use http::HeaderValue;
use maxminddb::{MaxMindDbError, Reader, path};
use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

/// Two capital letters of ISO 3166-1, or what stands for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Country([u8; 2]);

impl Country {
    /// An address that the database does not know.
    pub const UNKNOWN: Self = Self(*b"XX");

    fn parse(text: &str) -> Option<Self> {
        let letters: [u8; 2] = text.as_bytes().try_into().ok()?;
        letters.iter().all(u8::is_ascii_uppercase).then_some(Self(letters))
    }

    pub fn to_header(self) -> HeaderValue {
        HeaderValue::from_bytes(&self.0).unwrap_or(HeaderValue::from_static("XX"))
    }
}

/// A database that was read into memory.
pub struct Countries(Reader<Vec<u8>>);

#[derive(Debug, thiserror::Error)]
#[error("cannot read the country database {path} (--geoip-database): {source}")]
pub struct NoCountries {
    path: PathBuf,
    source: MaxMindDbError,
}

impl Countries {
    pub fn open(path: &Path) -> Result<Self, NoCountries> {
        Reader::open_readfile(path).map(Self).map_err(|source| NoCountries { path: path.to_owned(), source })
    }

    pub fn of(&self, visitor: IpAddr) -> Country {
        let found = self.0.lookup(visitor).and_then(|found| found.decode_path(&path!["country", "iso_code"]));
        found.ok().flatten().and_then(Country::parse).unwrap_or(Country::UNKNOWN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_database_is_named() {
        for path in [Path::new("/nowhere/countries.mmdb"), Path::new(env!("CARGO_MANIFEST_PATH"))] {
            let error = Countries::open(path).err().expect("no database").to_string();
            assert!(
                error.contains(&path.display().to_string()) && error.contains("--geoip-database"),
                "{error}"
            );
        }
    }
}
