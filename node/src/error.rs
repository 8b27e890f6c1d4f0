//! Errors on their way into JavaScript: a JSON object in the message, from which the facade makes
//! its own classes with the stack of whoever awaited.

use serde_json::{Map, Value, json};
use walscope::{Error, ServerError};

/// Makes the addon's error from the client's.
pub(crate) fn to_napi(error: &Error) -> napi::Error {
    let mut fields = Map::new();
    let name = match error {
        Error::Server(server) => {
            server_fields(&mut fields, server);
            "ServerError"
        }
        Error::Decode(decode) => {
            fields.insert("offset".into(), json!(decode.offset()));
            "DecodeError"
        }
        Error::Undecodable(message) => {
            fields.insert("offset".into(), json!(message.error.offset()));
            fields.insert("lsn".into(), json!(message.lsn.to_string()));
            fields.insert("bytes".into(), json!(message.bytes));
            "DecodeError"
        }
        Error::Connect { .. }
        | Error::Tls(_)
        | Error::Auth { .. }
        | Error::Password(_)
        | Error::Io(_)
        | Error::Closed
        | Error::Silent(_)
        | Error::Timeout { .. }
        | Error::Role { .. }
        | Error::NoServer { .. } => "ConnectionError",
        _ => "WalscopeError",
    };
    // A server's sentence goes without the severity and code that the client's text begins with.
    let message = match error {
        Error::Server(server) => server.message.clone(),
        other => other.to_string(),
    };
    named(name, error.code(), &message, error.hint(), fields)
}

/// An option that cannot be.
pub(crate) fn config_error(message: &str) -> napi::Error {
    own("WALSCOPE_CONFIG", message)
}

/// What the server remarked, as an event.
pub(crate) fn notice(notice: &ServerError) -> Value {
    let mut fields = Map::new();
    server_fields(&mut fields, notice);
    fields.insert("type".into(), "notice".into());
    fields.insert("code".into(), notice.code.as_str().into());
    fields.insert("message".into(), notice.message.as_str().into());
    fields.insert("text".into(), notice.to_string().into());
    Value::Object(fields)
}

/// An error of the addon itself.
pub(crate) fn own(code: &str, message: &str) -> napi::Error {
    named("WalscopeError", code, message, None, Map::new())
}

fn named(
    name: &str,
    code: &str,
    message: &str,
    hint: Option<String>,
    mut fields: Map<String, Value>,
) -> napi::Error {
    fields.insert("name".into(), name.into());
    fields.insert("code".into(), code.into());
    fields.insert("message".into(), message.into());
    // The server's own hint is the better one.
    if let (Some(hint), false) = (hint, fields.contains_key("hint")) {
        fields.insert("hint".into(), hint.into());
    }
    napi::Error::from_reason(Value::Object(fields).to_string())
}

/// The fields of an ErrorResponse, under node-postgres' names; numbers are texts there too.
fn server_fields(fields: &mut Map<String, Value>, error: &ServerError) {
    let [position, internal_position, line] = [error.position, error.internal_position, error.line]
        .map(|number| number.map(|number| number.to_string()));
    for (name, text) in [
        ("severity", Some(&error.severity)),
        ("detail", error.detail.as_ref()),
        ("hint", error.hint.as_ref()),
        ("position", position.as_ref()),
        ("internalPosition", internal_position.as_ref()),
        ("internalQuery", error.internal_query.as_ref()),
        ("where", error.where_.as_ref()),
        ("schema", error.schema.as_ref()),
        ("table", error.table.as_ref()),
        ("column", error.column.as_ref()),
        ("dataType", error.data_type.as_ref()),
        ("constraint", error.constraint.as_ref()),
        ("file", error.file.as_ref()),
        ("line", line.as_ref()),
        ("routine", error.routine.as_ref()),
    ] {
        if let Some(text) = text {
            fields.insert(name.into(), text.as_str().into());
        }
    }
}
