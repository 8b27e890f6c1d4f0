//! Generic: indexes of extensions, as differences of pages (`genericdesc.c`).

use super::text::Text;
use crate::wal::Record;
use crate::wal::cursor::Cursor;

/// What a record of Generic says. The differences themselves are the data of its blocks:
/// [`Regions::new`] takes them apart. The record as a whole mostly says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generic<'a> {
    /// What the record as a whole says.
    pub regions: Regions<'a>,
}

/// Parts of a page that are overwritten, one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Regions<'a> {
    bytes: &'a [u8],
}

/// A part of a page that is overwritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region<'a> {
    /// Where it begins.
    pub offset: u16,
    /// How long it is.
    pub length: u16,
    /// What it has from now on.
    pub bytes: &'a [u8],
}

impl<'a> Regions<'a> {
    /// The parts that a block's data are.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// One after the other. What is cut off is left out.
    pub fn iter(&self) -> impl Iterator<Item = Region<'a>> + use<'a> {
        let mut fields = Cursor::new(self.bytes);
        core::iter::from_fn(move || {
            let (offset, length) = (fields.u16()?, fields.u16()?);
            Some(Region { offset, length, bytes: fields.bytes(length.into())? })
        })
    }
}

/// The name of every record: there are no kinds.
pub(super) const fn identify() -> Option<&'static str> {
    Some("Generic")
}

impl<'a> Generic<'a> {
    /// What a record says.
    pub fn decode(record: &Record<'a>) -> Option<Self> {
        Some(Self { regions: Regions::new(record.main_data()) })
    }

    /// `generic_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        for (number, region) in self.regions.iter().enumerate() {
            text.str(if number > 0 { "; " } else { "" });
            text.str("offset ").number(region.offset).str(", length ").number(region.length);
        }
    }
}
