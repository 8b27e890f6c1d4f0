//! Values made of others: arrays of every type, ranges, and user types with a table of them.

use walscope_core::Oid;
use walscope_core::value::{ArrayEvent, Bound, Part, Range, TypeTable, Value};
use walscope_tests::Major;

use crate::check::{Session, bytes_of};
use crate::sets;

/// Ranges and multiranges of a kind: subtype, and bounds from low to high as SQL literals.
const RANGES: [(&str, [&str; 4]); 6] = [
    ("int4", ["-2147483648", "-5", "7", "2147483647"]),
    ("int8", ["-9223372036854775808", "-5", "7", "9223372036854775807"]),
    ("num", ["-12345678901234567890.5", "0.00", "1e3", "NaN"]),
    ("ts", ["-infinity", "0044-03-15 12:00 BC", "2020-02-29 23:59:59.5", "infinity"]),
    ("tstz", ["-infinity", "0044-03-15 12:00 BC", "2020-02-29 23:59:59.5", "infinity"]),
    ("date", ["4714-11-24 BC", "0044-03-15 BC", "2020-02-29", "infinity"]),
];

/// Types without an array type, and vectors, which SQL takes for arrays.
const NOT_IN_ARRAYS: [&str; 3] = ["pg_node_tree", "int2vector", "oidvector"];

/// Arrays of the values of `query`, which are of type `of`.
fn arrays(of: &str, query: &str) -> [String; 4] {
    let all = format!("(SELECT array_agg(v) FROM ({query}) AS q(v))");
    [
        format!("{all}::{of}[]"),
        format!("ARRAY[]::{of}[]"),
        // Other bounds than 1, also in two dimensions, and NULLs between.
        format!("('[-2:-2]={{NULL}}'::{of}[] || {all}::{of}[])"),
        format!("array_fill(({all}::{of}[])[1], ARRAY[2,1,3], ARRAY[1,0,-1])"),
    ]
}

/// Compares what SQL says with what core makes of both forms. Returns the number of values.
fn check(
    session: &mut Session,
    types: &TypeTable,
    expression: &str,
    wrong: &mut Vec<String>,
) -> usize {
    // Send functions take what a domain is over, not the domain.
    let sql = format!(
        "WITH RECURSIVE own AS (SELECT pg_typeof(v)::oid AS oid FROM (SELECT {expression}) AS q(v) LIMIT 1),
         base AS (SELECT t.* FROM own JOIN pg_type t USING (oid) UNION ALL
                  SELECT t.* FROM base JOIN pg_type t ON t.oid = base.typbasetype)
         SELECT own.oid, base.typsend,
                CASE WHEN own.oid <> base.oid THEN '::' || format_type(base.oid, NULL) ELSE '' END
         FROM own, base
         WHERE base.typtype <> 'd'"
    );
    let described = match session.try_rows(&sql) {
        Ok(rows) => rows,
        Err(error) => {
            wrong.push(format!("{expression}: {error}"));
            return 0;
        }
    };
    let [Some(type_oid), Some(send), Some(cast)] = described[0].as_slice() else {
        panic!("{described:?}")
    };
    let type_oid = Oid(type_oid.parse().unwrap());
    let sql =
        format!("SELECT v, encode({send}(v{cast}), 'hex') FROM (SELECT {expression}) AS q(v)");
    let mut count = 0;
    for row in session.rows(&sql) {
        let [Some(text), Some(hex)] = row.as_slice() else { continue };
        count += 1;
        if let Err(reason) = same(types, type_oid, text, &bytes_of(hex)) {
            wrong.push(format!("{expression:.200}: {text:.300}: {reason:.300}"));
        }
    }
    count
}

fn same(types: &TypeTable, type_oid: Oid, text: &str, bytes: &[u8]) -> Result<(), String> {
    let says = |error: walscope_core::Error| error.to_string();
    let from_text = types.value_from_text(type_oid, text.as_bytes()).map_err(says)?;
    let from_binary = types.value_from_binary(type_oid, bytes).map_err(says)?;
    if matches!(from_text, Value::Other(_)) || matches!(from_binary, Value::Bytes(_)) {
        return Err("not decoded".to_owned());
    }
    if from_text.to_string() != text {
        return Err(format!("from text: shown as {from_text}"));
    }
    if from_binary.to_string() != text {
        return Err(format!("from binary: shown as {from_binary}"));
    }
    if !text.contains("NaN") && from_text != from_binary {
        return Err("the forms are not equal".to_owned());
    }
    same_parts(types, &from_text, &from_binary)
}

/// The parts of a value from text and of the same from binary are the same, all the way down.
fn same_parts(types: &TypeTable, text: &Value<'_>, binary: &Value<'_>) -> Result<(), String> {
    let part =
        |type_oid: Oid, text: Option<Part<'_>>, binary: Option<Part<'_>>| match (text, binary) {
            (Some(Part::Text(text)), Some(Part::Binary(bytes))) => {
                same(types, type_oid, &text.to_string(), bytes)
            }
            (None, None) => Ok(()),
            other => Err(format!("{other:?}")),
        };
    match (text, binary) {
        (Value::Array(text), Value::Array(binary)) => {
            if !text.lower_bounds().eq(binary.lower_bounds()) {
                return Err("other bounds".to_owned());
            }
            assert_eq!(text.iter().count(), binary.iter().count());
            text.iter().zip(binary).try_for_each(|events| match events {
                (ArrayEvent::Element(text), ArrayEvent::Element(bytes)) => {
                    part(binary.element_type(), Some(text), Some(bytes))
                }
                (one, other) if one == other => Ok(()),
                other => Err(format!("{other:?}")),
            })
        }
        (Value::Range(text), Value::Range(binary)) => same_range(text, binary, part),
        (Value::Multirange(text), Value::Multirange(binary)) => {
            assert_eq!(text.ranges().count(), binary.ranges().count());
            let mut pairs = text.ranges().zip(binary.ranges());
            pairs.try_for_each(|(text, binary)| same_range(&text, &binary, part))
        }
        (Value::Composite(text), Value::Composite(binary)) => {
            assert_eq!(text.fields().count(), binary.fields().count());
            text.fields().zip(binary.fields()).try_for_each(|(text, binary)| {
                assert_eq!((text.name, text.type_oid), (binary.name, binary.type_oid));
                assert!(text.name.is_some());
                part(text.type_oid.unwrap(), text.value, binary.value)
            })
        }
        (Value::Hstore(text), Value::Hstore(binary)) => {
            let owned = |part: Part<'_>| match part {
                Part::Text(text) => text.to_string(),
                Part::Binary(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            };
            let [text, binary] = [text, binary].map(|hstore| {
                let pairs = hstore.pairs();
                pairs.map(|(key, value)| (owned(key), value.map(owned))).collect::<Vec<_>>()
            });
            assert_eq!(text, binary);
            Ok(())
        }
        _ => Ok(()),
    }
}

fn same_range<'a>(
    text: &Range<'a>,
    binary: &Range<'a>,
    part: impl Fn(Oid, Option<Part<'a>>, Option<Part<'a>>) -> Result<(), String>,
) -> Result<(), String> {
    let kind = |bound: Bound<'_>| match bound {
        Bound::Infinite => 'i',
        Bound::Inclusive(_) => '[',
        Bound::Exclusive(_) => '(',
    };
    match (text.bounds(), binary.bounds()) {
        (Some((low, high)), Some((other_low, other_high))) => {
            assert_eq!([low, high].map(kind), [other_low, other_high].map(kind));
            part(text.subtype(), low.part(), other_low.part())?;
            part(text.subtype(), high.part(), other_high.part())
        }
        (None, None) => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// Queries of values made of others, without the `SELECT`.
pub(crate) fn expressions(major: u32) -> Vec<String> {
    let mut expressions = vec![sets::TEXTS.to_owned()];
    for set in sets::scalars().filter(|set| major >= set.since) {
        if NOT_IN_ARRAYS.contains(&set.type_name) {
            continue;
        }
        let of = format!("pg_catalog.\"{}\"", set.type_name);
        for query in set.queries {
            // Some have more values than anybody needs in an array.
            let query = format!("SELECT u::{of} FROM ({query}) AS q(u) LIMIT 50");
            expressions.extend(arrays(&of, &query));
        }
    }
    expressions.extend(RANGES.iter().flat_map(|(kind, bounds)| ranges(kind, bounds)));
    expressions.extend(sets::user_values());
    expressions
}

/// Ranges, multiranges and arrays of both.
fn ranges(kind: &str, [lowest, low, high, highest]: &[&str; 4]) -> [String; 4] {
    let (range, multirange) = (format!("{kind}range"), format!("{kind}multirange"));
    let pairs = [(lowest, low), (low, high), (high, highest), (lowest, highest), (low, low)];
    let mut all = Vec::new();
    for (low, high) in pairs {
        for bounds in ["[]", "[)", "(]", "()"] {
            // The highest integer cannot be included: there is no next one.
            if !(bounds.ends_with(']') && kind.starts_with("int") && high == highest) {
                all.push(format!("{range}('{low}', '{high}', '{bounds}')"));
            }
        }
    }
    all.extend([
        format!("{range}('{low}', NULL)"),
        format!("{range}(NULL, NULL)"),
        format!("{range}(NULL, '{high}', '(]')"),
        format!("'empty'::{range}"),
    ]);
    let all = all.join(", ");
    let multiranges = format!(
        "ARRAY[{multirange}(), {multirange}({all}), \
         {multirange}({range}('{lowest}', '{low}'), {range}('{high}', NULL, '()')), NULL]"
    );
    [
        format!("unnest(ARRAY[{all}])"),
        format!("ARRAY[{all}, NULL]"),
        format!("unnest({multiranges})"),
        multiranges,
    ]
}

fn all_of(major: Major) {
    let mut session = Session::start(major);
    session.rows(sets::USER_TYPES);
    let types = session.user_types();
    // A table's row type is in the table where another has a column of it.
    let is_known = |name: &str| types.iter().any(|known| known.name == name);
    assert!(is_known("holder") && !is_known("held") && !is_known("_held"));
    let expressions = expressions(session.major);
    let mut wrong = Vec::new();
    let mut count = 0;
    for expression in &expressions {
        count += check(&mut session, &types, expression, &mut wrong);
    }
    wrong.truncate(crate::SHOWN);
    assert!(wrong.is_empty(), "{major}, of {count} values:\n{}", wrong.join("\n"));
    assert!(count > 600, "{count}");
    println!("{major}: {count} values of {} queries", expressions.len());
}

#[test]
fn values_made_of_others_on_14() {
    all_of(Major::V14);
}

#[test]
fn values_made_of_others_on_15() {
    all_of(Major::V15);
}

#[test]
fn values_made_of_others_on_16() {
    all_of(Major::V16);
}

#[test]
fn values_made_of_others_on_17() {
    all_of(Major::V17);
}

#[test]
fn values_made_of_others_on_18() {
    all_of(Major::V18);
}
