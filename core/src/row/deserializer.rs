//! A value as serde sees it.

use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::cell::{Cell, Form};
use super::lend::Lend;
use super::presence::Presence;
use super::{RowError, RowErrorKind, maybe, scalars};
use crate::value::{Numeric, NumericKind, Value};

macro_rules! integers {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
            self.integer(visitor)
        }
    )*};
}

macro_rules! texts {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
            self.text(visitor)
        }
    )*};
}

impl<'x, 'de, L: Lend<'x, 'de>> Deserializer<'de> for Cell<'x, L> {
    type Error = RowError;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.form {
            Form::Null => visitor.visit_none(),
            _ => self.visit(self.value(&visitor)?, visitor),
        }
    }

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    texts! { deserialize_str deserialize_string deserialize_char deserialize_identifier }

    #[inline]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        self.visit(self.value(&visitor)?, visitor)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        let wide = match self.value(&visitor)? {
            Value::Float8(wide) => wide,
            Value::Numeric(number) if is_in_range(&number, number.to_f64()) => number.to_f64(),
            value => return self.visit(value, visitor),
        };
        #[expect(clippy::cast_possible_truncation, reason = "the nearest number is asked for")]
        let narrow = wide as f32;
        if narrow.is_infinite() && wide.is_finite() {
            return Err(RowError::of_kind(RowErrorKind::Other, &visitor));
        }
        visitor.visit_f32(narrow)
    }

    #[inline]
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.value(&visitor)? {
            Value::Numeric(number) if is_in_range(&number, number.to_f64()) => {
                visitor.visit_f64(number.to_f64())
            }
            value => self.visit(value, visitor),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        self.bytes(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        self.bytes(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.form {
            Form::Null => visitor.visit_none(),
            Form::Text(_) | Form::Binary(_) => visitor.visit_some(self),
            Form::Unchanged => Err(RowError::of_kind(RowErrorKind::Unchanged, &visitor)),
            Form::NotSent => Err(RowError::of_kind(RowErrorKind::NotSent, &visitor)),
        }
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        match name {
            scalars::TIMESTAMP => match self.value(&visitor)? {
                Value::Timestamp(time) | Value::TimestampTz(time) => {
                    visitor.visit_newtype_struct(time.0.into_deserializer())
                }
                _ => Err(RowError::of_kind(RowErrorKind::Other, &visitor)),
            },
            scalars::DATE => match self.value(&visitor)? {
                Value::Date(date) => visitor.visit_newtype_struct(date.0.into_deserializer()),
                _ => Err(RowError::of_kind(RowErrorKind::Other, &visitor)),
            },
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        self.sequence(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        self.sequence(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        self.sequence(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        self.map(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RowError> {
        self.map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RowError> {
        if name == maybe::NAME { visitor.visit_enum(Presence(self)) } else { self.variant(visitor) }
    }

    #[inline]
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { unit unit_struct }
}

/// Whether a finite number has not become an infinite one.
fn is_in_range(number: &Numeric<'_>, float: f64) -> bool {
    number.kind() != NumericKind::Finite || float.is_finite()
}
