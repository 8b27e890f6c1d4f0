//! Options for how values are printed.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use walscope_core::value::TypeTable;

use super::Failure;
use crate::json::{Int8, Values};
use crate::types_from_json;

#[derive(Clone, Debug, Args)]
pub(super) struct ValueOptions {
    /// How bigint is printed
    #[arg(long, default_value = "number")]
    int8: Int8,
    /// User types, from walscope types; without them what is user-defined is text as it came, in
    /// binary form its bytes
    #[arg(long, value_name = "FILE")]
    types: Option<PathBuf>,
}

impl ValueOptions {
    /// Reads the file of types, where there is one.
    pub(super) fn values(&self) -> Result<Values, Failure> {
        let types = match &self.types {
            None => TypeTable::new(),
            Some(path) => {
                let json = fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
                types_from_json(&json).map_err(|problem| {
                    Failure::with_hint(
                        format!("{} is no table of types: {problem}", path.display()),
                        "Make one with: walscope types CONNINFO > FILE",
                    )
                })?
            }
        };
        Ok(Values { types, int8: self.int8 })
    }
}
