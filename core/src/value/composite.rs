//! Composite values, from both forms.
//!
//! As text: `(1,"a ""b""",)`, where nothing stands for NULL. In binary form:
//!
//! | bytes | field |
//! |---|---|
//! | 4 | number of fields |
//! | then per field: 4 | OID of its type |
//! | 4 + length | length (-1: NULL) and value |
//!
//! `record_out` and `record_send` in `src/backend/utils/adt/rowtypes.c`.

use core::fmt::{self, Display, Formatter, Write};

use super::part::{self, Part, Raw};
use super::quote::{self, Quoting};
use super::{TypeTable, invalid};
use crate::error::Result;
use crate::reader::Reader;
use crate::types::Oid;

const CONTEXT: &str = "composite";

/// A composite value, checked when it was made, so that walking it cannot fail.
#[derive(Clone, Copy, Debug)]
pub struct Composite<'a> {
    types: &'a TypeTable,
    type_oid: Oid,
    raw: Raw<'a>,
}

/// A field of a [`Composite`] value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompositeField<'a> {
    /// The name, where the table has it.
    pub name: Option<&'a str>,
    /// The OID of its type: what a binary value says, or the table; `None` where neither does.
    pub type_oid: Option<Oid>,
    /// The value; `None` is NULL.
    pub value: Option<Part<'a>>,
}

impl<'a> Composite<'a> {
    pub(super) fn from_text(types: &'a TypeTable, type_oid: Oid, text: &'a str) -> Result<Self> {
        let composite = Self { types, type_oid, raw: Raw::Text(text) };
        let mut fields = composite.walk();
        fields.by_ref().for_each(drop);
        if text.starts_with('(') && fields.ended { Ok(composite) } else { Err(invalid(CONTEXT)) }
    }

    /// The value itself is checked, its fields are not.
    pub(super) fn from_binary(
        types: &'a TypeTable,
        type_oid: Oid,
        bytes: &'a [u8],
    ) -> Result<Self> {
        let mut reader = Reader::new(bytes, 0);
        let count = reader.u32(CONTEXT)?;
        for _ in 0..count {
            reader.oid(CONTEXT)?;
            reader.nullable_bytes(CONTEXT)?;
        }
        reader.finish(CONTEXT)?;
        Ok(Self { types, type_oid, raw: Raw::Binary(bytes) })
    }

    /// The OID of the composite type.
    pub const fn type_oid(&self) -> Oid {
        self.type_oid
    }

    /// The fields in their order.
    pub fn fields(&self) -> impl Iterator<Item = CompositeField<'a>> + use<'a> {
        let Self { types, type_oid, .. } = *self;
        self.walk().enumerate().map(move |(index, (own_type, value))| {
            let known = types.field(type_oid, index);
            // A binary field says its type, and the table may be older than the value.
            let known = known.filter(|known| own_type.is_none_or(|oid| oid == known.1));
            CompositeField {
                name: known.map(|known| known.0),
                type_oid: own_type.or(known.map(|known| known.1)),
                value,
            }
        })
    }

    fn walk(&self) -> Fields<'a> {
        let rest = match self.raw {
            Raw::Text(text) => Raw::Text(text.strip_prefix('(').unwrap_or_default()),
            Raw::Binary(bytes) => Raw::Binary(bytes.get(4..).unwrap_or_default()),
        };
        // Nothing between the parentheses is one field that is NULL, unless there are no fields.
        let ended = self.raw == Raw::Text("()") && self.types.field(self.type_oid, 0).is_none();
        Fields { rest, ended }
    }
}

impl PartialEq for Composite<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.type_oid == other.type_oid && part::same((self, self.raw), (other, other.raw))
    }
}

impl Display for Composite<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Raw::Text(text) = self.raw {
            return f.write_str(text);
        }
        f.write_char('(')?;
        for (index, (type_oid, value)) in self.walk().enumerate() {
            if index > 0 {
                f.write_char(',')?;
            }
            if let (Some(type_oid), Some(part)) = (type_oid, value) {
                let value = part.checked(self.types, type_oid).ok_or(fmt::Error)?;
                quote::write_part(f, &value, Quoting::Composite)?;
            }
        }
        f.write_char(')')
    }
}

struct Fields<'a> {
    rest: Raw<'a>,
    /// A text's last field has been read.
    ended: bool,
}

impl<'a> Iterator for Fields<'a> {
    /// The type that the field says itself, and the value.
    type Item = (Option<Oid>, Option<Part<'a>>);

    fn next(&mut self) -> Option<Self::Item> {
        match self.rest {
            _ if self.ended => None,
            Raw::Text(text) => {
                let (field, behind) = part::field(text, &[',', ')'])?;
                match behind.strip_prefix(',') {
                    Some(next) => self.rest = Raw::Text(next),
                    None if behind == ")" => self.ended = true,
                    None => return None,
                }
                Some((None, field.map(Part::Text)))
            }
            Raw::Binary(bytes) => {
                let mut reader = Reader::new(bytes, 0);
                let type_oid = reader.oid(CONTEXT).ok()?;
                let value = reader.nullable_bytes(CONTEXT).ok()?;
                self.rest = Raw::Binary(reader.rest());
                Some((Some(type_oid), value.map(Part::Binary)))
            }
        }
    }
}
