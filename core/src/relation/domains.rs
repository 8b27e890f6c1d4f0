//! What domains are, as far as the stream says it.
//!
//! The server describes every type of a column that is not built in before it describes the table,
//! and describes a domain by the schema and name of its base type (`logicalrep_write_typ` in
//! `src/backend/replication/logical/proto.c`). Where that is a built-in type, its OID is known.

use alloc::vec::Vec;

use crate::pgoutput::{PG_CATALOG, Type};
use crate::types::Oid;
use crate::value::types;

/// The domains over built-in types that were described on one connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Domains {
    /// Domain and base type, sorted by the first.
    bases: Vec<(Oid, Oid)>,
}

impl Domains {
    /// Takes in a description.
    pub(super) fn describe(&mut self, message: &Type<'_>) {
        let built_in = (message.schema() == PG_CATALOG).then(|| types::from_name(message.name));
        let base = built_in.flatten().unwrap_or(message.oid);
        match self.bases.binary_search_by_key(&message.oid, |&(domain, _)| domain) {
            Ok(place) => {
                if let Some(known) = self.bases.get_mut(place) {
                    known.1 = base;
                }
            }
            Err(place) if base != message.oid => self.bases.insert(place, (message.oid, base)),
            Err(_) => {}
        }
    }

    /// The built-in type that a domain is over; any other type is its own.
    pub(super) fn base(&self, type_oid: Oid) -> Oid {
        let place = self.bases.binary_search_by_key(&type_oid, |&(domain, _)| domain);
        let known = place.ok().and_then(|place| self.bases.get(place));
        known.map_or(type_oid, |&(_, base)| base)
    }

    pub(super) fn clear(&mut self) {
        self.bases.clear();
    }
}
