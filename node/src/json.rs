//! Options cross as JSON: they are few and small.

use serde::Deserialize;

use crate::error::config_error;

pub(crate) fn parse<T: for<'de> Deserialize<'de>>(json: &str) -> napi::Result<T> {
    serde_json::from_str(json).map_err(|error| config_error(&format!("options: {error}")))
}
