//! Typed identifiers: 128 random bits, written as 32 lower-case hexadecimal digits.

use std::{fmt, str::FromStr};

/// A text that is not 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 32 lower-case hexadecimal digits")]
pub struct InvalidId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

id!(
    /// A tenant, the owner of zones.
    AccountId
);
id!(
    /// A person.
    UserId
);
id!(
    /// What a person or a program carries to be let in.
    TokenId
);
id!(
    /// A domain and its settings.
    ZoneId
);
id!(
    /// A DNS record.
    RecordId
);
id!(
    /// A certificate that a node may show to visitors.
    CertificateId
);
id!(
    /// A data-plane process, for as long as it keeps its keys.
    NodeId
);
id!(
    /// The right to enrol nodes.
    EnrolmentTokenId
);
id!(
    /// One fleet key: the key under which private keys travel.
    FleetKeyId
);
id!(
    /// One installation: a control plane, its database and its nodes.
    ClusterId
);

fn parse(text: &str) -> Result<[u8; 16], InvalidId> {
    let digits = text.as_bytes();
    if digits.len() != 32 {
        return Err(InvalidId);
    }
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Ok(bytes)
}

fn nibble(digit: u8) -> Result<u8, InvalidId> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(InvalidId),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_being_written_and_read() {
        let text = "0123456789abcdef0123456789abcdef";
        assert_eq!(text.parse::<ZoneId>().map(|id| id.to_string()), Ok(text.to_owned()));
    }

    #[test]
    fn upper_case_short_and_foreign_ids_are_refused() {
        for text in [
            "",
            "0123456789ABCDEF0123456789ABCDEF",
            "0123456789abcdef0123456789abcde",
            "zz23456789abcdef0123456789abcdef",
        ] {
            assert_eq!(text.parse::<ZoneId>(), Err(InvalidId), "{text}");
        }
    }
}
