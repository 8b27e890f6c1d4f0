//! Values that hold others.

use alloc::collections::BTreeMap;

use serde::Deserialize;
use walscope_core::Oid;
use walscope_core::value::{Field, TypeKind, TypeTable, UserType, types};

use crate::{Binary, Text, insert, read, refused, relation, row};

const INT4_ARRAY: Oid = Oid(1007);
const TEXT_ARRAY: Oid = Oid(1009);

/// The binary form of an array.
fn array(element: Oid, lengths: &[i32], elements: &[Option<&[u8]>]) -> Vec<u8> {
    let mut bytes = i32::try_from(lengths.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend(i32::from(elements.contains(&None)).to_be_bytes());
    bytes.extend(element.0.to_be_bytes());
    for length in lengths {
        bytes.extend(length.to_be_bytes());
        bytes.extend(1_i32.to_be_bytes());
    }
    for element in elements {
        let length = element.map_or(-1, |element| i32::try_from(element.len()).unwrap());
        bytes.extend(length.to_be_bytes());
        bytes.extend(element.unwrap_or_default());
    }
    bytes
}

#[test]
fn arrays_nested_as_they_have_dimensions() {
    let ints: Vec<[u8; 4]> = (1_i32..=4).map(i32::to_be_bytes).collect();
    let ints: Vec<Option<&[u8]>> = ints.iter().map(|int| Some(int.as_slice())).collect();
    let flat = array(types::INT4, &[4], &ints);
    let square = array(types::INT4, &[2, 2], &ints);
    for value in [Text("{1,2,3,4}"), Binary(&flat)] {
        assert_eq!(read::<Vec<i64>>(INT4_ARRAY, value).unwrap(), [1, 2, 3, 4]);
        assert_eq!(read::<[u8; 4]>(INT4_ARRAY, value).unwrap(), [1, 2, 3, 4]);
        assert!(refused::<[u8; 3]>(INT4_ARRAY, value).starts_with("expected no more elements"));
        assert!(refused::<[u8; 5]>(INT4_ARRAY, value).contains("expected an array of length 5"));
        assert!(refused::<Vec<Vec<i32>>>(INT4_ARRAY, value).starts_with("expected a sequence"));
    }
    for value in [Text("{{1,2},{3,4}}"), Text("[0:1][0:1]={{1,2},{3,4}}"), Binary(&square)] {
        assert_eq!(read::<Vec<Vec<i32>>>(INT4_ARRAY, value).unwrap(), [[1, 2], [3, 4]]);
        assert_eq!(read::<[(i8, i8); 2]>(INT4_ARRAY, value).unwrap(), [(1, 2), (3, 4)]);
        assert!(refused::<Vec<i32>>(INT4_ARRAY, value).starts_with("expected i32, found '"));
    }
    for value in [Text("{}"), Binary(&array(types::INT4, &[], &[]))] {
        assert!(read::<Vec<i32>>(INT4_ARRAY, value).unwrap().is_empty());
        assert!(read::<Vec<Vec<i32>>>(INT4_ARRAY, value).unwrap().is_empty());
    }
}

#[test]
fn null_elements() {
    let binary = array(types::INT4, &[2], &[Some(&1_i32.to_be_bytes()), None]);
    for value in [Text("{1,NULL}"), Binary(&binary)] {
        assert_eq!(read::<Vec<Option<i32>>>(INT4_ARRAY, value).unwrap(), [Some(1), None]);
        assert_eq!(
            refused::<Vec<i32>>(INT4_ARRAY, value),
            "expected i32, found NULL in '{1,NULL}': an Option takes it"
        );
    }
}

#[test]
fn elements_with_escapes_are_owned() {
    let text = r#"{plain,"NULL","a \"b\" \\"}"#;
    let found: Vec<String> = read(TEXT_ARRAY, Text(text)).unwrap();
    assert_eq!(found, ["plain", "NULL", "a \"b\" \\"]);
    let relation = relation(&[("c", TEXT_ARRAY)]);
    let bytes = insert(&[Text("{plain,\"with space\"}")]);
    let (found,) = row(&relation, &bytes).deserialize::<(Vec<&str>,)>().unwrap();
    assert_eq!(found, ["plain", "with space"]);
    let bytes = insert(&[Text(text)]);
    let error = row(&relation, &bytes).deserialize::<(Vec<&str>,)>().unwrap_err();
    assert!(error.to_string().contains("expected a borrowed string"), "{error}");
}

/// Takes whatever there is, as deep as it goes.
#[derive(Debug)]
struct Anything;

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Anything;
            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("anything")
            }
            fn visit_none<E>(self) -> Result<Anything, E> {
                Ok(Anything)
            }
            fn visit_i32<E>(self, _: i32) -> Result<Anything, E> {
                Ok(Anything)
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut items: A,
            ) -> Result<Anything, A::Error> {
                while items.next_element::<Anything>()?.is_some() {}
                Ok(Anything)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// Turned red by removing the check of `depth` in `Dimension::deserialize_any`: the stack overflows.
#[test]
fn arrays_that_are_too_deep_are_refused() {
    let nested = |depth| format!("{}1{}", "{".repeat(depth), "}".repeat(depth));
    read::<Anything>(INT4_ARRAY, Text(&nested(6))).unwrap();
    for depth in [7, 1_000_000] {
        let error = refused::<Anything>(INT4_ARRAY, Text(&nested(depth)));
        assert!(error.starts_with("arrays have six dimensions at most"), "{error}");
    }
}

#[test]
fn vectors_of_numbers() {
    assert_eq!(read::<Vec<i16>>(types::INT2VECTOR, Text("1 -2")).unwrap(), [1, -2]);
    assert_eq!(read::<Vec<u32>>(types::OIDVECTOR, Text("4294967295")).unwrap(), [u32::MAX]);
}

#[derive(Debug, PartialEq, Deserialize)]
struct Address {
    street: String,
    #[serde(rename = "no")]
    number: Option<i32>,
}

const ADDRESS: Oid = Oid(20_000);
const HSTORE: Oid = Oid(20_001);

fn types() -> TypeTable {
    let field = |name: &str, type_oid| Field { name: name.into(), type_oid };
    let user_type = |oid, name: &str, kind, fields| UserType {
        oid,
        schema: "public".into(),
        name: name.into(),
        kind,
        fields,
    };
    let fields = vec![field("street", types::TEXT), field("no", types::INT4)];
    let address = user_type(ADDRESS, "address", TypeKind::Composite, fields);
    [address, user_type(HSTORE, "hstore", TypeKind::Hstore, vec![])].into_iter().collect()
}

#[test]
fn composites_and_hstore_with_a_table_of_types() {
    let types = types();
    let relation = relation(&[("home", ADDRESS), ("more", HSTORE)]);
    let mut home = b"\0\0\0\x02\0\0\0\x19\0\0\0\x04M\"in".to_vec();
    home.extend(b"\0\0\0\x17\xFF\xFF\xFF\xFF");
    let more = b"\0\0\0\x01\0\0\0\x01k\0\0\0\x02v\"";
    let text = insert(&[Text(r#"("M""in",)"#), Text(r#""k"=>"v\"""#)]);
    let binary = insert(&[Binary(&home), Binary(more)]);
    for bytes in [text, binary] {
        let row = row(&relation, &bytes).with_types(&types);
        type More = BTreeMap<String, Option<String>>;
        let (home, more) = row.deserialize::<(Address, More)>().unwrap();
        assert_eq!(home, Address { street: "M\"in".into(), number: None });
        assert_eq!(more, BTreeMap::from([("k".into(), Some("v\"".into()))]));
        let (home, _) = row.deserialize::<((String, Option<i8>), More)>().unwrap();
        assert_eq!(home, ("M\"in".into(), None));
        let error = row.deserialize::<((String, i32), More)>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "public.t, column \"home\" (address): expected i32, found NULL in '(\"M\"\"in\",)': an Option takes it"
        );
        assert!(row.deserialize::<((String,), More)>().is_err());
    }
}

#[test]
fn what_is_made_of_json_is_left_to_a_parser() {
    let error = refused::<Address>(types::JSONB, Text("{}"));
    assert_eq!(
        error,
        "expected struct Address, and JSON is text here, to be parsed by the field, found '{}'"
    );
}
