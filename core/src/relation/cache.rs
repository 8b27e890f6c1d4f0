//! The relation cache.

use alloc::vec::Vec;
use core::mem;

use super::domains::Domains;
use super::{Difference, Relation};
use crate::error::Result;
use crate::pgoutput;
use crate::types::Oid;

/// What a Relation message brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Described {
    /// A relation that was not known.
    New,
    /// Another description of a known relation: [`RelationCache::difference`] says what differs.
    Changed,
    /// What was known already.
    Same,
}

/// All relations described so far on one connection, and what is remembered of the last one.
#[derive(Clone, Debug, Default)]
pub struct RelationCache {
    /// Sorted by OID.
    relations: Vec<Relation>,
    /// Where the last one was found: rows of one table mostly follow each other.
    last: usize,
    next_slot: u32,
    /// Sorted by OID: those of the last connection that this one has not described yet.
    before: Vec<Relation>,
    /// What the last description replaced.
    replaced: Option<Relation>,
    domains: Domains,
}

impl RelationCache {
    /// Takes in the description of a type, which comes before the tables that have it.
    pub fn describe_type(&mut self, message: &pgoutput::Type<'_>) {
        self.domains.describe(message);
    }

    /// Takes in a description.
    ///
    /// # Errors
    ///
    /// A name that is not UTF-8: [`ErrorKind::Utf8`](crate::ErrorKind::Utf8).
    pub fn describe(&mut self, message: &pgoutput::Relation<'_>) -> Result<Described> {
        self.replaced = None;
        let place = self.relations.binary_search_by_key(&message.oid, |relation| relation.oid);
        let index = match place {
            Ok(index) => index,
            Err(index) => {
                let Some(before) = self.take_before(message.oid) else {
                    let relation = self.relation(message)?;
                    self.relations.insert(index, relation);
                    return Ok(Described::New);
                };
                self.relations.insert(index, before);
                index
            }
        };
        if self.relations.get(index).is_some_and(|known| known.is_described_by(message)) {
            return Ok(Described::Same);
        }
        let relation = match self.relation(message) {
            Ok(relation) => relation,
            Err(error) => {
                self.relations.remove(index);
                return Err(error);
            }
        };
        self.replaced = self.relations.get_mut(index).map(|known| mem::replace(known, relation));
        Ok(Described::Changed)
    }

    fn relation(&mut self, message: &pgoutput::Relation<'_>) -> Result<Relation> {
        let relation = Relation::from_message(message, self.next_slot, &self.domains)?;
        self.next_slot = self.next_slot.saturating_add(1);
        Ok(relation)
    }

    fn take_before(&mut self, oid: Oid) -> Option<Relation> {
        let index = self.before.binary_search_by_key(&oid, |relation| relation.oid).ok()?;
        Some(self.before.remove(index))
    }

    /// What the last description has changed, if it was [`Described::Changed`].
    pub fn difference(&self) -> Option<Difference<'_>> {
        let before = self.replaced.as_ref()?;
        let place = self.relations.binary_search_by_key(&before.oid, |relation| relation.oid);
        Some(Difference::between(before, self.relations.get(place.ok()?)?))
    }

    /// The relation of that OID.
    #[inline]
    pub fn get(&mut self, oid: Oid) -> Option<&Relation> {
        if self.relations.get(self.last).is_none_or(|relation| relation.oid != oid) {
            self.last = self.relations.binary_search_by_key(&oid, |relation| relation.oid).ok()?;
        }
        self.relations.get(self.last)
    }

    /// The same without remembering where it was found.
    pub fn find(&self, oid: Oid) -> Option<&Relation> {
        let last = self.relations.get(self.last).filter(|relation| relation.oid == oid);
        last.or_else(|| {
            let place = self.relations.binary_search_by_key(&oid, |relation| relation.oid);
            self.relations.get(place.ok()?)
        })
    }

    /// Forgets one relation: how it is now cannot be known.
    pub fn forget(&mut self, oid: Oid) {
        self.relations.retain(|relation| relation.oid != oid);
    }

    /// Forgets all relations: a new connection describes them again. Slots are not used twice.
    pub fn clear(&mut self) {
        self.relations.clear();
        self.before.clear();
        self.domains.clear();
    }

    /// A new connection goes on: it has to describe a relation before a row of it, but a description
    /// is [`Described::New`] or [`Described::Changed`] only if it is so to a consumer of both.
    pub fn resume(&mut self) {
        self.before.append(&mut self.relations);
        self.before.sort_by_key(|relation| relation.oid);
        self.domains.clear();
    }
}
