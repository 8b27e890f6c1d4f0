//! User types as JavaScript has them: the entries of a table that `walscope types` makes
//! (`native/docs/types.md`), which the shared JavaScript has looked at before.

use walscope_core::Oid;
use walscope_core::value::{Field, TypeKind, UserType};
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// A type. What its kind does not have reads as 0, and as nothing.
    #[derive(Debug)]
    pub type RawType;

    #[wasm_bindgen(method, getter)]
    fn oid(this: &RawType) -> u32;

    #[wasm_bindgen(method, getter)]
    fn schema(this: &RawType) -> String;

    #[wasm_bindgen(method, getter)]
    fn name(this: &RawType) -> String;

    #[wasm_bindgen(method, getter)]
    fn kind(this: &RawType) -> String;

    #[wasm_bindgen(method, getter)]
    fn base(this: &RawType) -> u32;

    #[wasm_bindgen(method, getter)]
    fn element(this: &RawType) -> u32;

    #[wasm_bindgen(method, getter)]
    fn delimiter(this: &RawType) -> Option<String>;

    #[wasm_bindgen(method, getter)]
    fn subtype(this: &RawType) -> u32;

    #[wasm_bindgen(method, getter)]
    fn range(this: &RawType) -> u32;

    #[wasm_bindgen(method, getter)]
    fn fields(this: &RawType) -> Option<Vec<RawField>>;

    /// A field of a composite type.
    #[derive(Debug)]
    pub type RawField;

    #[wasm_bindgen(method, getter, js_name = name)]
    fn field_name(this: &RawField) -> String;

    #[wasm_bindgen(method, getter, js_name = type)]
    fn field_type(this: &RawField) -> u32;
}

impl RawType {
    /// The type; nothing where the kind is none.
    pub(crate) fn read(&self) -> Option<UserType> {
        let kind = match self.kind().as_str() {
            "enum" => TypeKind::Enum,
            "domain" => TypeKind::Domain { base: Oid(self.base()) },
            "composite" => TypeKind::Composite,
            "array" => TypeKind::Array {
                element: Oid(self.element()),
                delimiter: self.delimiter()?.chars().next()?,
            },
            "range" => TypeKind::Range { subtype: Oid(self.subtype()) },
            "multirange" => TypeKind::Multirange { range: Oid(self.range()) },
            "hstore" => TypeKind::Hstore,
            _ => return None,
        };
        let fields = self.fields().unwrap_or_default();
        let fields = fields
            .iter()
            .map(|field| Field { name: field.field_name(), type_oid: Oid(field.field_type()) });
        Some(UserType {
            oid: Oid(self.oid()),
            schema: self.schema(),
            name: self.name(),
            kind,
            fields: fields.collect(),
        })
    }
}
