//! Values of types that are made of others, through a table of types.
//!
//! Binary arrays, composites and ranges are checked with all that lies in them before anything is
//! shown of them: where a type deep inside has no decoder, the whole has none.

use super::{Array, Composite, Hstore, Multirange, Part, Range, TypeKind, TypeTable, Value};
use crate::error::{Error, ErrorKind, Result};
use crate::reader::range_in;
use crate::types::Oid;

/// How deep values may lie in each other. PostgreSQL has no limit; types of people have a few.
const MAX_DEPTH: usize = 32;

impl<'a> Value<'a> {
    /// The value of type `type_oid` that `text` stands for. Positions in errors count from the
    /// text's first byte.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Utf8`], or [`ErrorKind::InvalidText`] where PostgreSQL would not write this text
    /// for the type. The parts of an array or range are not checked before they are asked for.
    pub fn from_text(type_oid: Oid, text: &'a [u8]) -> Result<Self> {
        match Self::scalar_from_text(type_oid, text)? {
            Self::Other(text) => TypeTable::BUILT_IN.container_from_text(type_oid, text),
            scalar => Ok(scalar),
        }
    }

    /// The value of type `type_oid` whose binary form is `bytes`. Positions in errors count from
    /// the first of them.
    ///
    /// A type that has no decoder here gives [`Value::Bytes`].
    ///
    /// # Errors
    ///
    /// Where these bytes are no value of the type: an end too early, bytes left over, a length or a
    /// field that the type does not have, text that is not UTF-8. The context is the type.
    pub fn from_binary(type_oid: Oid, bytes: &'a [u8]) -> Result<Self> {
        match Self::scalar_from_binary(type_oid, bytes)? {
            Self::Bytes(bytes) => TypeTable::BUILT_IN.container_from_binary(type_oid, bytes),
            scalar => Ok(scalar),
        }
    }
}

impl TypeTable {
    /// The value of type `type_oid` that `text` stands for: as [`Value::from_text`], for user types
    /// too. The label of an enum is [`Value::Text`]; a domain's value is its base type's.
    ///
    /// # Errors
    ///
    /// As [`Value::from_text`].
    pub fn value_from_text<'a>(&'a self, type_oid: Oid, text: &'a [u8]) -> Result<Value<'a>> {
        let type_oid = self.base(type_oid);
        match Value::scalar_from_text(type_oid, text)? {
            Value::Other(text) => self.container_from_text(type_oid, text),
            scalar => Ok(scalar),
        }
    }

    /// The value of type `type_oid` whose binary form is `bytes`: as [`Value::from_binary`], for
    /// user types too.
    ///
    /// Types that have no decoder give [`Value::Bytes`], and so do types with one of them inside.
    ///
    /// # Errors
    ///
    /// As [`Value::from_binary`]; everything inside is checked too.
    pub fn value_from_binary<'a>(&'a self, type_oid: Oid, bytes: &'a [u8]) -> Result<Value<'a>> {
        let type_oid = self.base(type_oid);
        match Value::scalar_from_binary(type_oid, bytes)? {
            Value::Bytes(bytes) => self.container_from_binary(type_oid, bytes),
            scalar => Ok(scalar),
        }
    }

    fn container_from_text<'a>(&'a self, type_oid: Oid, text: &'a str) -> Result<Value<'a>> {
        match self.kind(type_oid) {
            Some(TypeKind::Array { element, delimiter }) => {
                Array::from_text(self, (element, delimiter), text).map(Value::Array)
            }
            Some(TypeKind::Range { subtype }) => {
                Range::from_text(self, subtype, text).map(Value::Range)
            }
            Some(TypeKind::Multirange { range }) => match self.subtype(range) {
                Some(subtype) => Multirange::from_text(self, subtype, text).map(Value::Multirange),
                None => Ok(Value::Other(text)),
            },
            Some(TypeKind::Composite) => {
                Composite::from_text(self, type_oid, text).map(Value::Composite)
            }
            Some(TypeKind::Hstore) => Hstore::from_text(text).map(Value::Hstore),
            Some(TypeKind::Enum) => Ok(Value::Text(text)),
            Some(TypeKind::Domain { .. }) | None => Ok(Value::Other(text)),
        }
    }

    fn container_from_binary<'a>(&'a self, type_oid: Oid, bytes: &'a [u8]) -> Result<Value<'a>> {
        let value = self.outermost(type_oid, bytes)?;
        let nesting = Nesting { whole: bytes, type_oid, outer: None, depth: 0 };
        Ok(if self.is_decodable(&value, &nesting)? { value } else { Value::Bytes(bytes) })
    }

    /// The value, with what lies in it not looked at.
    pub(super) fn outermost<'a>(&'a self, type_oid: Oid, bytes: &'a [u8]) -> Result<Value<'a>> {
        let type_oid = self.base(type_oid);
        match self.kind(type_oid) {
            Some(TypeKind::Array { element, delimiter }) => {
                let array = Array::from_binary(self, delimiter, bytes)?;
                // A table that is older than the type cannot know the delimiter.
                let known = array.element_type() == element;
                Ok(if known { Value::Array(array) } else { Value::Bytes(bytes) })
            }
            Some(TypeKind::Range { subtype }) => {
                Range::from_binary(self, subtype, bytes).map(Value::Range)
            }
            Some(TypeKind::Multirange { range }) => match self.subtype(range) {
                Some(subtype) => {
                    Multirange::from_binary(self, subtype, bytes).map(Value::Multirange)
                }
                None => Ok(Value::Bytes(bytes)),
            },
            Some(TypeKind::Composite) => {
                Composite::from_binary(self, type_oid, bytes).map(Value::Composite)
            }
            Some(TypeKind::Hstore) => Hstore::from_binary(bytes).map(Value::Hstore),
            Some(TypeKind::Enum) => utf8(bytes).map(Value::Text),
            Some(TypeKind::Domain { .. }) | None => Value::scalar_from_binary(type_oid, bytes),
        }
    }

    fn subtype(&self, range: Oid) -> Option<Oid> {
        match self.kind(range) {
            Some(TypeKind::Range { subtype }) => Some(subtype),
            _ => None,
        }
    }

    /// Whether the value and all that lies in it have decoders.
    fn is_decodable(&self, value: &Value<'_>, nesting: &Nesting<'_>) -> Result<bool> {
        match value {
            Value::Bytes(_) => Ok(false),
            Value::Array(array) => {
                let element = array.element_type();
                array.iter().try_fold(true, |all, event| match event {
                    super::ArrayEvent::Element(part) => {
                        Ok(all && self.is_part_decodable(element, part, nesting)?)
                    }
                    _ => Ok(all),
                })
            }
            Value::Range(range) => self.is_range_decodable(range, nesting),
            Value::Multirange(multirange) => multirange
                .ranges()
                .try_fold(true, |all, range| Ok(all && self.is_range_decodable(&range, nesting)?)),
            Value::Composite(composite) => composite.fields().try_fold(true, |all, field| {
                let (Some(type_oid), Some(part)) = (field.type_oid, field.value) else {
                    return Ok(all);
                };
                Ok(all && self.is_part_decodable(type_oid, part, nesting)?)
            }),
            _ => Ok(true),
        }
    }

    fn is_range_decodable(&self, range: &Range<'_>, nesting: &Nesting<'_>) -> Result<bool> {
        let Some((lower, upper)) = range.bounds() else { return Ok(true) };
        let mut parts = [lower, upper].into_iter().filter_map(super::Bound::part);
        parts.try_fold(true, |all, part| {
            Ok(all && self.is_part_decodable(range.subtype(), part, nesting)?)
        })
    }

    fn is_part_decodable(
        &self,
        type_oid: Oid,
        part: Part<'_>,
        outer: &Nesting<'_>,
    ) -> Result<bool> {
        let Part::Binary(bytes) = part else { return Ok(false) };
        let Some(nesting) = outer.with(self.base(type_oid)) else { return Ok(false) };
        let value = self.outermost(type_oid, bytes).map_err(|error| {
            let start = range_in(outer.whole, bytes).unwrap_or_default().start;
            error.shifted(start as u64)
        })?;
        self.is_decodable(&value, &nesting)
    }
}

/// The types of the values that one lies in.
///
/// Composite values say themselves what lies in them, and one that says its own type would make a
/// text that doubles its backslashes with every level. No type has itself as a part.
struct Nesting<'n> {
    /// The bytes of the outermost value: positions in errors count from its first one.
    whole: &'n [u8],
    type_oid: Oid,
    outer: Option<&'n Self>,
    depth: usize,
}

impl<'n> Nesting<'n> {
    /// The same with a value of another type inside; `None` where that cannot be.
    fn with(&'n self, type_oid: Oid) -> Option<Self> {
        let mut outer = Some(self);
        while let Some(nesting) = outer {
            if nesting.type_oid == type_oid {
                return None;
            }
            outer = nesting.outer;
        }
        let depth = self.depth.checked_add(1).filter(|&depth| depth < MAX_DEPTH)?;
        Some(Self { whole: self.whole, type_oid, outer: Some(self), depth })
    }
}

fn utf8(text: &[u8]) -> Result<&str> {
    str::from_utf8(text)
        .map_err(|error| Error::new(ErrorKind::Utf8, error.valid_up_to() as u64, "value"))
}

#[cfg(test)]
#[cfg(feature = "alloc")]
mod tests;
