//! Unchanged TOASTed values, keys, and replica identity full.

use serde::Deserialize;
use walscope_core::row::{Maybe, RowErrorKind};

use crate::{MAJORS, create_slot, each_row, start};

/// Longer than what stays in a row.
const LONG: usize = 10_000;

#[derive(Debug, PartialEq, Deserialize)]
struct Plain {
    id: i32,
    name: Option<String>,
    bio: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Careful {
    id: i32,
    name: Maybe<Option<String>>,
    bio: Maybe<Option<String>>,
}

/// The kind of an error, and the column that it names.
type Refused = (RowErrorKind, String);

/// What was sent: before a change and after it, as both structs.
#[derive(Debug, PartialEq)]
struct Seen {
    plain: [Option<Result<Plain, Refused>>; 2],
    careful: [Option<Careful>; 2],
}

fn seen(identity: &str, binary: bool, major: walscope_tests::Major) -> Vec<Seen> {
    let server = start(major);
    server.sql(&format!(
        "CREATE TABLE t (id int PRIMARY KEY, name text, bio text);
         ALTER TABLE t ALTER bio SET STORAGE EXTERNAL;
         ALTER TABLE t REPLICA IDENTITY {identity}"
    ));
    create_slot(&server);
    server.sql(&format!("INSERT INTO t VALUES (1, 'a', repeat('x', {LONG}))"));
    server.sql("UPDATE t SET name = NULL");
    server.sql("UPDATE t SET id = 2");
    server.sql("DELETE FROM t");
    let mut all = Vec::new();
    each_row(&server, binary, |before, after| {
        let rows = [before, after];
        all.push(Seen {
            plain: rows.map(|row| {
                let refused = |error: walscope_core::row::RowError| {
                    assert!(error.to_string().starts_with("public.t, column "), "{error}");
                    (error.kind(), error.column().unwrap_or_default().to_owned())
                };
                row.map(|row| row.deserialize::<Plain>().map_err(refused))
            }),
            careful: rows.map(|row| row.map(|row| row.deserialize::<Careful>().unwrap())),
        });
    });
    all
}

fn plain(id: i32, name: Option<&str>) -> Option<Result<Plain, Refused>> {
    Some(Ok(Plain { id, name: name.map(str::to_owned), bio: Some("x".repeat(LONG)) }))
}

fn refused(kind: RowErrorKind, column: &str) -> Option<Result<Plain, Refused>> {
    Some(Err((kind, column.to_owned())))
}

/// Turned red by showing `Form::Unchanged` or `Form::NotSent` as none in `Cell::deserialize_option`.
#[test]
fn what_was_not_sent_is_an_error_or_a_maybe() {
    use RowErrorKind::{NotSent, Unchanged};
    let (sent, null) = (|name: &str| Maybe::Value(Some(name.to_owned())), Maybe::Value(None));
    let key = |id| Some(Careful { id, name: Maybe::NotSent, bio: Maybe::NotSent });
    let unchanged = |id| Some(Careful { id, name: null.clone(), bio: Maybe::Unchanged });
    for (major, binary) in MAJORS.into_iter().flat_map(|major| [(major, false), (major, true)]) {
        let all = seen("DEFAULT", binary, major);
        let first = Careful { id: 1, name: sent("a"), bio: sent(&"x".repeat(LONG)) };
        let expected = [
            Seen { plain: [None, plain(1, Some("a"))], careful: [None, Some(first)] },
            Seen { plain: [None, refused(Unchanged, "bio")], careful: [None, unchanged(1)] },
            Seen {
                plain: [refused(NotSent, "name"), refused(Unchanged, "bio")],
                careful: [key(1), unchanged(2)],
            },
            Seen { plain: [refused(NotSent, "name"), None], careful: [key(2), None] },
        ];
        assert_eq!(all, expected, "PostgreSQL {major}, binary {binary}");
    }
}

/// Turned red by taking no value from `before` in `RowDeserializer::next`.
#[test]
fn replica_identity_full_leaves_nothing_out() {
    for (major, binary) in MAJORS.into_iter().flat_map(|major| [(major, false), (major, true)]) {
        let all = seen("FULL", binary, major);
        let found: Vec<_> = all.into_iter().map(|seen| seen.plain).collect();
        let expected = [
            [None, plain(1, Some("a"))],
            [plain(1, Some("a")), plain(1, None)],
            [plain(1, None), plain(2, None)],
            [plain(2, None), None],
        ];
        assert_eq!(found, expected, "PostgreSQL {major}, binary {binary}");
    }
}
