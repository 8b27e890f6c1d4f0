//! The way of a held transaction to its consumer, a chunk at a time.

use alloc::vec::Vec;

use super::assembler::Chunk;
use super::frames;
use super::held::{ENTRY_HEADER, EntryHeader, Held};
use super::relations::Newest;
use super::storage::Storage;
use crate::capture::Format;
use crate::pgoutput::tag;
use crate::reader::Reader;
use crate::types::Oid;

/// A chunk ends when it has so many bytes.
pub(super) const CHUNK_SIZE: usize = 1024 * 1024;
/// Bytes of the (sub)transaction that a message had in its piece.
const XID_SIZE: u8 = 4;
/// Bytes that are read from storage at once.
const WINDOW_SIZE: u64 = 256 * 1024;

/// A transaction that has ended and is being told.
#[derive(Debug)]
pub(super) struct Replay {
    held: Held,
    format: Format,
    /// The entries that begin and end it, the first one until it is told.
    begin: Option<Vec<u8>>,
    end: Vec<u8>,
    /// Position in the input of the message that ended it.
    source: u64,
    /// Part of what is in storage, and how much of it was told.
    window: Vec<u8>,
    told: usize,
    /// Bytes that were read from storage.
    read: u64,
    /// Bytes in memory that were told.
    told_memory: usize,
    /// Descriptions that an aborted subtransaction brought, not told. The server takes them for
    /// known: a row that needs one has it told first.
    untold: Vec<(Oid, Vec<u8>, u64)>,
    /// Relations whose newest description is another one than was told here last.
    outdated: Vec<Oid>,
}

impl Replay {
    pub(super) fn new(
        held: Held,
        format: Format,
        begin: Vec<u8>,
        end: Vec<u8>,
        source: u64,
    ) -> Self {
        Self {
            held,
            format,
            begin: Some(begin),
            end,
            source,
            window: Vec::new(),
            told: 0,
            read: 0,
            told_memory: 0,
            untold: Vec::new(),
            outdated: Vec::new(),
        }
    }

    /// Bytes that the transaction takes in memory until it is told.
    pub(super) fn size(&self) -> usize {
        self.held.size()
    }

    /// The message that ends it.
    pub(super) fn end(&self) -> &[u8] {
        frames::payload(self.format, &self.end)
    }

    /// Appends to a chunk what comes next. Says whether that was all.
    pub(super) fn tell<S: Storage>(
        &mut self,
        storage: &mut S,
        newest: &mut Newest,
        chunk: &mut Chunk,
    ) -> Result<bool, S::Error> {
        if let Some(begin) = self.begin.take() {
            chunk.put(&begin, frames::header_size(self.format), self.source, 0);
        }
        while chunk.bytes.len() < CHUNK_SIZE {
            if !self.tell_entry(storage, newest, chunk)? {
                for oid in core::mem::take(&mut self.outdated) {
                    if let Some((entry, source)) = newest.get(oid) {
                        chunk.put(entry, frames::header_size(self.format), source, XID_SIZE);
                    }
                }
                chunk.put(&self.end, frames::header_size(self.format), self.source, 0);
                if self.held.stored > 0 {
                    storage.remove(self.held.xid);
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Tells the next entry, if there is one.
    fn tell_entry<S: Storage>(
        &mut self,
        storage: &mut S,
        newest: &mut Newest,
        chunk: &mut Chunk,
    ) -> Result<bool, S::Error> {
        let Some((header, place)) = self.next_entry(storage)? else { return Ok(false) };
        let from = if place.in_memory { &self.held.memory } else { &self.window };
        let end = place.start.saturating_add(header.length);
        let entry = from.get(place.start..end).unwrap_or_default();
        let payload = frames::payload(self.format, entry);
        let at = frames::header_size(self.format);
        let described = described(payload);
        // Types have names only: they are told in any case.
        if self.held.is_aborted(header.xid) && payload.first() != Some(&tag::TYPE) {
            if let Some(oid) = described {
                self.untold.retain(|(untold, ..)| *untold != oid);
                self.untold.push((oid, entry.to_vec(), header.source));
            }
            return Ok(true);
        }
        match described {
            Some(oid) => {
                self.untold.retain(|(untold, ..)| *untold != oid);
                note(newest, &mut self.outdated, oid, header.source, entry);
            }
            None if self.untold.is_empty() => {}
            None => {
                for index in (0..self.untold.len()).rev() {
                    let Some((oid, ..)) = self.untold.get(index) else { continue };
                    if speaks_of(payload, *oid) {
                        let (oid, entry, source) = self.untold.remove(index);
                        note(newest, &mut self.outdated, oid, source, &entry);
                        chunk.put(&entry, at, source, XID_SIZE);
                    }
                }
            }
        }
        let removed = if payload.first() == Some(&tag::ORIGIN) { 0 } else { XID_SIZE };
        chunk.put(entry, at, header.source, removed);
        Ok(true)
    }

    /// The next entry's header and where the rest of it lies.
    fn next_entry<S: Storage>(
        &mut self,
        storage: &mut S,
    ) -> Result<Option<(EntryHeader, Place)>, S::Error> {
        if self.read < self.held.stored || self.told < self.window.len() {
            self.load(storage, ENTRY_HEADER)?;
            let header = EntryHeader::read(self.window.get(self.told..).unwrap_or_default())?;
            let size = ENTRY_HEADER.saturating_add(header.length);
            self.load(storage, size)?;
            let start = self.told.saturating_add(ENTRY_HEADER);
            self.told = self.told.saturating_add(size);
            return Ok(Some((header, Place { in_memory: false, start })));
        }
        let rest = self.held.memory.get(self.told_memory..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(None);
        }
        let header = EntryHeader::read(rest)?;
        let start = self.told_memory.saturating_add(ENTRY_HEADER);
        self.told_memory = start.saturating_add(header.length);
        Ok(Some((header, Place { in_memory: true, start })))
    }

    /// Makes the window hold so many bytes that were not told.
    fn load<S: Storage>(&mut self, storage: &mut S, bytes: usize) -> Result<(), S::Error> {
        let have = self.window.len().saturating_sub(self.told);
        if have >= bytes {
            return Ok(());
        }
        self.window.drain(..self.told);
        self.told = 0;
        let wanted = (bytes.saturating_sub(have) as u64).max(WINDOW_SIZE);
        let more = wanted.min(self.held.stored.saturating_sub(self.read));
        let length = have.saturating_add(usize::try_from(more).unwrap_or(usize::MAX));
        self.window.resize(length, 0);
        let into = self.window.get_mut(have..).unwrap_or_default();
        if let Err(error) = storage.read(self.held.xid, self.read, into) {
            self.window.truncate(have);
            return Err(error);
        }
        self.read = self.read.saturating_add(more);
        Ok(())
    }
}

/// Where an entry lies: in memory, or in the window to what is in storage.
#[derive(Clone, Copy)]
struct Place {
    in_memory: bool,
    start: usize,
}

/// A description is told: remembers whether a newer one has to follow.
fn note(newest: &mut Newest, outdated: &mut Vec<Oid>, oid: Oid, source: u64, entry: &[u8]) {
    outdated.retain(|other| *other != oid);
    if newest.tell(oid, source, entry) {
        outdated.push(oid);
    }
}

/// The relation that a message describes.
pub(super) fn described(payload: &[u8]) -> Option<Oid> {
    let mut reader = Reader::new(payload, 0);
    match reader.u8("message") {
        Ok(tag::RELATION) => reader.oid("relation.oid").ok(),
        _ => None,
    }
}

/// Whether a message has rows of a relation or truncates it.
fn speaks_of(payload: &[u8], oid: Oid) -> bool {
    let mut reader = Reader::new(payload, 0);
    match reader.u8("message") {
        Ok(tag::INSERT | tag::UPDATE | tag::DELETE) => reader.oid("row.relation") == Ok(oid),
        Ok(tag::TRUNCATE) => {
            let _count_and_flags = (reader.u32("truncate"), reader.u8("truncate"));
            core::iter::from_fn(|| reader.oid("truncate").ok()).any(|other| other == oid)
        }
        _ => false,
    }
}
