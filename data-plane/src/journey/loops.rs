//! Loop detection by `CDN-Loop` (RFC 8586).

/// This edge in `CDN-Loop`.
pub(super) const TOKEN: &str = "orangery";

/// A request may pass this many edges of ours, since one owner's origin may well be another's edge.
pub(super) const PASSAGES_MAX: usize = 3;

/// How often `CDN-Loop` names this edge; parameters such as `; v=1` do not count.
pub(super) fn passages<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> usize {
    let entries = values.into_iter().flat_map(|value| value.split(|byte| *byte == b','));
    let ids = entries.map(|entry| entry.split(|byte| *byte == b';').next().unwrap_or(entry).trim_ascii());
    ids.filter(|id| id.eq_ignore_ascii_case(TOKEN.as_bytes())).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_are_counted_over_all_values() {
        let values: [&[u8]; 3] = [b"orangery, other", b"Orangery; v=1", b"orangery2,my-orangery"];
        assert_eq!(passages(values), 2);
        assert_eq!(passages([]), 0);
    }
}
