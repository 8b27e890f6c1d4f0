//! Pages of tables (`bufpage.h`).

use super::tuple::Tuple;
use crate::wal::cursor::Cursor;
use crate::wal::{BLOCK_SIZE, Page};

/// `SizeOfPageHeaderData`: line pointers of four bytes each follow it.
const PAGE_HEADER: usize = 24;
const LINE_POINTER: usize = 4;

/// `LP_NORMAL`
const NORMAL: u32 = 1;

/// Whether a page can be one of a table: those of indexes and sequences have something at their end.
pub(super) fn is_of_table(page: &Page) -> bool {
    const SPECIAL: usize = 16;
    const PAGE_SIZE_AND_VERSION: u16 = BLOCK_SIZE | 4;
    let mut fields = Cursor::at(page, SPECIAL);
    (fields.u16(), fields.u16()) == (Some(BLOCK_SIZE), Some(PAGE_SIZE_AND_VERSION))
}

/// The row that a line pointer leads to, counted from 1.
pub(super) fn row(page: &Page, offset: u16) -> Option<Tuple<'_>> {
    const LOWER: usize = 12;
    let lower = usize::from(Cursor::at(page, LOWER).u16()?);
    let number = usize::from(offset).checked_sub(1)?;
    let at = number.checked_mul(LINE_POINTER)?.checked_add(PAGE_HEADER)?;
    if at.checked_add(LINE_POINTER)? > lower {
        return None;
    }
    // 15 bits of offset, 2 of state, 15 of length.
    let pointer = Cursor::at(page, at).u32()?;
    if pointer >> 15 & 3 != NORMAL {
        return None;
    }
    let begin = usize::try_from(pointer & 0x7FFF).ok()?;
    let length = usize::try_from(pointer >> 17).ok()?;
    Tuple::from_page(page.get(begin..begin.checked_add(length)?)?)
}
