//! What the servers' catalogs say about types.

use std::collections::BTreeSet;

use walscope_core::Oid;
use walscope_core::value::{Value, types};
use walscope_tests::Major;

use crate::check::{Session, bytes_of};
use crate::sets;

/// Types whose binary form is kept as bytes: no column of a user's can be filled with them.
const UNDECODED: [&str; 5] = [
    "pg_brin_bloom_summary",
    "pg_brin_minmax_multi_summary",
    "pg_dependencies",
    "pg_mcv_list",
    "pg_ndistinct",
];

#[test]
fn no_base_type_is_forgotten() {
    for major in Major::ALL {
        let mut session = Session::start(major);
        let sets = sets::scalars().chain(sets::registered());
        let known: BTreeSet<&str> = sets.map(|set| set.type_name).chain(UNDECODED).collect();
        let sql = "SELECT typname, oid FROM pg_type WHERE typtype = 'b' AND oid < 16384 \
                   AND typcategory <> 'A' AND typsend <> 0";
        let all = session.rows(sql);
        assert!(all.len() > 60, "{}", all.len());
        for row in all {
            let name = row[0].as_deref().unwrap();
            let is_vector = ["int2vector", "oidvector"].contains(&name);
            assert!(is_vector || known.contains(name), "{name} of {major}");
        }
        for name in UNDECODED {
            let oid = session.rows(&format!("SELECT oid FROM pg_type WHERE typname = '{name}'"));
            let oid = Oid(oid[0][0].as_deref().unwrap().parse().unwrap());
            assert_eq!(Value::from_binary(oid, &[1, 2]), Ok(Value::Bytes(&[1, 2])));
            assert_eq!(Value::from_binary(oid, &[1, 2]).unwrap().to_string(), "\\x0102");
            assert_eq!(Value::from_text(oid, b"x"), Ok(Value::Other("x")));
        }
    }
}

#[test]
fn registered_objects_are_names_as_text_and_numbers_in_binary() {
    for major in [Major::V14, Major::V18] {
        let mut session = Session::start(major);
        for sets::Set { type_name: name, queries, .. } in sets::registered() {
            let query = queries[0];
            let sql = format!(
                "SELECT v, v::oid, encode({name}send(v), 'hex'), '{name}'::regtype::oid \
                 FROM (SELECT u::{name} FROM ({query}) AS q(u)) AS q(v)"
            );
            let row = session.rows(&sql).remove(0).into_iter().map(Option::unwrap);
            let [text, oid, hex, type_oid] = row.collect::<Vec<_>>().try_into().unwrap();
            let type_oid = Oid(type_oid.parse().unwrap());
            let from_text = Value::from_text(type_oid, text.as_bytes());
            assert_eq!(from_text, Ok(Value::Other(&text)), "{name}");
            let bytes = bytes_of(&hex);
            let from_binary = Value::from_binary(type_oid, &bytes);
            assert_eq!(from_binary, Ok(Value::Reg(Oid(oid.parse().unwrap()))), "{name}");
            assert_eq!(from_binary.unwrap().to_string(), oid, "{name}");
        }
    }
}

#[test]
fn every_array_type_knows_its_element() {
    for major in Major::ALL {
        let mut session = Session::start(major);
        // Rows of the catalogs have array types too, which nobody's table has.
        let sql = "SELECT typarray, oid FROM pg_type WHERE typarray <> 0 AND oid < 10000 \
                   AND typrelid = 0";
        let all = session.rows(sql);
        assert!(all.len() > 70, "{}", all.len());
        for row in all {
            let [array, element] =
                [&row[0], &row[1]].map(|oid| Oid(oid.as_deref().unwrap().parse().unwrap()));
            assert_eq!(types::array_element(array), Some(element), "{array} of {major}");
        }
    }
}
