//! Rows as the log has them: a few fields of the header, and all that follows the header's fixed part.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

use crate::wal::cursor::Cursor;

/// The size of a row's header without its null bitmap (`SizeofHeapTupleHeader`), which the log leaves
/// out but for three fields.
pub(super) const TUPLE_HEADER: usize = 23;

/// `SizeOfHeapHeader`
const LOGGED_HEADER: usize = 5;

/// A bit of `t_infomask`: some columns are NULL.
const HASNULL: u16 = 0x0001;

/// The bits of `t_infomask2` that are the number of columns.
const COLUMNS: u16 = 0x07FF;

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tuple<'a> {
    /// `t_infomask2`: the number of columns, and flags.
    pub infomask2: u16,
    /// `t_infomask`: flags.
    pub infomask: u16,
    /// `t_hoff`: where the columns begin, counted from the row's header.
    pub hoff: u8,
    /// All behind the header's fixed part: null bitmap, what fills it up, and columns.
    bytes: Cow<'a, [u8]>,
    /// Which of the bytes are not known, and are zeros here.
    unknown: [Range<usize>; 2],
}

impl<'a> Tuple<'a> {
    /// A row as records have it: `xl_heap_header`, and what follows the header.
    pub(super) fn from_record(bytes: &'a [u8]) -> Option<Self> {
        let mut fields = Cursor::new(bytes);
        let (infomask2, infomask, hoff) = (fields.u16()?, fields.u16()?, fields.u8()?);
        Self::new(infomask2, infomask, hoff, Cow::Borrowed(bytes.get(LOGGED_HEADER..)?))
    }

    /// A row as pages have it: `HeapTupleHeaderData`.
    pub(super) fn from_page(item: &'a [u8]) -> Option<Self> {
        const INFOMASK2: usize = 18;
        let mut fields = Cursor::at(item, INFOMASK2);
        let (infomask2, infomask, hoff) = (fields.u16()?, fields.u16()?, fields.u8()?);
        Self::new(infomask2, infomask, hoff, Cow::Borrowed(item.get(TUPLE_HEADER..)?))
    }

    pub(super) fn new(
        infomask2: u16,
        infomask: u16,
        hoff: u8,
        bytes: Cow<'a, [u8]>,
    ) -> Option<Self> {
        let tuple = Self { infomask2, infomask, hoff, bytes, unknown: [0..0, 0..0] };
        let bitmap = if tuple.has_nulls() { tuple.columns().div_ceil(8) } else { 0 };
        let data = tuple.data_offset()?;
        (bitmap <= data && data <= tuple.bytes.len()).then_some(tuple)
    }

    /// The same row, of which some bytes are not known.
    pub(super) fn with_unknown(self, unknown: [Range<usize>; 2]) -> Self {
        Self { unknown, ..self }
    }

    /// How many columns it has. The table may have got more since.
    pub fn columns(&self) -> usize {
        usize::from(self.infomask2 & COLUMNS)
    }

    /// All behind the header's fixed part: null bitmap, what fills it up, and columns. Bytes that are
    /// not [known](Self::is_known) are zeros.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether all of its bytes are known. If not, the record has only those in which the row differs
    /// from the one before, which the log does not have.
    pub fn is_whole(&self) -> bool {
        self.unknown.iter().all(Range::is_empty)
    }

    /// Whether bytes are known.
    pub fn is_known(&self, bytes: &Range<usize>) -> bool {
        let apart = |unknown: &Range<usize>| {
            unknown.is_empty() || unknown.end <= bytes.start || bytes.end <= unknown.start
        };
        self.unknown.iter().all(apart)
    }

    /// Whether some columns are NULL.
    pub const fn has_nulls(&self) -> bool {
        self.infomask & HASNULL != 0
    }

    /// Whether a column, counted from 0, is NULL.
    pub fn is_null(&self, column: usize) -> bool {
        let byte = self.bytes.get(column / 8).copied().unwrap_or(u8::MAX);
        self.has_nulls() && byte >> (column % 8) & 1 == 0
    }

    /// Where the columns begin in [`bytes`](Self::bytes).
    pub fn data_offset(&self) -> Option<usize> {
        usize::from(self.hoff).checked_sub(TUPLE_HEADER)
    }

    /// The same row with its own memory.
    pub(super) fn into_owned(self) -> Tuple<'static> {
        Tuple { bytes: Cow::Owned(self.bytes.into_owned()), ..self }
    }

    /// The same row, borrowed.
    pub(super) fn borrowed(&self) -> Tuple<'_> {
        Tuple { bytes: Cow::Borrowed(&self.bytes), unknown: self.unknown.clone(), ..*self }
    }

    /// The columns' bytes.
    pub(super) fn data(&self) -> Option<&[u8]> {
        self.bytes.get(self.data_offset()?..)
    }

    /// The same header with other columns' bytes, of the same length: a row that was overwritten.
    pub(super) fn overwritten(&self, data: &[u8]) -> Option<Tuple<'static>> {
        let mut bytes = self.bytes.to_vec();
        let place =
            bytes.get_mut(self.data_offset()?..).filter(|place| place.len() == data.len())?;
        place.copy_from_slice(data);
        Some(Tuple { bytes: Cow::Owned(bytes), unknown: [0..0, 0..0], ..*self })
    }
}

/// What an update's record has of a new row: what is the same at the front and at the back of the old
/// one may be left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Changed<'a> {
    prefix: usize,
    suffix: usize,
    infomask2: u16,
    infomask: u16,
    hoff: u8,
    rest: &'a [u8],
}

impl<'a> Changed<'a> {
    pub(super) fn decode(data: &'a [u8], has_prefix: bool, has_suffix: bool) -> Option<Self> {
        let mut fields = Cursor::new(data);
        let prefix = if has_prefix { fields.u16()? } else { 0 };
        let suffix = if has_suffix { fields.u16()? } else { 0 };
        Some(Self {
            prefix: prefix.into(),
            suffix: suffix.into(),
            infomask2: fields.u16()?,
            infomask: fields.u16()?,
            hoff: fields.u8()?,
            rest: fields.rest(),
        })
    }

    /// The new row. Without the old one its bytes that are left out stay unknown.
    pub(super) fn apply(&self, old: Option<&Tuple<'_>>) -> Option<Tuple<'a>> {
        let Self { prefix, suffix, infomask2, infomask, hoff, rest } = *self;
        if prefix == 0 && suffix == 0 {
            return Tuple::new(infomask2, infomask, hoff, Cow::Borrowed(rest));
        }
        let (bitmap, middle) =
            rest.split_at_checked(usize::from(hoff).checked_sub(TUPLE_HEADER)?)?;
        let before = old.filter(|old| old.is_whole()).and_then(Tuple::data);
        let (front, back) = match before {
            Some(data) => {
                let back = data.len().checked_sub(suffix)?;
                (data.get(..prefix)?, data.get(back..)?)
            }
            None => (&[][..], &[][..]),
        };
        let mut bytes = Vec::with_capacity(rest.len().checked_add(prefix)?.checked_add(suffix)?);
        bytes.extend_from_slice(bitmap);
        let begin = bytes.len();
        bytes.extend_from_slice(front);
        bytes.resize(begin.checked_add(prefix)?, 0);
        let prefix = begin..bytes.len();
        bytes.extend_from_slice(middle);
        let begin = bytes.len();
        bytes.extend_from_slice(back);
        bytes.resize(begin.checked_add(suffix)?, 0);
        let suffix = begin..bytes.len();
        let tuple = Tuple::new(infomask2, infomask, hoff, Cow::Owned(bytes))?;
        Some(if before.is_some() { tuple } else { tuple.with_unknown([prefix, suffix]) })
    }
}
