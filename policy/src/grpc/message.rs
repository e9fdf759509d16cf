/// A message as it stands in `grpc-message`: printable ASCII except `%` as is, every other byte of the UTF-8 form as `%XX`.
pub fn encode_message(message: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(message.len());
    for byte in message.bytes() {
        if matches!(byte, b' '..=b'~') && byte != b'%' {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    encoded
}

/// The reverse of [`encode_message`]; what is not a valid escape stays as it is, as the protocol asks.
pub fn decode_message(encoded: &str) -> String {
    let bytes = encoded.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%').then(|| encoded.get(at + 1..at + 3)).flatten();
        match escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_survives_the_header() {
        for text in ["plain", "100 %", "Grüße\r\n\t", "\u{1f34a}"] {
            let encoded = encode_message(text);
            assert!(encoded.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            assert_eq!(decode_message(&encoded), text);
        }
    }

    #[test]
    fn broken_escapes_are_left_alone() {
        assert_eq!(decode_message("50% off %zz %4"), "50% off %zz %4");
    }
}
