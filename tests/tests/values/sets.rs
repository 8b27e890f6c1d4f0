//! The sets of values in the folder `sql`.
//!
//! A line `-- @type NAME` begins a set of values of that type in `pg_catalog`; with `since MAJOR`
//! behind it older servers do not take it. Queries have one column and end with `;` at the end of a
//! line.

/// Values of a type.
pub(crate) struct Set {
    /// The type's name in `pg_catalog`.
    pub(crate) type_name: &'static str,
    /// Queries of one column each, of this type.
    pub(crate) queries: Vec<&'static str>,
    /// The first major that takes the queries.
    pub(crate) since: u32,
}

/// User types of every kind, in each other.
pub(crate) const USER_TYPES: &str = include_str!("sql/user-types.sql");
/// Queries of values of these.
const USER_VALUES: &str = include_str!("sql/user-values.sql");
/// An array of what has to be quoted, as an expression.
pub(crate) const TEXTS: &str = include_str!("sql/texts.sql");

const SCALARS: [&str; 8] = [
    include_str!("sql/characters.sql"),
    include_str!("sql/date-time.sql"),
    include_str!("sql/documents.sql"),
    include_str!("sql/floats.sql"),
    include_str!("sql/geometry.sql"),
    include_str!("sql/network.sql"),
    include_str!("sql/numbers.sql"),
    include_str!("sql/system.sql"),
];
const REGISTERED: &str = include_str!("sql/registered.sql");

/// The sets of all types that are made of no others.
pub(crate) fn scalars() -> impl Iterator<Item = Set> {
    SCALARS.into_iter().flat_map(read)
}

/// Of these types the binary form is an OID and the text a name.
pub(crate) fn registered() -> impl Iterator<Item = Set> {
    read(REGISTERED)
}

/// Values of the user types: queries without their `SELECT`.
pub(crate) fn user_values() -> impl Iterator<Item = String> {
    let texts = format!("({TEXTS})");
    queries(USER_VALUES).map(move |query| {
        let (_, value) = query.split_once("SELECT ").expect("a query");
        value.replace("$texts", &texts)
    })
}

fn read(text: &'static str) -> impl Iterator<Item = Set> {
    text.split("-- @type ").skip(1).map(|part| {
        let (head, body) = part.split_once('\n').expect("a head is a line");
        let (type_name, since) = head.split_once(" since ").unwrap_or((head, "14"));
        let since = since.parse().expect("a major");
        Set { type_name, queries: queries(body).collect(), since }
    })
}

/// What is behind the last `;` is comments.
fn queries(text: &'static str) -> impl Iterator<Item = &'static str> {
    let parts = text.split_inclusive(";\n").filter_map(|part| part.strip_suffix(";\n"));
    parts.map(str::trim_start)
}
