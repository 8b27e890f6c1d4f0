//! Takes rows apart into columns (`heap_deform_tuple`).

use alloc::borrow::Cow;
use core::ops::Range;

use super::catalog::{Attribute, Relation};
use super::error::RowError;
use super::tuple::Tuple;
use super::varlena::{Varlena, extent};

/// What a row has of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datum<'a> {
    /// NULL.
    Null,
    /// Nothing, for the row is older than the column: what the catalog says stands for it, as text;
    /// `None`: NULL.
    Missing(Option<&'a str>),
    /// The log that was read does not have it: the record leaves out what has not changed.
    Unknown,
    /// A value of a fixed length, or a text up to its zero byte, which is left out.
    Fixed(&'a [u8]),
    /// A value of varying length.
    Varlena(Varlena<'a>),
}

impl<'a> Datum<'a> {
    /// The bytes of the value, decompressed if need be; `None`: there are none here.
    ///
    /// # Errors
    ///
    /// When they cannot be decompressed.
    pub fn bytes(&self) -> Result<Option<Cow<'a, [u8]>>, RowError> {
        match self {
            Self::Null | Self::Missing(_) | Self::Unknown => Ok(None),
            Self::Fixed(bytes) => Ok(Some(Cow::Borrowed(bytes))),
            Self::Varlena(value) => value.value(),
        }
    }
}

/// The columns of a row, one after the other, without dropped ones.
#[derive(Clone, Debug)]
pub struct Columns<'t> {
    tuple: &'t Tuple<'t>,
    attributes: &'t [Attribute],
    next: usize,
    /// Where the next value is, if it is known.
    at: Option<usize>,
    failed: bool,
}

impl<'a> Tuple<'a> {
    /// The columns that the row has as one of `relation`.
    ///
    /// # Errors
    ///
    /// When it has more columns than the relation, or has none of its columns at all.
    pub fn columns_of<'t>(&'t self, relation: &'t Relation) -> Result<Columns<'t>, RowError> {
        let (columns, known) = (self.columns(), relation.attributes.len());
        if columns > known {
            return Err(RowError::Layout { columns, known });
        }
        let attributes = relation.attributes.as_slice();
        Ok(Columns { tuple: self, attributes, next: 0, at: self.data_offset(), failed: false })
    }
}

impl<'t> Columns<'t> {
    /// What the row has of a column, counted from 0.
    fn column(&mut self, number: usize, attribute: &'t Attribute) -> Option<Datum<'t>> {
        if number >= self.tuple.columns() {
            return Some(Datum::Missing(attribute.missing.as_deref()));
        }
        if self.tuple.is_null(number) {
            return Some(Datum::Null);
        }
        let Some(at) = self.at.take() else { return Some(Datum::Unknown) };
        let bytes = self.tuple.bytes();
        match attribute.length {
            -1 => self.varlena(at, attribute),
            -2 => {
                if !self.tuple.is_whole() {
                    return Some(Datum::Unknown);
                }
                let rest = bytes.get(at..)?;
                let length = rest.iter().position(|byte| *byte == 0)?;
                self.at = at.checked_add(length)?.checked_add(1);
                Some(Datum::Fixed(rest.get(..length)?))
            }
            length => {
                let at = self.place(at, attribute)?;
                let range = at..at.checked_add(usize::try_from(length).ok()?)?;
                self.at = Some(range.end);
                let value = bytes.get(range.clone())?;
                Some(if self.tuple.is_known(&range) { Datum::Fixed(value) } else { Datum::Unknown })
            }
        }
    }

    /// The next place for a column, counted from where the columns begin.
    fn place(&self, at: usize, attribute: &Attribute) -> Option<usize> {
        let begin = self.tuple.data_offset()?;
        attribute.align.place(at.checked_sub(begin)?)?.checked_add(begin)
    }

    fn varlena(&mut self, at: usize, attribute: &Attribute) -> Option<Datum<'t>> {
        let bytes = self.tuple.bytes();
        let known = |range: Range<usize>| self.tuple.is_known(&range);
        if !known(at..at.checked_add(1)?) {
            return Some(Datum::Unknown);
        }
        // A zero fills up to where a long header begins. It may be a long header's first byte, too.
        let at = if *bytes.get(at)? == 0 { self.place(at, attribute)? } else { at };
        let first = *bytes.get(at)?;
        let header = at.checked_add(if first & 1 == 1 { 1 } else { 4 })?;
        if !known(at..header) {
            return Some(Datum::Unknown);
        }
        let (_, length) = extent(bytes.get(at..)?)?;
        let range = at..at.checked_add(length)?;
        self.at = Some(range.end);
        let value = bytes.get(range.clone())?;
        if !known(range) {
            return Some(Datum::Unknown);
        }
        Varlena::decode(value).map(Datum::Varlena)
    }

    /// Whether all of the row was in its columns.
    fn ends_right(&self) -> bool {
        self.at.is_none_or(|at| at == self.tuple.bytes().len())
    }
}

impl<'t> Iterator for Columns<'t> {
    type Item = Result<(&'t Attribute, Datum<'t>), RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.failed {
            let number = self.next;
            let Some(attribute) = self.attributes.get(number) else {
                self.failed = true;
                let (columns, known) = (self.tuple.columns(), self.attributes.len());
                let error = RowError::Layout { columns, known };
                return (!self.ends_right()).then_some(Err(error));
            };
            self.next = number.saturating_add(1);
            match self.column(number, attribute) {
                None => {
                    self.failed = true;
                    return Some(Err(RowError::Column { number: self.next }));
                }
                Some(_) if attribute.dropped => {}
                Some(datum) => return Some(Ok((attribute, datum))),
            }
        }
        None
    }
}
