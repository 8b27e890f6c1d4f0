//! Whether a type may keep what it is shown.

use serde::de::Visitor;

use super::RowError;

/// How text and bytes that live as long as `'x` reach a type that may keep what lives as long as
/// `'de`.
pub(super) trait Lend<'x, 'de> {
    fn text<V: Visitor<'de>>(text: &'x str, visitor: V) -> Result<V::Value, RowError>;
    fn bytes<V: Visitor<'de>>(bytes: &'x [u8], visitor: V) -> Result<V::Value, RowError>;
}

/// It lies in the message.
pub(super) enum Kept {}

/// It is gone when it has been shown: text without the escapes that it came with.
pub(super) enum Shown {}

impl<'de> Lend<'de, 'de> for Kept {
    #[inline]
    fn text<V: Visitor<'de>>(text: &'de str, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_borrowed_str(text)
    }

    #[inline]
    fn bytes<V: Visitor<'de>>(bytes: &'de [u8], visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_borrowed_bytes(bytes)
    }
}

impl<'x, 'de> Lend<'x, 'de> for Shown {
    fn text<V: Visitor<'de>>(text: &'x str, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_str(text)
    }

    fn bytes<V: Visitor<'de>>(bytes: &'x [u8], visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_bytes(bytes)
    }
}
