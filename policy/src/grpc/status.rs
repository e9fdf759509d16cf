/// The status codes of gRPC, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Status {
    Ok = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

impl Status {
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The code as it stands in `grpc-status`.
    pub fn as_str(self) -> &'static str {
        const TEXTS: [&str; 17] =
            ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"];
        TEXTS[usize::from(self.code())]
    }
}

/// What a stock client makes of a bare HTTP status (gRPC project, "http-grpc-status-mapping.md").
pub fn from_http_status(status: u16) -> Status {
    match status {
        400 => Status::Internal,
        401 => Status::Unauthenticated,
        403 => Status::PermissionDenied,
        404 => Status::Unimplemented,
        429 | 502 | 503 | 504 => Status::Unavailable,
        _ => Status::Unknown,
    }
}

/// What a stream that was reset with this HTTP/2 error code means to a caller (gRPC over HTTP/2, "Errors").
pub fn from_http2_error(code: u32) -> Status {
    match code {
        7 => Status::Unavailable,
        8 => Status::Cancelled,
        11 => Status::ResourceExhausted,
        12 => Status::PermissionDenied,
        _ => Status::Internal,
    }
}
