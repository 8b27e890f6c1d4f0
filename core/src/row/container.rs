//! Values that hold others: arrays, composites, `hstore`.

use alloc::string::String;
use core::marker::PhantomData;

use serde::de::value::{SeqDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::RowError;
use super::cell::{Cell, Form};
use super::lend::{Lend, Shown};
use crate::types::Oid;
use crate::value::types::TEXT;
use crate::value::{
    Array, ArrayEvent, ArrayEvents, Composite, CompositeField, Hstore, Pairs, Part, TypeTable,
};

/// PostgreSQL's own limit (`MAXDIM`).
const MAX_DIMENSIONS: usize = 6;

const NO_TYPE: Oid = Oid(0);

/// A sequence of plain numbers, all of which must be taken.
pub(super) fn visit_items<'de, I, V>(items: I, visitor: V) -> Result<V::Value, RowError>
where
    I: Iterator<Item: IntoDeserializer<'de, RowError>>,
    V: Visitor<'de>,
{
    let mut items = SeqDeserializer::new(items);
    let taken = visitor.visit_seq(&mut items)?;
    items.end().map(|()| taken)
}

/// Shows a value inside of another; without one it is NULL.
fn read_part<'x, 'de, L, T>(
    types: &'x TypeTable,
    type_oid: Oid,
    part: Option<Part<'x>>,
    seed: T,
) -> Result<T::Value, RowError>
where
    L: Lend<'x, 'de>,
    T: DeserializeSeed<'de>,
{
    let form = match part {
        None => Form::Null,
        Some(Part::Binary(bytes)) => Form::Binary(bytes),
        Some(Part::Text(escaped)) => match escaped.plain() {
            Some(text) => Form::Text(text.as_bytes()),
            None => {
                let text: String = escaped.chars().collect();
                let form = Form::Text(text.as_bytes());
                return seed.deserialize(Cell::<Shown>::new(types, type_oid, form));
            }
        },
    };
    seed.deserialize(Cell::<L>::new(types, type_oid, form))
}

pub(super) fn visit_array<'x, 'de, L, V>(
    types: &'x TypeTable,
    array: &Array<'x>,
    visitor: V,
) -> Result<V::Value, RowError>
where
    L: Lend<'x, 'de>,
    V: Visitor<'de>,
{
    let mut events = array.iter();
    // It begins with the first dimension.
    events.next();
    Dimension::<L> {
        types,
        element_type: array.element_type(),
        events: &mut events,
        depth: 1,
        ended: false,
        lend: PhantomData,
    }
    .visit(visitor)
}

/// A dimension that has been opened.
struct Dimension<'e, 'x, L> {
    types: &'x TypeTable,
    element_type: Oid,
    events: &'e mut ArrayEvents<'x>,
    depth: usize,
    ended: bool,
    lend: PhantomData<L>,
}

impl<'x, L> Dimension<'_, 'x, L> {
    fn visit<'de, V>(mut self, visitor: V) -> Result<V::Value, RowError>
    where
        L: Lend<'x, 'de>,
        V: Visitor<'de>,
    {
        let taken = visitor.visit_seq(&mut self)?;
        if self.ended || matches!(self.events.next(), None | Some(ArrayEvent::Close)) {
            return Ok(taken);
        }
        Err(RowError::custom("expected no more elements"))
    }
}

impl<'x, 'de, L: Lend<'x, 'de>> SeqAccess<'de> for Dimension<'_, 'x, L> {
    type Error = RowError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, RowError> {
        if self.ended {
            return Ok(None);
        }
        let part = match self.events.next() {
            None | Some(ArrayEvent::Close) => {
                self.ended = true;
                return Ok(None);
            }
            Some(ArrayEvent::Open) => {
                let depth = self.depth.saturating_add(1);
                let inner = Dimension { events: &mut *self.events, depth, ..*self };
                return seed.deserialize(inner).map(Some);
            }
            Some(ArrayEvent::Null) => None,
            Some(ArrayEvent::Element(part)) => Some(part),
        };
        read_part::<L, T>(self.types, self.element_type, part, seed).map(Some)
    }
}

impl<'x, 'de, L: Lend<'x, 'de>> Deserializer<'de> for Dimension<'_, 'x, L> {
    type Error = RowError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        if self.depth > MAX_DIMENSIONS {
            return Err(RowError::custom("arrays have six dimensions at most"));
        }
        self.visit(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

pub(super) fn visit_fields<'x, 'de, L, V>(
    types: &'x TypeTable,
    composite: &Composite<'x>,
    visitor: V,
) -> Result<V::Value, RowError>
where
    L: Lend<'x, 'de>,
    V: Visitor<'de>,
{
    let mut fields =
        Fields::<_, L> { types, fields: composite.fields(), next: None, lend: PhantomData };
    let taken = visitor.visit_seq(&mut fields)?;
    match fields.fields.next() {
        None => Ok(taken),
        Some(_) => Err(RowError::custom("expected no more fields")),
    }
}

pub(super) fn visit_named_fields<'x, 'de, L, V>(
    types: &'x TypeTable,
    composite: &Composite<'x>,
    visitor: V,
) -> Result<V::Value, RowError>
where
    L: Lend<'x, 'de>,
    V: Visitor<'de>,
{
    let fields = composite.fields();
    visitor.visit_map(Fields::<_, L> { types, fields, next: None, lend: PhantomData })
}

struct Fields<'x, I, L> {
    types: &'x TypeTable,
    fields: I,
    /// The field whose name was shown last.
    next: Option<CompositeField<'x>>,
    lend: PhantomData<L>,
}

impl<'x, I, L> Fields<'x, I, L> {
    fn read<'de, T>(&self, field: CompositeField<'x>, seed: T) -> Result<T::Value, RowError>
    where
        L: Lend<'x, 'de>,
        T: DeserializeSeed<'de>,
    {
        read_part::<L, T>(self.types, field.type_oid.unwrap_or(NO_TYPE), field.value, seed)
    }
}

impl<'x, 'de, I, L> SeqAccess<'de> for Fields<'x, I, L>
where
    I: Iterator<Item = CompositeField<'x>>,
    L: Lend<'x, 'de>,
{
    type Error = RowError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, RowError> {
        self.fields.next().map(|field| self.read(field, seed)).transpose()
    }
}

impl<'x, 'de, I, L> MapAccess<'de> for Fields<'x, I, L>
where
    I: Iterator<Item = CompositeField<'x>>,
    L: Lend<'x, 'de>,
{
    type Error = RowError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, RowError> {
        self.next = self.fields.next();
        let Some(field) = &self.next else { return Ok(None) };
        match field.name {
            Some(name) => seed.deserialize(StrDeserializer::<RowError>::new(name)).map(Some),
            None => Err(RowError::custom("the table of user types does not name the field")),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, RowError> {
        match self.next.take() {
            Some(field) => self.read(field, seed),
            None => Err(RowError::custom("a value was asked for before its name")),
        }
    }
}

pub(super) fn visit_hstore<'x, 'de, L, V>(
    types: &'x TypeTable,
    hstore: &Hstore<'x>,
    visitor: V,
) -> Result<V::Value, RowError>
where
    L: Lend<'x, 'de>,
    V: Visitor<'de>,
{
    visitor.visit_map(HstorePairs::<L> {
        types,
        pairs: hstore.pairs(),
        value: None,
        lend: PhantomData,
    })
}

struct HstorePairs<'x, L> {
    types: &'x TypeTable,
    pairs: Pairs<'x>,
    /// The value whose key was shown last.
    value: Option<Part<'x>>,
    lend: PhantomData<L>,
}

impl<'x, 'de, L: Lend<'x, 'de>> MapAccess<'de> for HstorePairs<'x, L> {
    type Error = RowError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, RowError> {
        let Some((key, value)) = self.pairs.next() else { return Ok(None) };
        self.value = value;
        read_part::<L, K>(self.types, TEXT, Some(key), seed).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, RowError> {
        read_part::<L, V>(self.types, TEXT, self.value.take(), seed)
    }
}
