//! A value, or that it was not sent.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, EnumAccess, VariantAccess, Visitor};

use super::cell::{Cell, Form};
use super::lend::Lend;
use super::{RowError, RowErrorKind, maybe};

/// Whether a value was sent, as the enum [`Maybe`](super::Maybe).
pub(super) struct Presence<'x, L>(pub(super) Cell<'x, L>);

impl<'x, 'de, L: Lend<'x, 'de>> EnumAccess<'de> for Presence<'x, L> {
    type Error = RowError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), RowError> {
        let name = match self.0.form {
            Form::Unchanged => maybe::UNCHANGED,
            Form::NotSent => maybe::NOT_SENT,
            Form::Null | Form::Text(_) | Form::Binary(_) => maybe::VALUE,
        };
        Ok((seed.deserialize(StrDeserializer::<RowError>::new(name))?, self))
    }
}

impl<'x, 'de, L: Lend<'x, 'de>> VariantAccess<'de> for Presence<'x, L> {
    type Error = RowError;

    fn unit_variant(self) -> Result<(), RowError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, RowError> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, RowError> {
        Err(RowError::of_kind(RowErrorKind::Other, &visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RowError> {
        Err(RowError::of_kind(RowErrorKind::Other, &visitor))
    }
}
