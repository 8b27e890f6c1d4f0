//! What types are made of: built-in ones are known, user types come from a table.
//!
//! The stream names user types by OIDs that differ from database to database, and says of few what
//! they are. A table of them (`walscope types` makes one) tells enums, composites, ranges and what
//! else is user-defined from each other.

#[cfg(feature = "alloc")]
use alloc::string::String;
#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use super::types;
use crate::types::Oid;

/// Types with smaller OIDs are built in (`FirstGenbkiObjectId` in `src/include/access/transam.h`).
const FIRST_OTHER: Oid = Oid(10_000);

/// How many domains may lie upon each other; PostgreSQL has no limit, and nobody comes near.
const MAX_DOMAINS: usize = 32;

/// What a type is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TypeKind {
    /// An array.
    Array {
        /// The type of its elements.
        element: Oid,
        /// What stands between elements in the text form (`pg_type.typdelim` of the element).
        delimiter: char,
    },
    /// A range.
    Range {
        /// The type of its bounds.
        subtype: Oid,
    },
    /// A multirange.
    Multirange {
        /// The type of its ranges.
        range: Oid,
    },
    /// A domain: its values are those of another type. So are those of a base type that uses
    /// another's output and send functions, as `citext` uses those of `text`.
    Domain {
        /// The type that it is a domain over, which may be a domain.
        base: Oid,
    },
    /// An enum: its values are labels.
    Enum,
    /// A composite type; its fields are in [`UserType::fields`].
    Composite,
    /// `hstore` of the extension of that name.
    Hstore,
}

/// A type of the database's own.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserType {
    /// The type's OID.
    pub oid: Oid,
    /// The schema's name.
    pub schema: String,
    /// The type's name.
    pub name: String,
    /// What it is made of.
    pub kind: TypeKind,
    /// The fields of a composite type, without dropped ones; empty for all others.
    pub fields: Vec<Field>,
}

/// A field of a composite type.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The field's name.
    pub name: String,
    /// The OID of its type.
    pub type_oid: Oid,
}

/// The types that can be told apart: all built-in ones, and user types where there is `alloc`.
///
#[cfg_attr(feature = "alloc", doc = "```")]
#[cfg_attr(not(feature = "alloc"), doc = "```ignore")]
/// # use walscope_core::Oid;
/// # use walscope_core::value::{TypeKind, TypeTable, UserType, Value, types};
/// let mood = UserType {
///     oid: Oid(16384),
///     schema: "public".into(),
///     name: "mood".into(),
///     kind: TypeKind::Enum,
///     fields: vec![],
/// };
/// let types: TypeTable = [mood].into_iter().collect();
/// assert_eq!(types.value_from_binary(Oid(16384), b"happy")?, Value::Text("happy"));
/// // Without the table nobody can know.
/// let unknown = TypeTable::BUILT_IN.value_from_binary(Oid(16384), b"happy")?;
/// assert_eq!(unknown, Value::Bytes(b"happy"));
/// # Ok::<(), walscope_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeTable {
    /// Sorted by OID, which no two have in common.
    #[cfg(feature = "alloc")]
    types: Vec<UserType>,
}

impl TypeTable {
    /// The table without user types.
    pub const BUILT_IN: &'static Self = &Self {
        #[cfg(feature = "alloc")]
        types: Vec::new(),
    };

    /// A table without user types.
    pub const fn new() -> Self {
        Self {
            #[cfg(feature = "alloc")]
            types: Vec::new(),
        }
    }

    /// What a type is made of; `None` for one that is not in the table, and for built-in types that
    /// are made of nothing else.
    pub fn kind(&self, type_oid: Oid) -> Option<TypeKind> {
        #[cfg(feature = "alloc")]
        if type_oid >= FIRST_OTHER {
            return self.get(type_oid).map(|known| known.kind);
        }
        built_in(type_oid)
    }

    /// The type whose values a domain has; any other type is its own.
    pub fn base(&self, type_oid: Oid) -> Oid {
        let mut base = type_oid;
        for _ in 0..MAX_DOMAINS {
            if base < FIRST_OTHER {
                break;
            }
            match self.kind(base) {
                Some(TypeKind::Domain { base: below }) => base = below,
                _ => break,
            }
        }
        base
    }

    /// Name and type of a composite type's field, where the table has it.
    #[cfg(feature = "alloc")]
    pub(super) fn field(&self, composite: Oid, index: usize) -> Option<(&str, Oid)> {
        let field = self.get(composite)?.fields.get(index)?;
        Some((&field.name, field.type_oid))
    }

    /// Without `alloc` there are no composite types.
    #[cfg(not(feature = "alloc"))]
    pub(super) const fn field(&self, _composite: Oid, _index: usize) -> Option<(&str, Oid)> {
        None
    }
}

#[cfg(feature = "alloc")]
impl TypeTable {
    /// The user type of that OID.
    pub fn get(&self, type_oid: Oid) -> Option<&UserType> {
        let place = self.types.binary_search_by_key(&type_oid, |known| known.oid).ok()?;
        self.types.get(place)
    }

    /// The user types, by OID.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &UserType> {
        self.types.iter()
    }
}

#[cfg(feature = "alloc")]
impl FromIterator<UserType> for TypeTable {
    /// Of two types with one OID the first counts; built-in types stay what they are.
    fn from_iter<I: IntoIterator<Item = UserType>>(user_types: I) -> Self {
        let mut types: Vec<_> = user_types.into_iter().collect();
        types.sort_by_key(|user_type| user_type.oid);
        types.dedup_by_key(|user_type| user_type.oid);
        Self { types }
    }
}

/// What a built-in type is made of.
fn built_in(type_oid: Oid) -> Option<TypeKind> {
    let range = |subtype| TypeKind::Range { subtype };
    let multirange = |range| TypeKind::Multirange { range };
    Some(match type_oid {
        types::INT4RANGE => range(types::INT4),
        types::INT8RANGE => range(types::INT8),
        types::NUMRANGE => range(types::NUMERIC),
        types::TSRANGE => range(types::TIMESTAMP),
        types::TSTZRANGE => range(types::TIMESTAMPTZ),
        types::DATERANGE => range(types::DATE),
        types::INT4MULTIRANGE => multirange(types::INT4RANGE),
        types::INT8MULTIRANGE => multirange(types::INT8RANGE),
        types::NUMMULTIRANGE => multirange(types::NUMRANGE),
        types::TSMULTIRANGE => multirange(types::TSRANGE),
        types::TSTZMULTIRANGE => multirange(types::TSTZRANGE),
        types::DATEMULTIRANGE => multirange(types::DATERANGE),
        _ => {
            let element = types::array_element(type_oid)?;
            // Boxes have commas in their text (`typdelim` in `pg_type.dat`).
            let delimiter = if element == types::BOX { ';' } else { ',' };
            TypeKind::Array { element, delimiter }
        }
    })
}
