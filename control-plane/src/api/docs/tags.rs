//! The chapters of the API, in the order in which they are read.

use utoipa::openapi::{Tag, tag::TagBuilder};

const TAGS: [(&str, &str); 10] = [
    ("user", "Who is calling."),
    ("accounts", "The tenants that own zones."),
    ("zones", "Domains: what is served for them, and the plan that every zone has."),
    ("settings", "The switches of a zone: SSL mode, gRPC and the others, one by one or together."),
    ("dns records", "Names in a zone, which of them are proxied, and how their origins are reached."),
    (
        "certificates",
        "What visitors are shown: certificates of our own authority (Universal SSL) and uploaded ones, and both once more as packs; \
         and whom a zone trusts at its origins.",
    ),
    ("origin ca", "Certificates for origins, signed by an authority that nodes trust."),
    ("page rules", "There are none yet; clients that list them find so."),
    ("edge", "Where origins are called from."),
    ("nodes", "The machines that serve visitors, and how they join. For operators of the installation only."),
];

pub(super) fn all() -> Vec<Tag> {
    TAGS.map(|(name, about)| TagBuilder::new().name(name).description(Some(about)).build()).to_vec()
}
