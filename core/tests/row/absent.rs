//! NULL, what was not sent, and what is left out.

use serde::Deserialize;
use walscope_core::pgoutput::Message;
use walscope_core::row::{Maybe, Row, RowErrorKind};
use walscope_core::value::types;

use crate::{Null, Text, Unchanged, insert, message, read, refused, relation, row, update};

#[derive(Debug, PartialEq, Deserialize)]
struct Plain {
    id: i32,
    bio: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Careful {
    id: i32,
    bio: Maybe<Option<String>>,
}

#[test]
fn null_is_for_options_only() {
    assert_eq!(read::<Option<i32>>(types::INT4, Null).unwrap(), None);
    assert_eq!(refused::<i32>(types::INT4, Null), "expected i32, found NULL: an Option takes it");
    assert_eq!(
        refused::<String>(types::TEXT, Null),
        "expected a string, found NULL: an Option takes it"
    );
    assert_eq!(read::<i32>(types::INT4, Null).unwrap_err().kind(), RowErrorKind::Null);
    assert!(read::<Maybe<i32>>(types::INT4, Null).is_err());
    assert_eq!(read::<Maybe<Option<i32>>>(types::INT4, Null).unwrap(), Maybe::Value(None));
}

/// Turned red by showing `Form::Unchanged` as `visit_none` in `Cell::deserialize_option`.
#[test]
fn an_unchanged_toasted_value_is_not_null() {
    let relation = relation(&[("id", types::INT4), ("bio", types::TEXT)]);
    let bytes = insert(&[Text("1"), Unchanged]);
    let row = row(&relation, &bytes);
    let error = row.deserialize::<Plain>().unwrap_err();
    assert_eq!(error.kind(), RowErrorKind::Unchanged);
    assert_eq!(
        error.to_string(),
        "public.t, column \"bio\" (text): expected option, but the update left the TOASTed value as \
         it was, and it was not sent: a Maybe takes that, and with REPLICA IDENTITY FULL it is sent \
         with the row before"
    );
    assert_eq!(row.deserialize::<Careful>().unwrap().bio, Maybe::Unchanged);
    for bytes in [insert(&[Text("1"), Null]), insert(&[Text("1"), Text("x")])] {
        let row = crate::row(&relation, &bytes);
        let plain = row.deserialize::<Plain>().unwrap();
        assert_eq!(row.deserialize::<Careful>().unwrap().bio, Maybe::Value(plain.bio));
    }
    // Who does not ask is not told.
    assert_eq!(
        row.deserialize::<alloc::collections::BTreeMap<String, serde::de::IgnoredAny>>()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn a_whole_row_before_fills_in_what_is_unchanged() {
    let relation = relation(&[("id", types::INT4), ("bio", types::TEXT)]);
    let bytes = update(b'O', &[Text("1"), Text("long")], &[Text("2"), Unchanged]);
    let Message::Update(update) = message(&bytes) else { panic!() };
    let filled = Plain { id: 2, bio: Some("long".into()) };
    assert_eq!(Row::updated(&relation, &update).deserialize::<Plain>().unwrap(), filled);
    assert!(Row::new(&relation, update.new).deserialize::<Plain>().is_err());
    let old: Plain = Row::old(&relation, update.old.unwrap()).deserialize().unwrap();
    assert_eq!(old, Plain { id: 1, bio: Some("long".into()) });
}

/// Turned red by removing the line with `key_only` from `RowDeserializer::next`.
#[test]
fn columns_that_were_not_sent_are_not_null() {
    let relation = relation(&[("id", types::INT4), ("bio", types::TEXT)]);
    let bytes = update(b'K', &[Text("1"), Null], &[Text("2"), Unchanged]);
    let Message::Update(update) = message(&bytes) else { panic!() };
    let old = Row::old(&relation, update.old.unwrap());
    let error = old.deserialize::<Plain>().unwrap_err();
    assert_eq!((error.kind(), error.column()), (RowErrorKind::NotSent, Some("bio")));
    assert_eq!(old.deserialize::<Careful>().unwrap(), Careful { id: 1, bio: Maybe::NotSent });
    // What has no value before is not filled in from it.
    let new = Row::updated(&relation, &update);
    assert_eq!(new.deserialize::<Careful>().unwrap(), Careful { id: 2, bio: Maybe::Unchanged });

    #[derive(Debug, PartialEq, Deserialize)]
    struct Key {
        id: i32,
    }
    assert_eq!(old.deserialize::<Key>().unwrap(), Key { id: 1 });
}

#[derive(Debug, PartialEq, Deserialize)]
struct Lenient {
    id: i32,
    #[serde(default)]
    age: u8,
    bio: Option<String>,
    #[serde(default = "anonymous")]
    name: String,
}

fn anonymous() -> String {
    "anonymous".into()
}

#[test]
fn lenient_reading_lists_what_it_leaves_out() {
    let columns =
        [("id", types::INT4), ("age", types::INT4), ("bio", types::TEXT), ("name", types::TEXT)];
    let relation = relation(&columns);
    let mut problems = Vec::new();
    let bytes = insert(&[Text("1"), Text("300"), Unchanged, Null]);
    let found: Lenient = row(&relation, &bytes).deserialize_lenient(&mut problems).unwrap();
    assert_eq!(found, Lenient { id: 1, age: 0, bio: None, name: anonymous() });
    let listed: Vec<_> =
        problems.iter().map(|problem| (problem.column(), problem.kind())).collect();
    assert_eq!(
        listed,
        [
            (Some("age"), RowErrorKind::Value),
            (Some("bio"), RowErrorKind::Unchanged),
            (Some("name"), RowErrorKind::Null),
        ]
    );
    // What is fine adds nothing, and what the list holds already changes nothing.
    let bytes = insert(&[Text("2"), Text("30"), Text("b"), Text("n")]);
    let found: Lenient = row(&relation, &bytes).deserialize_lenient(&mut problems).unwrap();
    assert_eq!(found, Lenient { id: 2, age: 30, bio: Some("b".into()), name: "n".into() });
    assert_eq!(problems.len(), 3);
}

#[test]
fn lenient_reading_fails_without_a_default() {
    let relation = relation(&[("id", types::INT4), ("age", types::INT4)]);
    let bytes = insert(&[Text("x"), Text("300")]);
    let mut problems = Vec::new();
    let error = row(&relation, &bytes).deserialize_lenient::<Lenient>(&mut problems).unwrap_err();
    // The cause, not that the field is missing without it.
    assert_eq!(error.column(), Some("id"));
    let listed: Vec<_> = problems.iter().map(|problem| problem.column()).collect();
    assert_eq!(listed, [Some("age")]);
    // Nothing can be left out of a sequence without moving what is behind it.
    let mut problems = Vec::new();
    let bytes = insert(&[Text("1"), Text("300")]);
    let error = row(&relation, &bytes).deserialize_lenient::<(u8, u8)>(&mut problems).unwrap_err();
    assert_eq!((error.column(), problems.len()), (Some("age"), 0));
}
