//! What records of tables do to rows.

use alloc::boxed::Box;

use super::error::RowError;
use super::pages::{Pages, Place};
use super::tuple::{Changed, Tuple};
use crate::types::RelFileLocator;
use crate::wal::cursor::Cursor;
use crate::wal::rmgr::dbase::Database;
use crate::wal::rmgr::heap::{Heap, INIT_PAGE, Update};
use crate::wal::rmgr::heap2::Heap2;
use crate::wal::rmgr::smgr::Storage;
use crate::wal::{BLOCK_SIZE, Block, Fork, Page, Record, RmgrId};

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowKind {
    /// It came.
    Insert,
    /// Another one took its place.
    Update,
    /// It went.
    Delete,
}

/// What a record does to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowChange<'a> {
    /// What became of it.
    pub kind: RowKind,
    /// The table's files.
    pub relation: RelFileLocator,
    /// The row that came.
    pub new: Option<RowVersion<'a>>,
    /// The row that went.
    pub old: Option<RowVersion<'a>>,
}

/// A row at its place (`ctid`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowVersion<'a> {
    /// The block.
    pub block: u32,
    /// The line pointer.
    pub offset: u16,
    /// The row; `None`: the log that was read does not have it.
    pub tuple: Option<Tuple<'a>>,
    /// Where it is from.
    pub source: Source,
}

/// Where a row is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The record has it. Of a new row it may be a part: [`Tuple::is_whole`].
    Record,
    /// The record has what the replica identity is made of. Other columns are NULL here, whatever they
    /// were.
    Key,
    /// The record has an image of its page.
    Image,
    /// The log had it before this record: a record that made it, or an image of its page.
    Log,
    /// Nowhere: the record does not have it, and the log that was read before has no image of its page.
    Nowhere,
}

/// Finds the rows that records are about. It remembers pages whose images the log had, and rows that
/// came to them since, so that rows which a record leaves out, wholly or in part, can be had from what
/// came before it. For that it has to see all records in their order.
///
/// With `full_page_writes`, which is PostgreSQL's default, each page is in the log as a whole at its first
/// change after a checkpoint: whoever reads from a checkpoint on gets every row.
#[derive(Debug)]
pub struct Rows {
    pages: Pages,
    page: Box<Page>,
}

/// Bits of `xl_heap_update.flags` and `xl_heap_delete.flags`.
mod flag {
    pub(super) const DELETE_OLD_TUPLE: u8 = 0x02;
    pub(super) const DELETE_OLD_KEY: u8 = 0x04;
    pub(super) const UPDATE_OLD_TUPLE: u8 = 0x04;
    pub(super) const UPDATE_OLD_KEY: u8 = 0x08;
    pub(super) const PREFIX_FROM_OLD: u8 = 0x20;
    pub(super) const SUFFIX_FROM_OLD: u8 = 0x40;
}

/// Where the old row is in the main data.
const DELETE_OLD: usize = 8;
const UPDATE_OLD: usize = 14;

impl Default for Rows {
    fn default() -> Self {
        Self::new(Self::BUDGET)
    }
}

impl Rows {
    /// The memory that is taken by default.
    pub const BUDGET: usize = 256 << 20;

    /// Remembers pages in `budget` bytes of memory, about. With 0 only one page is: rows are from their
    /// record, or from its own image.
    pub fn new(budget: usize) -> Self {
        Self { pages: Pages::new(budget), page: Box::new([0; BLOCK_SIZE as usize]) }
    }

    /// Hands on what a record does to rows. Most records do nothing to any.
    ///
    /// # Errors
    ///
    /// When a page image cannot be restored, or when there is no row where the record must have one.
    pub fn read<'a>(
        &mut self,
        record: &Record<'a>,
        mut each: impl FnMut(RowChange<'a>),
    ) -> Result<(), RowError> {
        match record.rmgr() {
            RmgrId::HEAP | RmgrId::HEAP2 => {
                self.images(record)?;
                let relation = record.block(0).map(|block| block.locator()).unwrap_or_default();
                let error = RowError::NoRow { lsn: record.lsn(), relation };
                if record.rmgr() == RmgrId::HEAP {
                    self.heap(record, &mut each).ok_or(error)
                } else {
                    self.heap2(record, &mut each).ok_or(error)
                }
            }
            RmgrId::XLOG => self.images(record),
            RmgrId::STORAGE => {
                match Storage::decode(record) {
                    Some(Storage::Create { locator, fork: Fork::MAIN }) => {
                        self.pages.forget_from((locator, 0));
                    }
                    Some(Storage::Truncate { blocks, locator, .. }) => {
                        self.pages.forget_from((locator, blocks));
                    }
                    _ => {}
                }
                Ok(())
            }
            RmgrId::DATABASE => {
                match Database::decode(record) {
                    Some(Database::CreateFileCopy { to, .. } | Database::CreateWalLog(to)) => {
                        self.pages.forget_database(to.database);
                    }
                    Some(Database::Drop { database, .. }) => self.pages.forget_database(database),
                    None => {}
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Takes the images of a record in, and pages that it makes anew.
    fn images(&mut self, record: &Record<'_>) -> Result<(), RowError> {
        for block in record.blocks().filter(|block| block.fork() == Fork::MAIN) {
            let place = place(&block);
            if block.image().is_some() {
                record.restore_image(block.id(), &mut self.page)?;
                self.pages.replace(place, &self.page);
            } else if block.will_init() {
                self.pages.forget(place);
            }
        }
        Ok(())
    }

    /// `None`: there is no row where there must be one.
    fn heap<'a>(
        &mut self,
        record: &Record<'a>,
        each: &mut impl FnMut(RowChange<'a>),
    ) -> Option<()> {
        // What a record without a block is about is no row.
        let (Some(block), Some(decoded)) = (record.block(0), Heap::decode(record)) else {
            return Some(());
        };
        let relation = block.locator();
        match decoded {
            Heap::Insert { offset, .. } => {
                let logged = match block.data() {
                    Some(data) => Some(Tuple::from_record(data)?),
                    None => None,
                };
                let new = Some(self.came(&block, offset, logged));
                each(RowChange { kind: RowKind::Insert, relation, new, old: None });
            }
            Heap::Delete(row) => {
                let data = record.main_data();
                let has = |bit| row.flags & bit != 0;
                let logged = logged_old(
                    data.get(DELETE_OLD..)?,
                    has(flag::DELETE_OLD_TUPLE),
                    has(flag::DELETE_OLD_KEY),
                )?;
                let old = Some(self.went(&block, row.offset, logged));
                each(RowChange { kind: RowKind::Delete, relation, new: None, old });
            }
            Heap::Update(update) | Heap::HotUpdate(update) => {
                each(self.update(record, &block, update)?);
            }
            Heap::Inplace { offset, .. } => self.overwrite(&block, offset),
            _ => {}
        }
        Some(())
    }

    fn update<'a>(
        &mut self,
        record: &Record<'a>,
        block: &Block<'a>,
        update: Update,
    ) -> Option<RowChange<'a>> {
        // The old row's page is another one if there is a second reference.
        let before = record.block(1).unwrap_or(*block);
        let flags = update.old.flags;
        let has = |bit| flags & bit != 0;
        let logged = logged_old(
            record.main_data().get(UPDATE_OLD..)?,
            has(flag::UPDATE_OLD_TUPLE),
            has(flag::UPDATE_OLD_KEY),
        )?;
        let old = self.went(&before, update.old.offset, logged);
        let changed = match block.data() {
            Some(data) => {
                let (prefix, suffix) = (has(flag::PREFIX_FROM_OLD), has(flag::SUFFIX_FROM_OLD));
                let changed = Changed::decode(data, prefix, suffix)?;
                // A key alone is no row that something could be taken from.
                let whole = old.tuple.as_ref().filter(|_| old.source != Source::Key);
                Some(changed.apply(whole)?)
            }
            None => None,
        };
        let new = Some(self.came(block, update.new_offset, changed));
        let (kind, relation) = (RowKind::Update, block.locator());
        Some(RowChange { kind, relation, new, old: Some(old) })
    }

    fn heap2<'a>(
        &mut self,
        record: &Record<'a>,
        each: &mut impl FnMut(RowChange<'a>),
    ) -> Option<()> {
        let (Some(block), Some(Heap2::MultiInsert { count, .. })) =
            (record.block(0), Heap2::decode(record))
        else {
            return Some(());
        };
        /// Flags, a byte that fills them up, and how many rows come before the line pointers.
        const OFFSETS: usize = 4;
        let mut offsets = Cursor::at(record.main_data(), OFFSETS);
        let mut data = block.data();
        let mut begin = 0_usize;
        for number in 1..=count {
            // The rows of a new page are in order.
            let is_new = record.header().info & INIT_PAGE != 0;
            let offset = if is_new { number } else { offsets.u16()? };
            let logged = match &mut data {
                Some(bytes) => {
                    let (tuple, length) = multi_insert(bytes, begin)?;
                    begin = length;
                    Some(tuple)
                }
                None => None,
            };
            let (kind, relation) = (RowKind::Insert, block.locator());
            let new = Some(self.came(&block, offset, logged));
            each(RowChange { kind, relation, new, old: None });
        }
        Some(())
    }

    /// A new row: the record's, or that of the page.
    fn came<'a>(
        &mut self,
        block: &Block<'_>,
        offset: u16,
        logged: Option<Tuple<'a>>,
    ) -> RowVersion<'a> {
        let place = place(block);
        if let Some(tuple) = &logged {
            // A page's image has the row already.
            if block.image().is_none() {
                self.pages.put(place, offset, tuple);
            }
            return version(block, offset, logged, Source::Record);
        }
        let found = self.pages.row(place, offset);
        let source = if found.is_some() { Source::Image } else { Source::Nowhere };
        version(block, offset, found, source)
    }

    /// An old row: the record's, that of the page, or its key.
    fn went<'a>(
        &mut self,
        block: &Block<'_>,
        offset: u16,
        logged: Option<(Tuple<'a>, Source)>,
    ) -> RowVersion<'a> {
        if let Some((tuple, Source::Record)) = logged {
            return version(block, offset, Some(tuple), Source::Record);
        }
        if let Some(found) = self.pages.row(place(block), offset) {
            let source = if block.image().is_some() { Source::Image } else { Source::Log };
            return version(block, offset, Some(found), source);
        }
        match logged {
            Some((key, source)) => version(block, offset, Some(key), source),
            None => version(block, offset, None, Source::Nowhere),
        }
    }

    /// A row was overwritten, as those of catalogs are.
    fn overwrite(&mut self, block: &Block<'_>, offset: u16) {
        let (place, data) = (place(block), block.data());
        let Some(data) = data else { return };
        match self.pages.row(place, offset).and_then(|row| row.overwritten(data)) {
            Some(row) => self.pages.put(place, offset, &row),
            // What does not fit is of a page that is not as it seems.
            None => self.pages.forget(place),
        }
    }
}

fn place(block: &Block<'_>) -> Place {
    (block.locator(), block.number())
}

const fn version<'a>(
    block: &Block<'_>,
    offset: u16,
    tuple: Option<Tuple<'a>>,
    source: Source,
) -> RowVersion<'a> {
    RowVersion { block: block.number(), offset, tuple, source }
}

/// The old row that a record has, or its key. The outer `None`: it must have one, and has none.
fn logged_old(data: &[u8], has_tuple: bool, has_key: bool) -> Option<Option<(Tuple<'_>, Source)>> {
    if !has_tuple && !has_key {
        return Some(None);
    }
    let source = if has_tuple { Source::Record } else { Source::Key };
    Some(Some((Tuple::from_record(data)?, source)))
}

/// A row of several, at an even place from `begin` on (`xl_multi_insert_tuple`), and where it ends.
fn multi_insert(data: &[u8], begin: usize) -> Option<(Tuple<'_>, usize)> {
    const HEADER: usize = 7;
    let at = begin.checked_next_multiple_of(2)?;
    let mut fields = Cursor::at(data, at);
    let length = usize::from(fields.u16()?);
    let (infomask2, infomask, hoff) = (fields.u16()?, fields.u16()?, fields.u8()?);
    let from = at.checked_add(HEADER)?;
    let end = from.checked_add(length)?;
    let tuple = Tuple::new(infomask2, infomask, hoff, data.get(from..end)?.into())?;
    Some((tuple, end))
}
