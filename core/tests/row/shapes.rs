//! What a whole row can be.

use alloc::collections::BTreeMap;

use serde::Deserialize;
use walscope_core::row::Maybe;
use walscope_core::value::types;

use crate::{Binary, Null, Text, insert, relation, row};

#[derive(Debug, PartialEq, Deserialize)]
struct User {
    #[serde(rename = "user_id")]
    id: i32,
    #[serde(alias = "mail")]
    email: Option<String>,
    #[serde(default)]
    since: Maybe<String>,
    #[serde(skip)]
    cached: u8,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Wrapper(User);

#[derive(Debug, PartialEq, Deserialize)]
struct Pair(i64, Option<String>);

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Event {
    Login { at: i64 },
    Logout,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Flat {
    #[serde(rename = "user_id")]
    id: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, Option<String>>,
}

#[test]
fn structs_by_name_whatever_the_order() {
    let relation =
        relation(&[("extra", types::BOOL), ("mail", types::TEXT), ("user_id", types::INT4)]);
    let user = User { id: 7, email: Some("a@b".into()), since: Maybe::NotSent, cached: 0 };
    let text = insert(&[Text("t"), Text("a@b"), Text("7")]);
    // Forms may be mixed in a row.
    let mixed = insert(&[Binary(&[1]), Text("a@b"), Binary(&7_i32.to_be_bytes())]);
    for bytes in [text, mixed] {
        assert_eq!(row(&relation, &bytes).deserialize::<User>().unwrap(), user);
    }
    let bytes = insert(&[Null, Null, Text("7")]);
    let wrapped: Wrapper = row(&relation, &bytes).deserialize().unwrap();
    assert_eq!(wrapped.0.email, None);
}

#[test]
fn tuples_sequences_and_maps() {
    let relation = relation(&[("user_id", types::INT4), ("email", types::TEXT)]);
    let bytes = insert(&[Text("7"), Null]);
    let row = row(&relation, &bytes);
    assert_eq!(row.deserialize::<Pair>().unwrap(), Pair(7, None));
    assert_eq!(row.deserialize::<(i16, Option<&str>)>().unwrap(), (7, None));
    assert_eq!(row.deserialize::<Vec<Option<String>>>().unwrap(), [Some("7".into()), None]);
    let map: BTreeMap<String, Option<String>> = row.deserialize().unwrap();
    assert_eq!(map, BTreeMap::from([("user_id".into(), Some("7".into())), ("email".into(), None)]));
    for error in [
        row.deserialize::<(i32,)>().unwrap_err(),
        row.deserialize::<(i32, Option<i32>, Option<i32>)>().unwrap_err(),
    ] {
        assert!(error.to_string().starts_with("public.t: a row of 2 columns is no tuple of "));
    }
    assert!(row.deserialize::<i32>().unwrap_err().to_string().contains("expected i32"));
}

#[test]
fn tagged_enums_and_flattened_maps() {
    let relation = relation(&[("kind", types::TEXT), ("at", types::INT8)]);
    let bytes = insert(&[Text("login"), Text("5")]);
    assert_eq!(row(&relation, &bytes).deserialize::<Event>().unwrap(), Event::Login { at: 5 });
    let bytes = insert(&[Text("logout"), Null]);
    assert_eq!(row(&relation, &bytes).deserialize::<Event>().unwrap(), Event::Logout);

    let relation =
        crate::relation(&[("user_id", types::INT4), ("a", types::TEXT), ("b", types::UUID)]);
    let bytes = insert(&[Text("1"), Null, Binary(&[0x11; 16])]);
    let flat: Flat = row(&relation, &bytes).deserialize().unwrap();
    let uuid = "11111111-1111-1111-1111-111111111111";
    assert_eq!(flat.rest, BTreeMap::from([("a".into(), None), ("b".into(), Some(uuid.into()))]));
}
