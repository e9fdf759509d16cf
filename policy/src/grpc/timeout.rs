use std::time::Duration;

/// The largest duration that is told apart from "for ever": 100 million hours, more than the format can say.
pub const TIMEOUT_NANOS_MAX: u128 = 100_000_000 * 3600 * 1_000_000_000;

const UNITS: [(u8, u64); 6] = [
    (b'n', 1),
    (b'u', 1_000),
    (b'm', 1_000_000),
    (b'S', 1_000_000_000),
    (b'M', 60_000_000_000),
    (b'H', 3_600_000_000_000),
];

/// Reads `grpc-timeout`: one to eight digits and a unit (`H`, `M`, `S`, `m`, `u`, `n`). Nothing if it has another shape.
pub fn parse_timeout(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let amount = digits.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    let (_, nanos) = UNITS.into_iter().find(|(letter, _)| letter == unit)?;
    let nanos = u128::from(amount) * u128::from(nanos);
    let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
    Some(Duration::new(seconds, (nanos % 1_000_000_000) as u32))
}

/// Writes `grpc-timeout` in the finest unit that fits eight digits, rounded down so that no hop grants more than is left.
pub fn format_timeout(left: Duration) -> String {
    let nanos = left.as_nanos().min(TIMEOUT_NANOS_MAX - 1);
    let fitting = UNITS.into_iter().find(|(_, unit)| nanos / u128::from(*unit) < 100_000_000);
    let (letter, unit) = fitting.unwrap_or((b'H', 3_600_000_000_000));
    format!("{}{}", nanos / u128::from(unit), char::from(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_and_written() {
        for (text, duration) in [
            ("1H", Duration::from_secs(3600)),
            ("2M", Duration::from_secs(120)),
            ("3S", Duration::from_secs(3)),
            ("250m", Duration::from_millis(250)),
            ("7u", Duration::from_micros(7)),
            ("99999999n", Duration::from_nanos(99_999_999)),
        ] {
            assert_eq!(parse_timeout(text.as_bytes()), Some(duration), "{text}");
            assert_eq!(parse_timeout(format_timeout(duration).as_bytes()), Some(duration), "{text}");
        }
    }

    #[test]
    fn other_shapes_are_not_timeouts() {
        for text in ["", "S", "1", "1s", "-1S", "123456789S", "1 S", "1.5S"] {
            assert_eq!(parse_timeout(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn what_is_left_never_grows_on_the_way() {
        for left in [Duration::from_nanos(1), Duration::new(123_456, 789_012_345), Duration::MAX] {
            let told = parse_timeout(format_timeout(left).as_bytes()).expect("a timeout");
            assert!(told <= left);
        }
    }
}
