//! The only place that asks the operating system for chance.

/// Random bytes, good enough for ids and secrets.
///
/// # Panics
///
/// If the operating system has no randomness, in which case nothing here may go on.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// `length` random characters of `[A-Za-z0-9_-]`, six bits each.
pub fn text(length: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    let character = |_| char::from(ALPHABET[usize::from(bytes::<1>()[0] & 63)]);
    (0..length).map(character).collect()
}
