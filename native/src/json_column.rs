//! JSON in columns as a type of the user's own.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, Visitor};

/// The field of a [row](walscope_core::row) that takes the document of a `json` or `jsonb` column,
/// as whatever `T` makes of it.
///
/// ```
/// # use walscope::Json;
/// # use walscope_core::pgoutput::{Decoder, Message};
/// # use walscope_core::relation::RelationCache;
/// # use walscope_core::row::Row;
/// # let (mut decoder, mut relations) = (Decoder::default(), RelationCache::default());
/// # let bytes = b"R\0\0\x40\x01public\0users\0d\0\x01\0profile\0\0\0\x0E\xDA\xFF\xFF\xFF\xFF";
/// # let Message::Relation(relation) = decoder.decode(bytes)? else { panic!() };
/// # relations.describe(&relation)?;
/// # let bytes = b"I\0\0\x40\x01N\0\x01b\0\0\0\x12\x01{\"theme\": \"dark\"}";
/// # let Message::Insert(insert) = decoder.decode(bytes)? else { panic!() };
/// # let relation = relations.get(insert.relation).unwrap();
/// #[derive(serde::Deserialize)]
/// struct Profile {
///     theme: String,
/// }
/// #[derive(serde::Deserialize)]
/// struct User {
///     profile: Json<Profile>,
/// }
/// let user: User = Row::new(relation, insert.new).deserialize()?;
/// assert_eq!(user.profile.0.theme, "dark");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Json<T>(pub T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Json<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Document(PhantomData)).map(Self)
    }
}

struct Document<T>(PhantomData<T>);

impl<T: DeserializeOwned> Visitor<'_> for Document<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON document")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        serde_json::from_str(text).map_err(E::custom)
    }
}
