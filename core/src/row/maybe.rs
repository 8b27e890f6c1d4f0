//! Values that the server may not have sent.

use core::fmt::{self, Formatter};
use core::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, EnumAccess, VariantAccess, Visitor};

/// By this name the deserializer of a column knows what is asked for.
pub(super) const NAME: &str = "$walscope::Maybe";
pub(super) const VALUE: &str = "Value";
pub(super) const UNCHANGED: &str = "Unchanged";
pub(super) const NOT_SENT: &str = "NotSent";
const VARIANTS: &[&str] = &[VALUE, UNCHANGED, NOT_SENT];

/// The value of a column that the server sent or did not send.
///
/// NULL is a value: a column that can be NULL is a `Maybe<Option<T>>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Maybe<T> {
    /// The value.
    Value(T),
    /// A TOASTed value that the update left as it was. The row before has it, if the table has
    /// `REPLICA IDENTITY FULL`: [`Row::updated`](super::Row::updated) takes it from there.
    Unchanged,
    /// A column that is not of the replica identity, in a row of which only the key was sent. Also
    /// the `default`, for columns that the relation does not have.
    #[default]
    NotSent,
}

impl<T> Maybe<T> {
    /// The value, if it was sent.
    pub fn sent(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Unchanged | Self::NotSent => None,
        }
    }

    /// The same of a reference.
    pub const fn as_ref(&self) -> Maybe<&T> {
        match self {
            Self::Value(value) => Maybe::Value(value),
            Self::Unchanged => Maybe::Unchanged,
            Self::NotSent => Maybe::NotSent,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    /// Other formats see an enum of these variants.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum(NAME, VARIANTS, MaybeVisitor(PhantomData))
    }
}

struct MaybeVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for MaybeVisitor<T> {
    type Value = Maybe<T>;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a value or the word that it was not sent")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
        let (variant, value) = access.variant_seed(VariantName)?;
        match variant {
            Maybe::Value(()) => value.newtype_variant().map(Maybe::Value),
            Maybe::Unchanged => value.unit_variant().map(|()| Maybe::Unchanged),
            Maybe::NotSent => value.unit_variant().map(|()| Maybe::NotSent),
        }
    }
}

struct VariantName;

impl<'de> serde::de::DeserializeSeed<'de> for VariantName {
    type Value = Maybe<()>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for VariantName {
    type Value = Maybe<()>;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a variant")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
        match name {
            VALUE => Ok(Maybe::Value(())),
            UNCHANGED => Ok(Maybe::Unchanged),
            NOT_SENT => Ok(Maybe::NotSent),
            _ => Err(E::unknown_variant(name, VARIANTS)),
        }
    }
}
