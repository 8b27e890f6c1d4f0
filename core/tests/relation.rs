//! What another description of a table changes.

#![expect(clippy::panic, clippy::expect_used, reason = "a test fails by panicking")]

use walscope_core::pgoutput::{Decoder, Message};
use walscope_core::relation::{Described, RelationCache};

const INT: (u32, i32) = (23, -1);
const TEXT: (u32, i32) = (25, -1);

/// A column: flags, name, type with modifier.
type Column<'a> = (u8, &'a str, (u32, i32));

/// The bytes of a Relation message of table 16385.
fn message(schema: &str, name: &str, identity: u8, columns: &[Column<'_>]) -> Vec<u8> {
    let mut bytes = b"R\0\0\x40\x01".to_vec();
    bytes.extend(format!("{schema}\0{name}\0").bytes());
    bytes.push(identity);
    bytes.extend(u16::try_from(columns.len()).expect("few columns").to_be_bytes());
    for (flags, name, (type_oid, modifier)) in columns {
        bytes.push(*flags);
        bytes.extend(format!("{name}\0").bytes());
        bytes.extend(type_oid.to_be_bytes());
        bytes.extend(modifier.to_be_bytes());
    }
    bytes
}

fn describe(cache: &mut RelationCache, bytes: &[u8]) -> Described {
    match Decoder::default().decode(bytes) {
        Ok(Message::Relation(relation)) => cache.describe(&relation).expect("names in UTF-8"),
        other => panic!("{other:?}"),
    }
}

/// The JSON of what the second message changes.
fn changed(before: &[u8], now: &[u8]) -> String {
    let mut cache = RelationCache::default();
    assert_eq!(describe(&mut cache, before), Described::New);
    assert_eq!(cache.difference(), None);
    assert_eq!(describe(&mut cache, now), Described::Changed);
    let json = cache.difference().expect("a difference").to_json();
    assert_eq!(describe(&mut cache, now), Described::Same);
    assert_eq!(cache.difference(), None, "only until the next description");
    json
}

/// The same for columns of type text without key, named by one letter each; capitals are int4.
fn columns_changed(before: &str, now: &str) -> String {
    let table = |letters: &str| {
        let letters: Vec<String> = letters.chars().map(String::from).collect();
        let columns: Vec<Column<'_>> = letters
            .iter()
            .map(|name| {
                let is_capital = name.chars().all(char::is_uppercase);
                (0, name.as_str(), if is_capital { INT } else { TEXT })
            })
            .collect();
        message("public", "t", b'd', &columns)
    };
    changed(&table(before), &table(now))
}

#[test]
fn columns_are_known_by_their_names() {
    assert_eq!(columns_changed("ab", "abcd"), r#"{"added":["c","d"]}"#);
    assert_eq!(columns_changed("abcd", "bd"), r#"{"dropped":["a","c"]}"#);
    assert_eq!(columns_changed("abc", "acd"), r#"{"added":["d"],"dropped":["b"]}"#);
    assert_eq!(columns_changed("", "a"), r#"{"added":["a"]}"#);
    assert_eq!(columns_changed("a", ""), r#"{"dropped":["a"]}"#);
}

/// A column that is added comes behind all others: what stands before a column that was there
/// before was there before itself. Red without `take(followed)` in `pairs`, its comparison of
/// lengths, that of types, and `if reordered` in `Difference::between`.
#[test]
fn what_stands_in_a_dropped_columns_place_may_be_the_same() {
    let pair = |from: char, to: char| format!(r#"{{"from":"{from}","to":"{to}"}}"#);
    assert_eq!(
        columns_changed("abc", "axc"),
        format!(r#"{{"added":["x"],"dropped":["b"],"mayBeRenamed":[{}]}}"#, pair('b', 'x'))
    );
    assert_eq!(
        columns_changed("abcde", "xbyzew"),
        format!(
            r#"{{"added":["x","y","z","w"],"dropped":["a","c","d"],"mayBeRenamed":[{},{},{}]}}"#,
            pair('a', 'x'),
            pair('c', 'y'),
            pair('d', 'z')
        )
    );
    // The last one: DROP COLUMN and ADD COLUMN leave the same.
    assert_eq!(columns_changed("abc", "abx"), r#"{"added":["x"],"dropped":["c"]}"#);
    assert_eq!(columns_changed("a", "x"), r#"{"added":["x"],"dropped":["a"]}"#);
    // Which of the two was renamed, and which was dropped?
    assert_eq!(columns_changed("abcd", "axd"), r#"{"added":["x"],"dropped":["b","c"]}"#);
    // Another type.
    assert_eq!(columns_changed("abc", "aXc"), r#"{"added":["X"],"dropped":["b"]}"#);
    // The columns that are left do not tell what stands where.
    assert_eq!(
        columns_changed("abcd", "baxd"),
        r#"{"added":["x"],"dropped":["c"],"order":["a","b","c","d"]}"#
    );
}

#[test]
fn an_exchange_of_names_is_another_order() {
    assert_eq!(columns_changed("abc", "bac"), r#"{"order":["a","b","c"]}"#);
    // Dropped and added again.
    assert_eq!(columns_changed("abc", "bca"), r#"{"order":["a","b","c"]}"#);
}

#[test]
fn names_types_identity_and_key() {
    let before = message("public", "t", b'd', &[(1, "id", INT), (0, "v", (1043, 24))]);
    let with = |schema, name, identity, columns: &[Column<'_>]| {
        changed(&before, &message(schema, name, identity, columns))
    };
    let columns = [(1, "id", INT), (0, "v", (1043, 24))];
    assert_eq!(
        with("public", "u", b'd', &columns),
        r#"{"renamedFrom":{"schema":"public","table":"t"}}"#
    );
    assert_eq!(
        with("", "t", b'd', &columns),
        r#"{"renamedFrom":{"schema":"public","table":"t"}}"#,
        "an empty schema is pg_catalog"
    );
    assert_eq!(
        with("public", "t", b'd', &[(1, "id", (20, -1)), (0, "v", (1043, 34))]),
        r#"{"retyped":[{"name":"id","type":23,"typmod":-1},{"name":"v","type":1043,"typmod":24}]}"#
    );
    assert_eq!(
        with("public", "t", b'i', &[(0, "id", INT), (1, "v", (1043, 24))]),
        r#"{"replicaIdentity":"default","key":["id"]}"#
    );
    assert_eq!(with("public", "t", b'n', &columns), r#"{"replicaIdentity":"default"}"#);
    // The same columns in another order are the same key.
    let one = message("public", "t", b'f', &[(1, "a", INT), (1, "b", INT)]);
    let other = message("public", "t", b'f', &[(1, "b", INT), (1, "a", INT)]);
    assert_eq!(changed(&one, &other), r#"{"order":["a","b"]}"#);
    let none = message("public", "t", b'd', &[(0, "id", INT)]);
    let one = message("public", "t", b'd', &[(1, "id", INT)]);
    assert_eq!(changed(&none, &one), r#"{"key":[]}"#);
    assert_eq!(
        with("x", "y", b'f', &[(1, "a", INT), (1, "v", (25, -1)), (1, "z", INT)]),
        concat!(
            r#"{"renamedFrom":{"schema":"public","table":"t"},"replicaIdentity":"default","#,
            r#""added":["a","z"],"dropped":["id"],"mayBeRenamed":[{"from":"id","to":"a"}],"#,
            r#""retyped":[{"name":"v","type":1043,"typmod":24}],"key":["id"]}"#
        )
    );
}

#[test]
fn names_are_escaped_as_json_demands_and_no_further() {
    let odd = "\"\\/\n\r\t\u{8}\u{c}\u{1}\u{7f}é\u{2028}🎉";
    let before = message("s", "t", b'd', &[]);
    assert_eq!(
        changed(&before, &message("s", "t", b'd', &[(0, odd, INT)])),
        format!(
            r#"{{"added":[{}]}}"#,
            r#""\"\\/\n\r\t\b\f\u0001"#.to_owned() + "\u{7f}é\u{2028}🎉\""
        )
    );
}

#[test]
fn what_was_forgotten_has_no_difference() {
    let before = message("s", "t", b'd', &[]);
    let now = message("s", "t", b'd', &[(0, "a", INT)]);
    let mut cache = RelationCache::default();
    describe(&mut cache, &before);
    cache.clear();
    assert_eq!(describe(&mut cache, &now), Described::New);
    assert_eq!(cache.difference(), None);
    describe(&mut cache, &before);
    assert!(cache.difference().is_some());
    cache.forget(walscope_core::Oid(16385));
    assert_eq!(cache.difference(), None);
}

/// As many columns as the message can name, with names that no server sends twice.
#[test]
fn a_description_that_claims_the_most_is_compared() {
    let most = |name| vec![(0, name, INT); usize::from(u16::MAX)];
    let before = message("s", "t", b'd', &most("a"));
    let json = changed(&before, &message("s", "t", b'd', &most("b")));
    assert!(json.starts_with(r#"{"added":["b","b","#), "{}", &json[..40]);
}
