//! A value that a field takes: that of a column, or one inside of another.

use alloc::string::ToString;
use core::fmt::{self, Display, Formatter, Write};
use core::marker::PhantomData;

use serde::de::value::StrDeserializer;
use serde::de::{Expected, Visitor};

use super::lend::Lend;
use super::text::visit_text_of;
use super::{RowError, RowErrorKind, container};
use crate::types::Oid;
use crate::value::{Bytea, TypeTable, Value, types};

/// A value that has not been looked at.
pub(super) struct Cell<'x, L> {
    pub(super) types: &'x TypeTable,
    pub(super) type_oid: Oid,
    pub(super) form: Form<'x>,
    lend: PhantomData<L>,
}

/// What was sent of it.
#[derive(Clone, Copy)]
pub(super) enum Form<'x> {
    Null,
    Unchanged,
    NotSent,
    Text(&'x [u8]),
    Binary(&'x [u8]),
}

impl<L> Clone for Cell<'_, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for Cell<'_, L> {}

impl<'x, L> Cell<'x, L> {
    #[inline]
    pub(super) fn new(types: &'x TypeTable, type_oid: Oid, form: Form<'x>) -> Self {
        Self { types, type_oid: types.base(type_oid), form, lend: PhantomData }
    }

    pub(super) const fn is_sent(&self) -> bool {
        matches!(self.form, Form::Text(_) | Form::Binary(_))
    }

    #[inline]
    pub(super) fn value(&self, expected: &dyn Expected) -> Result<Value<'x>, RowError> {
        let value = match self.form {
            Form::Text(text) => self.types.value_from_text(self.type_oid, text),
            Form::Binary(bytes) => self.types.value_from_binary(self.type_oid, bytes),
            Form::Null => return Err(RowError::of_kind(RowErrorKind::Null, expected)),
            Form::Unchanged => return Err(RowError::of_kind(RowErrorKind::Unchanged, expected)),
            Form::NotSent => return Err(RowError::of_kind(RowErrorKind::NotSent, expected)),
        };
        value.map_err(RowError::custom)
    }

    /// Its text as it was sent. What `"char"` sends is text in some encoding only since
    /// PostgreSQL 16.
    #[inline]
    fn sent_text(&self) -> Option<&'x [u8]> {
        match self.form {
            Form::Text(text) if self.type_oid != types::CHAR => Some(text),
            _ => None,
        }
    }

    /// Whether its text is nothing else than what it holds.
    const fn is_text(&self) -> bool {
        use types::{BPCHAR, CSTRING, JSON, NAME, TEXT, VARCHAR, XML};
        matches!(self.type_oid, TEXT | VARCHAR | BPCHAR | NAME | JSON | XML | CSTRING)
    }

    /// Shows a value for what it is.
    #[inline]
    pub(super) fn visit<'de, V>(&self, value: Value<'x>, visitor: V) -> Result<V::Value, RowError>
    where
        L: Lend<'x, 'de>,
        V: Visitor<'de>,
    {
        match value {
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Int2(value) => visitor.visit_i16(value),
            Value::Int4(value) => visitor.visit_i32(value),
            Value::Int8(value) => visitor.visit_i64(value),
            Value::Oid(Oid(value)) | Value::Reg(Oid(value)) => visitor.visit_u32(value),
            Value::Xid(xid) => visitor.visit_u32(xid.0),
            Value::Xid8(value) => visitor.visit_u64(value),
            Value::Cid(value) => visitor.visit_u32(value),
            Value::Float4(value) => visitor.visit_f32(value),
            Value::Float8(value) => visitor.visit_f64(value),
            Value::Text(text) | Value::Json(text) | Value::JsonPath(text) | Value::Other(text) => {
                L::text(text, visitor)
            }
            Value::Bytea(bytea) => Self::visit_bytea(bytea, visitor),
            Value::Bytes(bytes) => L::bytes(bytes, visitor),
            Value::Array(array) => container::visit_array::<L, V>(self.types, &array, visitor),
            Value::Vector(vector) => container::visit_items(vector.iter(), visitor),
            Value::Hstore(hstore) => container::visit_hstore::<L, V>(self.types, &hstore, visitor),
            other => visit_text_of(&other, visitor),
        }
    }

    fn visit_bytea<'de, V>(bytea: Bytea<'x>, visitor: V) -> Result<V::Value, RowError>
    where
        L: Lend<'x, 'de>,
        V: Visitor<'de>,
    {
        match bytea.as_bytes() {
            Some(bytes) => L::bytes(bytes, visitor),
            None => visitor.visit_byte_buf(bytea.bytes().collect()),
        }
    }

    #[inline]
    pub(super) fn integer<'de, V>(self, visitor: V) -> Result<V::Value, RowError>
    where
        L: Lend<'x, 'de>,
        V: Visitor<'de>,
    {
        match self.value(&visitor)? {
            Value::Char(byte) => visitor.visit_u8(byte),
            Value::Numeric(number) => match number.to_i128() {
                None => Err(RowError::of_kind(RowErrorKind::Other, &visitor)),
                Some(whole) => match (i64::try_from(whole), u64::try_from(whole)) {
                    (Ok(whole), _) => visitor.visit_i64(whole),
                    (_, Ok(whole)) => visitor.visit_u64(whole),
                    _ => visitor.visit_i128(whole),
                },
            },
            value => self.visit(value, visitor),
        }
    }

    /// PostgreSQL's text, whatever the type.
    #[inline]
    pub(super) fn text<'de, V>(self, visitor: V) -> Result<V::Value, RowError>
    where
        L: Lend<'x, 'de>,
        V: Visitor<'de>,
    {
        if let Some(text) = self.sent_text() {
            return L::text(str::from_utf8(text).map_err(RowError::custom)?, visitor);
        }
        match self.value(&visitor)? {
            Value::Text(text) | Value::Json(text) | Value::JsonPath(text) => L::text(text, visitor),
            Value::Bytes(_) => Err(undecoded(&visitor)),
            value => visit_text_of(&value, visitor),
        }
    }

    pub(super) fn bytes<'de, V>(self, visitor: V) -> Result<V::Value, RowError>
    where
        L: Lend<'x, 'de>,
        V: Visitor<'de>,
    {
        if let (true, Form::Text(text)) = (self.is_text(), self.form) {
            return L::bytes(text, visitor);
        }
        match self.value(&visitor)? {
            Value::Bytea(bytea) => Self::visit_bytea(bytea, visitor),
            Value::Uuid(uuid) => visitor.visit_bytes(&uuid),
            Value::Text(text) | Value::Json(text) | Value::Other(text) => {
                L::bytes(text.as_bytes(), visitor)
            }
            Value::Bytes(bytes) => L::bytes(bytes, visitor),
            _ => Err(RowError::of_kind(RowErrorKind::Other, &visitor)),
        }
    }

    pub(super) fn sequence<'de, V>(self, visitor: V) -> Result<V::Value, RowError>
    where
        L: Lend<'x, 'de>,
        V: Visitor<'de>,
    {
        match self.value(&visitor)? {
            Value::Array(array) => container::visit_array::<L, V>(self.types, &array, visitor),
            Value::Composite(composite) => {
                container::visit_fields::<L, V>(self.types, &composite, visitor)
            }
            Value::Vector(vector) => container::visit_items(vector.iter(), visitor),
            Value::Bytea(bytea) => container::visit_items(bytea.bytes(), visitor),
            Value::Uuid(uuid) => container::visit_items(uuid.into_iter(), visitor),
            other => Err(no_container(&other, &visitor)),
        }
    }

    pub(super) fn map<'de, V>(self, visitor: V) -> Result<V::Value, RowError>
    where
        L: Lend<'x, 'de>,
        V: Visitor<'de>,
    {
        match self.value(&visitor)? {
            Value::Composite(composite) => {
                container::visit_named_fields::<L, V>(self.types, &composite, visitor)
            }
            Value::Hstore(hstore) => container::visit_hstore::<L, V>(self.types, &hstore, visitor),
            other => Err(no_container(&other, &visitor)),
        }
    }

    pub(super) fn variant<'de, V>(self, visitor: V) -> Result<V::Value, RowError>
    where
        L: Lend<'x, 'de>,
        V: Visitor<'de>,
    {
        let utf8 = |bytes| str::from_utf8(bytes).map_err(RowError::custom);
        if let Some(text) = self.sent_text() {
            return visitor.visit_enum(StrDeserializer::new(utf8(text)?));
        }
        match self.value(&visitor)? {
            // `enum_send` writes the label. It is no guess when the type has a variant of the name.
            Value::Bytes(label) => visitor.visit_enum(StrDeserializer::new(utf8(label)?)),
            Value::Text(label) => visitor.visit_enum(StrDeserializer::new(label)),
            value => visitor.visit_enum(StrDeserializer::new(&value.to_string())),
        }
    }
}

#[cold]
fn undecoded(expected: &dyn Expected) -> RowError {
    RowError::custom(format_args!(
        "expected {expected}, but the type's binary form is not known without a table of user types"
    ))
}

#[cold]
fn no_container(value: &Value<'_>, expected: &dyn Expected) -> RowError {
    match value {
        Value::Bytes(_) => undecoded(expected),
        Value::Json(_) => RowError::custom(format_args!(
            "expected {expected}, and JSON is text here, to be parsed by the field"
        )),
        _ => RowError::of_kind(RowErrorKind::Other, expected),
    }
}

impl<L> Display for Cell<'_, L> {
    /// For messages: what cannot be decoded is shown as it came.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.form {
            Form::Text(text) => text.utf8_chunks().try_for_each(|chunk| {
                f.write_str(chunk.valid())?;
                if chunk.invalid().is_empty() { Ok(()) } else { f.write_char('\u{FFFD}') }
            }),
            Form::Binary(bytes) => self.value(&"a value").unwrap_or(Value::Bytes(bytes)).fmt(f),
            Form::Null | Form::Unchanged | Form::NotSent => Ok(()),
        }
    }
}
