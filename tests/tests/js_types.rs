//! The built-in types that JavaScript knows are core's: `node/decoding/builtin-types.js` is made of
//! them. `WALSCOPE_WRITE=1 cargo test -p walscope-tests --test js_types` makes it again.

use std::fmt::Write;
use std::path::Path;

use walscope_core::Oid;
use walscope_core::value::types;

/// Built-in types have OIDs below this (`FirstGenbkiObjectId`).
const END_OF_BUILT_IN: u32 = 10_000;

fn expected() -> String {
    let mut text = String::from(
        "/**\n * The built-in types that core decodes, made by `tests/tests/js_types.rs`: the OID of each, its name\n \
         * and the OID of the array of it.\n *\n * @type {readonly (readonly [number, string, number])[]}\n */\nexport const BUILT_IN_TYPES = Object.freeze([\n",
    );
    let arrays: Vec<(Oid, Oid)> = (1..END_OF_BUILT_IN)
        .filter_map(|oid| types::array_element(Oid(oid)).map(|element| (element, Oid(oid))))
        .collect();
    for (element, array) in &arrays {
        let name = types::name(*element).expect("a built-in type has a name");
        writeln!(text, "  [{element}, '{name}', {array}],").expect("text");
    }
    text.push_str("]);\n");
    text
}

#[test]
fn javascript_knows_the_types_that_core_knows() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../node/decoding/builtin-types.js");
    let expected = expected();
    if std::env::var_os("WALSCOPE_WRITE").is_some() {
        std::fs::write(&path, &expected).expect("the file can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{} is not of this core", path.display());
    assert!(expected.lines().count() > 60);
}
