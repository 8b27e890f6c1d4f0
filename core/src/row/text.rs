//! PostgreSQL's text of values that are not text as they came.

use alloc::string::ToString;
use core::fmt::{self, Write};

use serde::de::Visitor;

use super::RowError;
use crate::value::Value;

/// Texts of most values fit in.
const SHORT: usize = 64;

/// Shows PostgreSQL's text of a value.
pub(super) fn visit_text_of<'de, V: Visitor<'de>>(
    value: &Value<'_>,
    visitor: V,
) -> Result<V::Value, RowError> {
    let mut short = Short { bytes: [0; SHORT], length: 0 };
    match write!(short, "{value}") {
        Ok(()) => visitor.visit_str(short.as_str()),
        Err(fmt::Error) => visitor.visit_string(value.to_string()),
    }
}

/// Text on the stack.
struct Short {
    bytes: [u8; SHORT],
    length: usize,
}

impl Short {
    fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default()
    }
}

impl Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length.saturating_add(text.len());
        let place = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
