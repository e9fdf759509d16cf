//! The switch of the certificate that every zone has from us.

use super::{CertificateError, edge};
use crate::{
    db::{self, certificates, change::Change},
    secrets::MasterKey,
};
use policy::{hostname::Hostname, id::ZoneId};

/// Turns it on, which issues a certificate at once, or off, which withdraws the one there is; publishes the zone. The zone's
/// row must be locked.
pub async fn switch(
    change: &mut Change,
    master: &MasterKey,
    zone: ZoneId,
    name: &Hostname,
    enabled: bool,
) -> Result<(), CertificateError> {
    db::universal_ssl::set(change, zone, enabled).await?;
    if enabled {
        edge::issue(change, master, zone, name).await
    } else {
        Ok(certificates::delete_edge(change, zone).await?)
    }
}
