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

use crate::error::{Error, ErrorKind, Result};
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
    /// Reads a row that others may follow.
    pub(super) fn decode(reader: &mut Reader<'a>, context: &'static str) -> Result<Self> {
        let columns = reader.u16(context)?;
        let bytes = reader.rest();
        let end = walk(bytes, columns);
        let (Ok(rest) | Err(rest)) = end;
        let bytes = reader.bytes(bytes.len().saturating_sub(rest.len()), context)?;
        end.map(|_| Self { columns, bytes }).map_err(|_| fault(*reader, context))
    }

    /// The row that is all of `bytes`; `None` where they are no row, or more than one.
    ///
    /// Its slice does not depend on where the walk ends, so the processor may begin to read the
    /// columns before all of them are checked.
    #[inline]
    pub(super) fn whole(bytes: &'a [u8]) -> Option<Self> {
        let (columns, bytes) = bytes.split_first_chunk()?;
        let columns = u16::from_be_bytes(*columns);
        let rest = walk(bytes, columns).ok()?;
        rest.is_empty().then_some(Self { columns, bytes })
    }

    /// The columns of a row that nothing was checked of but their number. It is one if walking them
    /// leaves nothing.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) fn unchecked(bytes: &'a [u8], columns: usize) -> Option<Columns<'a>> {
        let (found, rest) = bytes.split_first_chunk()?;
        let left = u16::from_be_bytes(*found);
        (usize::from(left) == columns).then_some(Columns { left, rest })
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
        Columns { left: self.columns, rest: self.bytes }
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
    rest: &'a [u8],
}

#[cfg(feature = "alloc")]
impl Columns<'_> {
    /// Bytes that are left.
    #[inline]
    pub(crate) const fn size(&self) -> usize {
        self.rest.len()
    }
}

impl<'a> Iterator for Columns<'a> {
    type Item = Column<'a>;

    #[inline]
    fn next(&mut self) -> Option<Column<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (column, rest) = split_column(self.rest)?;
        self.rest = rest;
        Some(column)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left.into(), Some(self.left.into()))
    }
}

impl ExactSizeIterator for Columns<'_> {}

/// What is behind so many columns, or, as an error, what begins with the first unsound one.
#[inline]
fn walk(bytes: &[u8], columns: u16) -> core::result::Result<&[u8], &[u8]> {
    let mut rest = bytes;
    for _ in 0..columns {
        rest = split_column(rest).ok_or(rest)?.1;
    }
    Ok(rest)
}

/// The column at the front of `bytes` and what is behind it; `None` where there is none.
#[inline]
fn split_column(bytes: &[u8]) -> Option<(Column<'_>, &[u8])> {
    match bytes {
        [kind @ (TEXT | BINARY), a, b, c, d, value @ ..] => {
            let length = usize::try_from(i32::from_be_bytes([*a, *b, *c, *d])).ok()?;
            let (value, rest) = value.split_at_checked(length)?;
            Some((if *kind == TEXT { Column::Text(value) } else { Column::Binary(value) }, rest))
        }
        [NULL, rest @ ..] => Some((Column::Null, rest)),
        [UNCHANGED, rest @ ..] => Some((Column::UnchangedToast, rest)),
        _ => None,
    }
}

/// What is wrong with the column at the cursor, which [`split_column`] did not take.
#[cold]
fn fault(mut reader: Reader<'_>, context: &'static str) -> Error {
    let start = reader;
    let kind = match reader.u8(context) {
        Ok(kind) => kind,
        Err(error) => return error,
    };
    match (kind, reader.sized_bytes(context)) {
        (TEXT | BINARY, Err(error)) => error,
        _ => start.error(ErrorKind::InvalidValue(kind), context),
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
