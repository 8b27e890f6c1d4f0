//! What another description of a known table changes.
//!
//! `logicalrep_write_rel` and `logicalrep_write_attrs` in
//! `src/backend/replication/logical/proto.c` send the published columns in the order of their
//! numbers (`attnum`), but not the numbers. So a column is known by its name: one that keeps its
//! name counts as the same.
//!
//! **A renamed table** is known, for its OID stays.
//!
//! **A renamed column** is never known. `ALTER TABLE … RENAME COLUMN b TO x` leaves the messages
//! that other commands leave too, to the byte:
//!
//! - behind the last column that keeps its name: `DROP COLUMN b, ADD COLUMN x`, for a new column
//!   becomes the last one;
//! - before such a column `c`: `DROP COLUMN b, DROP COLUMN c, ADD COLUMN x, ADD COLUMN c`;
//! - anywhere, from PostgreSQL 15: `ALTER PUBLICATION … SET TABLE t (…)` with `x` in its list of
//!   columns where `b` was;
//! - anywhere, on all versions: `ALTER COLUMN x DROP EXPRESSION, DROP COLUMN b`, for a generated
//!   column is not sent before (18 can publish such columns, which switches them likewise).
//!
//! So `b` is always said to be dropped and `x` to be added. Where the first of these can be ruled
//! out they are besides a pair that [may be renamed](Difference::may_be_renamed), for those who know
//! that the others do not happen. They are a pair when
//!
//! 1. all columns that keep their names keep their order,
//! 2. one of those stands behind the two, and between it and the one before it (or the beginning)
//!    as many columns were dropped as were added, and
//! 3. counted from there both have the same place, type and modifier.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{Column, Relation};
use crate::pgoutput::ReplicaIdentity;

/// What differs between two descriptions of a table. What was "before" is the older one's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference<'a> {
    /// Schema and name before, if one of them is another now.
    pub renamed_from: Option<(&'a str, &'a str)>,
    /// The replica identity before, if it is another now.
    pub replica_identity: Option<ReplicaIdentity>,
    /// The columns that are sent now and were not before.
    pub added: Vec<&'a Column>,
    /// The columns that were sent before and are not now.
    pub dropped: Vec<&'a Column>,
    /// Pairs of a dropped and an added column that may be one and the same; never sure.
    pub may_be_renamed: Vec<(&'a Column, &'a Column)>,
    /// The columns, as before, whose type or modifier is another now.
    pub retyped: Vec<&'a Column>,
    /// The names of all columns before, if those that are left have another order now. Two columns
    /// that exchange their names do that, and one that is dropped and added again.
    pub order: Option<Vec<&'a str>>,
    /// The names of the columns of the replica identity before, if they are others now.
    pub key: Option<Vec<&'a str>>,
}

impl<'a> Difference<'a> {
    /// Compares two descriptions of one table.
    pub fn between(before: &'a Relation, now: &'a Relation) -> Self {
        let (old, new) = (by_name(&before.columns), by_name(&now.columns));
        let is_kept = |column: &&Column| old.contains_key(&*column.name);
        let stays = |column: &&Column| new.contains_key(&*column.name);
        let reordered = !names(before.columns.iter().filter(stays))
            .eq(names(now.columns.iter().filter(is_kept)));
        let is_key = |column: &&Column| column.key;
        let is_same_key = names(old.values().copied().filter(is_key))
            .eq(names(new.values().copied().filter(is_key)));
        let is_named_alike = before.schema == now.schema && before.name == now.name;
        Self {
            renamed_from: (!is_named_alike).then_some((&*before.schema, &*before.name)),
            replica_identity: (before.replica_identity != now.replica_identity)
                .then_some(before.replica_identity),
            added: now.columns.iter().filter(|column| !is_kept(column)).collect(),
            dropped: before.columns.iter().filter(|column| !stays(column)).collect(),
            may_be_renamed: if reordered { Vec::new() } else { pairs(before, now, &old, &new) },
            retyped: before
                .columns
                .iter()
                .filter(|column| new.get(&*column.name).is_some_and(|now| !now.is_typed_as(column)))
                .collect(),
            order: reordered.then(|| names(before.columns.iter()).collect()),
            key: (!is_same_key).then(|| names(before.columns.iter().filter(is_key)).collect()),
        }
    }
}

type ByName<'a> = BTreeMap<&'a str, &'a Column>;

fn by_name(columns: &[Column]) -> ByName<'_> {
    columns.iter().map(|column| (&*column.name, column)).collect()
}

fn names<'a>(
    columns: impl Iterator<Item = &'a Column> + Clone,
) -> impl Iterator<Item = &'a str> + Clone {
    columns.map(|column| &*column.name)
}

/// The columns that may be renamed, by the rule at the top of this file.
fn pairs<'a>(
    before: &'a Relation,
    now: &'a Relation,
    old: &ByName<'_>,
    new: &ByName<'_>,
) -> Vec<(&'a Column, &'a Column)> {
    // The columns that keep their names cut both descriptions into as many pieces.
    let dropped = before.columns.split(|column| new.contains_key(&*column.name));
    let added = now.columns.split(|column| old.contains_key(&*column.name));
    let followed = dropped.clone().count().saturating_sub(1);
    dropped
        .zip(added)
        .take(followed)
        .filter(|(dropped, added)| dropped.len() == added.len())
        .flat_map(|(dropped, added)| dropped.iter().zip(added))
        .filter(|(dropped, added)| dropped.is_typed_as(added))
        .collect()
}

impl Column {
    fn is_typed_as(&self, other: &Self) -> bool {
        (self.type_oid, self.type_modifier) == (other.type_oid, other.type_modifier)
    }
}
