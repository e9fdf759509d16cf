//! What a handler asks for before it does anything. Tokens are full at first; the names are those that tokens will carry.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    ZoneRead,
    ZoneWrite,
    ZoneSettingsRead,
    ZoneSettingsWrite,
    DnsRead,
    DnsWrite,
    SslRead,
    SslWrite,
    AccountRead,
    NodesRead,
    NodesWrite,
}

impl Permission {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ZoneRead => "Zone Read",
            Self::ZoneWrite => "Zone Write",
            Self::ZoneSettingsRead => "Zone Settings Read",
            Self::ZoneSettingsWrite => "Zone Settings Write",
            Self::DnsRead => "DNS Read",
            Self::DnsWrite => "DNS Write",
            Self::SslRead => "SSL and Certificates Read",
            Self::SslWrite => "SSL and Certificates Write",
            Self::AccountRead => "Account Settings Read",
            Self::NodesRead => "Nodes Read",
            Self::NodesWrite => "Nodes Write",
        }
    }
}
