//! Numbers as PostgreSQL writes them.

use core::str::FromStr;

/// A decimal integer. Rust also reads a plus sign, which PostgreSQL does not write.
pub(super) fn parse<T: FromStr>(text: &str) -> Option<T> {
    if text.starts_with('+') { None } else { text.parse().ok() }
}

/// Digits only.
pub(super) fn parse_digits<T: FromStr>(text: &str) -> Option<T> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}
