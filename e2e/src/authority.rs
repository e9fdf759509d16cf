//! A certificate authority of the tests' own, and the certificates good and bad that their origins show.

use anyhow::Context as _;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

/// Signs for origins; a zone that should trust them gets [`Authority::pem`] into its trust store.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate chain and its key, both PEM.
#[derive(Debug, Clone)]
pub struct Identity {
    pub chain_pem: String,
    pub key_pem: String,
}

impl Authority {
    pub fn new(name: &str) -> anyhow::Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer =
            CertifiedIssuer::self_signed(params, KeyPair::generate()?).context("a test authority")?;
        Ok(Self { issuer })
    }

    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    pub fn issue(&self, host: &str) -> anyhow::Result<Identity> {
        self.sign(CertificateParams::new(vec![host.to_owned()])?)
    }

    /// A certificate whose last day was long ago.
    pub fn issue_expired(&self, host: &str) -> anyhow::Result<Identity> {
        let mut params = CertificateParams::new(vec![host.to_owned()])?;
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> anyhow::Result<Identity> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Identity { chain_pem: certificate.pem(), key_pem: key.serialize_pem() })
    }
}

impl Identity {
    /// A certificate that nobody vouches for.
    pub fn self_signed(host: &str) -> anyhow::Result<Self> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(vec![host.to_owned()])?.self_signed(&key)?;
        Ok(Self { chain_pem: certificate.pem(), key_pem: key.serialize_pem() })
    }
}
