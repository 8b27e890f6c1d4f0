//! The rows that the log has shown so far, by their pages.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::page;
use super::tuple::Tuple;
use crate::types::{Oid, RelFileLocator};
use crate::wal::{BLOCK_SIZE, Page};

/// A page of a table: files, and number in the main fork.
pub(super) type Place = (RelFileLocator, u32);

/// What a page's rows take besides their bytes, about.
const ROW: usize = 128;

/// Pages that are remembered: their last image, and the rows that came since. It takes `budget` bytes
/// of memory at most, about; pages that were not touched for the longest time are forgotten then.
#[derive(Debug)]
pub(super) struct Pages {
    pages: BTreeMap<Place, Known>,
    /// Which page was touched when.
    order: BTreeMap<u64, Place>,
    clock: u64,
    taken: usize,
    budget: usize,
}

#[derive(Debug, Default)]
struct Known {
    image: Option<Box<Page>>,
    /// Rows by their line pointers, which came after the image.
    rows: BTreeMap<u16, Tuple<'static>>,
    touched: u64,
    taken: usize,
}

impl Pages {
    pub(super) const fn new(budget: usize) -> Self {
        Self { pages: BTreeMap::new(), order: BTreeMap::new(), clock: 0, taken: 0, budget }
    }

    /// A page is as an image has it.
    pub(super) fn replace(&mut self, place: Place, image: &Page) {
        self.forget(place);
        if page::is_of_table(image) {
            let taken = usize::from(BLOCK_SIZE).saturating_add(ROW);
            let known = Known { image: Some(Box::new(*image)), taken, ..Known::default() };
            self.taken = self.taken.saturating_add(taken);
            self.pages.insert(place, known);
            self.touch(place);
        }
    }

    /// A page is empty, or not known any more.
    pub(super) fn forget(&mut self, place: Place) {
        if let Some(known) = self.pages.remove(&place) {
            self.order.remove(&known.touched);
            self.taken = self.taken.saturating_sub(known.taken);
        }
    }

    /// Files are new, or have gone from a page on.
    pub(super) fn forget_from(&mut self, (files, first): Place) {
        while let Some((place, _)) = self.pages.range((files, first)..=(files, u32::MAX)).next() {
            let place = *place;
            self.forget(place);
        }
    }

    /// The files of a database are new, or have gone.
    pub(super) fn forget_database(&mut self, database: Oid) {
        let is_of = |place: &&Place| place.0.database == database;
        let places: Vec<_> = self.pages.keys().filter(is_of).copied().collect();
        for place in places {
            self.forget(place);
        }
    }

    /// A row came. One of which not all is known is as good as none.
    pub(super) fn put(&mut self, place: Place, offset: u16, row: &Tuple<'_>) {
        let known = self.pages.entry(place).or_default();
        let mut taken = known.taken;
        if let Some(old) = known.rows.remove(&offset) {
            taken = taken.saturating_sub(old.bytes().len()).saturating_sub(ROW);
        }
        taken = taken.saturating_add(row.bytes().len()).saturating_add(ROW);
        self.taken = self.taken.saturating_sub(known.taken).saturating_add(taken);
        known.taken = taken;
        known.rows.insert(offset, row.borrowed().into_owned());
        self.touch(place);
    }

    /// The row of a line pointer.
    pub(super) fn row(&mut self, place: Place, offset: u16) -> Option<Tuple<'static>> {
        self.touch(place);
        let known = self.pages.get(&place)?;
        let row = match known.rows.get(&offset) {
            Some(row) => row.clone(),
            None => page::row(known.image.as_deref()?, offset)?.into_owned(),
        };
        row.is_whole().then_some(row)
    }

    fn touch(&mut self, place: Place) {
        let Some(known) = self.pages.get_mut(&place) else { return };
        self.clock = self.clock.saturating_add(1);
        self.order.remove(&known.touched);
        known.touched = self.clock;
        self.order.insert(self.clock, place);
        while self.taken > self.budget && self.order.len() > 1 {
            let Some((_, oldest)) = self.order.pop_first() else { return };
            if let Some(known) = self.pages.remove(&oldest) {
                self.taken = self.taken.saturating_sub(known.taken);
            }
        }
    }
}
