use serde::{Deserialize, Serialize};

/// The lowest TLS version a visitor may use. Versions below 1.2 can be stored, and mean 1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MinTlsVersion {
    #[serde(rename = "1.0")]
    V1_0,
    #[serde(rename = "1.1")]
    V1_1,
    #[serde(rename = "1.2")]
    V1_2,
    #[serde(rename = "1.3")]
    V1_3,
}

/// A cipher suite of TLS 1.2 that nodes have. Those of TLS 1.3 cannot be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cipher {
    EcdheEcdsaAes128GcmSha256,
    EcdheEcdsaAes256GcmSha384,
    EcdheEcdsaChacha20Poly1305,
    EcdheRsaAes128GcmSha256,
    EcdheRsaAes256GcmSha384,
    EcdheRsaChacha20Poly1305,
}

impl Cipher {
    pub const ALL: [Self; 6] = [
        Self::EcdheEcdsaAes128GcmSha256,
        Self::EcdheEcdsaAes256GcmSha384,
        Self::EcdheEcdsaChacha20Poly1305,
        Self::EcdheRsaAes128GcmSha256,
        Self::EcdheRsaAes256GcmSha384,
        Self::EcdheRsaChacha20Poly1305,
    ];

    /// The name that OpenSSL gives it, by which people choose it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EcdheEcdsaAes128GcmSha256 => "ECDHE-ECDSA-AES128-GCM-SHA256",
            Self::EcdheEcdsaAes256GcmSha384 => "ECDHE-ECDSA-AES256-GCM-SHA384",
            Self::EcdheEcdsaChacha20Poly1305 => "ECDHE-ECDSA-CHACHA20-POLY1305",
            Self::EcdheRsaAes128GcmSha256 => "ECDHE-RSA-AES128-GCM-SHA256",
            Self::EcdheRsaAes256GcmSha384 => "ECDHE-RSA-AES256-GCM-SHA384",
            Self::EcdheRsaChacha20Poly1305 => "ECDHE-RSA-CHACHA20-POLY1305",
        }
    }

    /// Its number in the registry of TLS cipher suites.
    pub fn number(self) -> u16 {
        match self {
            Self::EcdheEcdsaAes128GcmSha256 => 0xC02B,
            Self::EcdheEcdsaAes256GcmSha384 => 0xC02C,
            Self::EcdheEcdsaChacha20Poly1305 => 0xCCA9,
            Self::EcdheRsaAes128GcmSha256 => 0xC02F,
            Self::EcdheRsaAes256GcmSha384 => 0xC030,
            Self::EcdheRsaChacha20Poly1305 => 0xCCA8,
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cipher| cipher.as_str() == text)
    }

    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|cipher| cipher.number() == number)
    }
}

/// A set of cipher suites, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ciphers(u8);

impl Ciphers {
    pub const ALL: Self = Self((1 << Cipher::ALL.len()) - 1);

    /// `None` if there is none.
    pub fn new(ciphers: impl IntoIterator<Item = Cipher>) -> Option<Self> {
        let bits = ciphers.into_iter().fold(0, |bits, cipher| bits | bit(cipher));
        (bits != 0).then_some(Self(bits))
    }

    pub fn contains(self, cipher: Cipher) -> bool {
        self.0 & bit(cipher) != 0
    }

    pub fn iter(self) -> impl Iterator<Item = Cipher> {
        Cipher::ALL.into_iter().filter(move |cipher| self.contains(*cipher))
    }
}

fn bit(cipher: Cipher) -> u8 {
    1 << cipher as u8
}

/// How visitors may encrypt. Some version is always left, as made by [`VisitorTls::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VisitorTls {
    min_version: MinTlsVersion,
    tls_1_3: bool,
    tls_1_2_only: bool,
    ciphers: Ciphers,
}

/// The versions that are left for visitors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsVersions {
    Tls12,
    Tls13,
    Both,
}

/// TLS 1.3 is asked for as the lowest version, and forbidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no TLS version is left: the lowest is 1.3, which is off")]
pub struct NoTlsVersion;

impl VisitorTls {
    pub fn new(
        min_version: MinTlsVersion,
        tls_1_3: bool,
        tls_1_2_only: bool,
        ciphers: Ciphers,
    ) -> Result<Self, NoTlsVersion> {
        if min_version == MinTlsVersion::V1_3 && (!tls_1_3 || tls_1_2_only) {
            return Err(NoTlsVersion);
        }
        Ok(Self { min_version, tls_1_3, tls_1_2_only, ciphers })
    }

    pub fn min_version(self) -> MinTlsVersion {
        self.min_version
    }

    /// Whether TLS 1.3 is allowed, which [`Self::tls_1_2_only`] overrules.
    pub fn tls_1_3(self) -> bool {
        self.tls_1_3
    }

    pub fn tls_1_2_only(self) -> bool {
        self.tls_1_2_only
    }

    /// Of TLS 1.2.
    pub fn ciphers(self) -> Ciphers {
        self.ciphers
    }

    pub fn versions(self) -> TlsVersions {
        match (self.min_version, self.tls_1_3 && !self.tls_1_2_only) {
            (MinTlsVersion::V1_3, _) => TlsVersions::Tls13,
            (_, false) => TlsVersions::Tls12,
            (_, true) => TlsVersions::Both,
        }
    }
}

impl Default for VisitorTls {
    fn default() -> Self {
        Self { min_version: MinTlsVersion::V1_0, tls_1_3: true, tls_1_2_only: false, ciphers: Ciphers::ALL }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_version_is_always_left() {
        use MinTlsVersion::{V1_0, V1_3};
        let versions =
            |min, tls_1_3, only| VisitorTls::new(min, tls_1_3, only, Ciphers::ALL).map(VisitorTls::versions);
        assert_eq!(versions(V1_0, true, false), Ok(TlsVersions::Both));
        assert_eq!(versions(V1_0, false, false), Ok(TlsVersions::Tls12));
        assert_eq!(versions(V1_0, true, true), Ok(TlsVersions::Tls12));
        assert_eq!(versions(V1_3, true, false), Ok(TlsVersions::Tls13));
        assert_eq!(versions(V1_3, false, false), Err(NoTlsVersion));
        assert_eq!(versions(V1_3, true, true), Err(NoTlsVersion));
    }

    #[test]
    fn ciphers_are_a_set_that_is_never_empty() {
        assert_eq!(Ciphers::new([]), None);
        assert_eq!(Ciphers::new(Cipher::ALL), Some(Ciphers::ALL));
        for cipher in Cipher::ALL {
            assert_eq!(Cipher::parse(cipher.as_str()), Some(cipher));
            assert_eq!(Cipher::from_number(cipher.number()), Some(cipher));
            assert!(Ciphers::new([cipher]).is_some_and(|one| one.iter().eq([cipher])));
        }
    }
}
