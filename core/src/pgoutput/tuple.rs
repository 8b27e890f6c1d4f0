//! The columns of a row as pgoutput sends them.
//!
//! `logicalrep_write_tuple` in `src/backend/replication/logical/proto.c`; manual, "Logical
//! Replication Message Formats", TupleData:
//!
//! | bytes | field |
//! |---|---|
//! | 2 | number of columns |
//! | then per column: 1 | `'n'` NULL, `'u'` unchanged TOAST, `'t'` text, `'b'` binary |
//! | for `'t'` and `'b'`: 4 + length | length and value |

use crate::error::{ErrorKind, Result};
use crate::reader::Reader;

const NULL: u8 = b'n';
const UNCHANGED: u8 = b'u';
const TEXT: u8 = b't';
const BINARY: u8 = b'b';

/// A row. Checked when it was decoded, so walking it cannot fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuple<'a> {
    columns: u16,
    /// The columns after their count, exactly to their end.
    bytes: &'a [u8],
}

/// One column of a row, undecoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column<'a> {
    /// NULL; in an old row of key columns only, also a column that was not sent.
    Null,
    /// A TOASTed value that the update did not change, and that the server does not send.
    UnchangedToast,
    /// The value as PostgreSQL's output function writes it.
    Text(&'a [u8]),
    /// The value as PostgreSQL's send function writes it.
    Binary(&'a [u8]),
}

impl<'a> Tuple<'a> {
    #[inline]
    pub(super) fn decode(reader: &mut Reader<'a>, context: &'static str) -> Result<Self> {
        let columns = reader.u16(context)?;
        let start = reader.rest();
        for _ in 0..columns {
            column(reader, context)?;
        }
        let length = start.len().saturating_sub(reader.rest().len());
        Ok(Self { columns, bytes: start.get(..length).unwrap_or_default() })
    }

    /// How many columns the row has.
    #[inline]
    pub const fn len(&self) -> usize {
        self.columns as usize
    }

    /// Whether the row has no columns, as a table without columns has.
    pub const fn is_empty(&self) -> bool {
        self.columns == 0
    }

    /// The columns in their order.
    #[inline]
    pub const fn iter(&self) -> Columns<'a> {
        Columns { left: self.columns, reader: Reader::new(self.bytes, 0) }
    }

    /// The columns, with unchanged TOASTed values taken from the whole old row, where it has them.
    #[inline]
    pub fn filled_from(&self, old: &Self) -> impl Iterator<Item = Column<'a>> + Clone + use<'a> {
        self.iter().zip(old.iter()).map(|(new, old)| match new {
            Column::UnchangedToast => old,
            _ => new,
        })
    }

    #[cfg(feature = "alloc")]
    pub(super) fn encode(&self, out: &mut alloc::vec::Vec<u8>) {
        out.extend(self.columns.to_be_bytes());
        out.extend_from_slice(self.bytes);
    }
}

impl<'a> IntoIterator for Tuple<'a> {
    type Item = Column<'a>;
    type IntoIter = Columns<'a>;

    fn into_iter(self) -> Columns<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &Tuple<'a> {
    type Item = Column<'a>;
    type IntoIter = Columns<'a>;

    fn into_iter(self) -> Columns<'a> {
        self.iter()
    }
}

/// Walks the columns of a [`Tuple`].
#[derive(Clone, Debug)]
pub struct Columns<'a> {
    left: u16,
    reader: Reader<'a>,
}

impl<'a> Iterator for Columns<'a> {
    type Item = Column<'a>;

    #[inline]
    fn next(&mut self) -> Option<Column<'a>> {
        self.left = self.left.checked_sub(1)?;
        column(&mut self.reader, "column").ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left.into(), Some(self.left.into()))
    }
}

impl ExactSizeIterator for Columns<'_> {}

#[inline]
fn column<'a>(reader: &mut Reader<'a>, context: &'static str) -> Result<Column<'a>> {
    let start = *reader;
    match reader.u8(context)? {
        TEXT => reader.sized_bytes(context).map(Column::Text),
        NULL => Ok(Column::Null),
        UNCHANGED => Ok(Column::UnchangedToast),
        BINARY => reader.sized_bytes(context).map(Column::Binary),
        other => Err(start.error(ErrorKind::InvalidValue(other), context)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_every_kind() {
        let bytes = [
            0, 4, // four columns
            b'n', b'u', //
            b't', 0, 0, 0, 2, b'4', b'2', //
            b'b', 0, 0, 0, 1, 7,
        ];
        let mut reader = Reader::new(&bytes, 0);
        let tuple = Tuple::decode(&mut reader, "new");
        assert_eq!(reader.rest(), b"");
        let mut columns = tuple.iter().flat_map(Tuple::iter);
        assert_eq!(columns.next(), Some(Column::Null));
        assert_eq!(columns.next(), Some(Column::UnchangedToast));
        assert_eq!(columns.next(), Some(Column::Text(b"42")));
        assert_eq!(columns.next(), Some(Column::Binary(&[7])));
        assert_eq!(columns.next(), None);
    }

    #[test]
    fn an_unknown_kind_is_an_error_at_its_byte() {
        let error = Tuple::decode(&mut Reader::new(&[0, 1, b'x'], 40), "new").unwrap_err();
        assert_eq!((error.kind(), error.offset()), (ErrorKind::InvalidValue(b'x'), 42));
    }
}
