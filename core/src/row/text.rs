//! PostgreSQL's text of values that are not text as they came.

use alloc::string::ToString;
use core::fmt::{self, Write};

use serde::de::Visitor;

use super::RowError;
use crate::stack_text::StackText;
use crate::value::Value;

/// Texts of most values fit in.
const SHORT: usize = 64;

/// Shows PostgreSQL's text of a value.
pub(super) fn visit_text_of<'de, V: Visitor<'de>>(
    value: &Value<'_>,
    visitor: V,
) -> Result<V::Value, RowError> {
    let mut short = StackText::<SHORT>::new();
    match write!(short, "{value}") {
        Ok(()) => visitor.visit_str(short.as_str()),
        Err(fmt::Error) => visitor.visit_string(value.to_string()),
    }
}
