//! A row as serde sees it: a map by the names of the columns, or a sequence.

use core::{iter, slice};

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::cell::{Cell, Form};
use super::lend::Kept;
use super::{Row, RowError};
use crate::pgoutput::{self, Columns};
use crate::relation;

pub(super) struct RowDeserializer<'s, 'r, 'de> {
    row: &'s Row<'r, 'de>,
    columns: iter::Enumerate<slice::Iter<'r, relation::Column>>,
    values: Columns<'de>,
    before: Option<Columns<'de>>,
    /// Errors of columns that are not shown.
    left_out: &'s [RowError],
    /// The column whose name was shown last.
    value: Option<(usize, &'r relation::Column, Form<'de>)>,
}

impl<'s, 'r, 'de> RowDeserializer<'s, 'r, 'de> {
    pub(super) fn new(row: &'s Row<'r, 'de>, left_out: &'s [RowError]) -> Result<Self, RowError> {
        let (columns, found) = (row.relation.columns.len(), row.tuple.len());
        if columns != found || row.before.is_some_and(|before| before.len() != found) {
            return Err(RowError::custom(format_args!(
                "a row of {found} columns for a relation of {columns}"
            )));
        }
        Ok(Self {
            row,
            columns: row.relation.columns.iter().enumerate(),
            values: row.tuple.iter(),
            before: row.before.as_ref().map(pgoutput::Tuple::iter),
            left_out,
            value: None,
        })
    }

    #[inline]
    fn next(&mut self) -> Option<(usize, &'r relation::Column, Form<'de>)> {
        let (index, column) = self.columns.next()?;
        let mut value = self.values.next()?;
        let before = self.before.as_mut().and_then(Iterator::next);
        if let (pgoutput::Column::UnchangedToast, Some(before)) = (value, before) {
            value = before;
        }
        let form = match value {
            _ if self.row.key_only && !column.key => Form::NotSent,
            pgoutput::Column::Null => Form::Null,
            pgoutput::Column::UnchangedToast => Form::Unchanged,
            pgoutput::Column::Text(text) => Form::Text(text),
            pgoutput::Column::Binary(bytes) => Form::Binary(bytes),
        };
        Some((index, column, form))
    }

    #[inline]
    fn read<T: DeserializeSeed<'de>>(
        &self,
        (index, column, form): (usize, &relation::Column, Form<'de>),
        seed: T,
    ) -> Result<T::Value, RowError> {
        let cell = Cell::<Kept>::new(self.row.types, column.base_type, form);
        seed.deserialize(cell).map_err(|error| error.at(index, column, &cell))
    }

    fn check_length(&self, length: usize) -> Result<(), RowError> {
        let columns = self.columns.len();
        if columns == length {
            return Ok(());
        }
        Err(RowError::custom(format_args!("a row of {columns} columns is no tuple of {length}")))
    }
}

impl<'de> MapAccess<'de> for RowDeserializer<'_, '_, 'de> {
    type Error = RowError;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, RowError> {
        while let Some((index, column, form)) = self.next() {
            if self.left_out.iter().any(|error| error.place() == Some(index)) {
                continue;
            }
            self.value = Some((index, column, form));
            return seed.deserialize(StrDeserializer::<RowError>::new(&column.name)).map(Some);
        }
        Ok(None)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, RowError> {
        match self.value.take() {
            Some(column) => self.read(column, seed),
            None => Err(RowError::custom("a value was asked for before its name")),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.columns.len())
    }
}

impl<'de> SeqAccess<'de> for RowDeserializer<'_, '_, 'de> {
    type Error = RowError;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, RowError> {
        self.next().map(|column| self.read(column, seed)).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.columns.len())
    }
}

impl<'de> Deserializer<'de> for RowDeserializer<'_, '_, 'de> {
    type Error = RowError;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_map(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_seq(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        self.check_length(length)?;
        visitor.visit_seq(self)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_some(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct map struct enum identifier
    }
}
