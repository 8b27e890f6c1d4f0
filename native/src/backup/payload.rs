//! The messages within the one copy of PostgreSQL 15 and newer (`src/backend/backup/basebackup_copy.c`,
//! the manual's `BASE_BACKUP`):
//!
//! | kind | then |
//! |---|---|
//! | `n` a new archive | its name, and the tablespace's directory, each with a zero byte behind it |
//! | `m` the manifest | nothing |
//! | `d` more of the archive or manifest | the bytes |
//! | `p` progress | int64: bytes of the current tablespaces that are done |

use bytes::{Buf, Bytes};

use crate::error::{Error, Result};

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Payload {
    Archive { name: String, location: String },
    Manifest,
    Data(Bytes),
    Progress(u64),
}

impl Payload {
    pub(super) fn decode(mut body: Bytes) -> Result<Self> {
        if body.is_empty() {
            return Err(malformed("is empty"));
        }
        let payload = match body.get_u8() {
            b'd' => return Ok(Self::Data(body)),
            b'n' => {
                let (name, location) = (string(&mut body)?, string(&mut body)?);
                Self::Archive { name, location }
            }
            b'm' => Self::Manifest,
            b'p' if body.len() >= 8 => Self::Progress(body.get_u64()),
            b'p' => return Err(malformed("ends in the middle of a number")),
            kind => return Err(malformed(&format!("is of kind {:?}", char::from(kind)))),
        };
        if !body.is_empty() {
            return Err(malformed("has more than it should"));
        }
        Ok(payload)
    }
}

fn string(body: &mut Bytes) -> Result<String> {
    let end = body.iter().position(|byte| *byte == 0);
    let end = end.ok_or_else(|| malformed("ends in the middle of a text"))?;
    let text = String::from_utf8(body.split_to(end).into());
    body.advance(1);
    text.map_err(|_| malformed("has a name that is not UTF-8"))
}

fn malformed(how: &str) -> Error {
    Error::protocol(format!("a message of the base backup {how}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_decoded() {
        for (bytes, payload) in [
            (
                &b"nbase.tar\0\0"[..],
                Payload::Archive { name: "base.tar".into(), location: String::new() },
            ),
            (b"n1.tar\0/ts\0", Payload::Archive { name: "1.tar".into(), location: "/ts".into() }),
            (b"m", Payload::Manifest),
            (b"d", Payload::Data(Bytes::new())),
            (b"dxy", Payload::Data(Bytes::from_static(b"xy"))),
            (b"p\0\0\0\0\0\0\x01\0", Payload::Progress(256)),
        ] {
            assert_eq!(Payload::decode(Bytes::from_static(bytes)).expect("one"), payload);
        }
    }

    #[test]
    fn others_are_refused() {
        for (bytes, problem) in [
            (&b""[..], "is empty"),
            (b"x", "is of kind 'x'"),
            (b"nbase.tar", "in the middle of a text"),
            (b"nbase.tar\0/", "in the middle of a text"),
            (b"nbase.tar\0\0x", "more than it should"),
            (b"n\xff\0\0", "not UTF-8"),
            (b"mx", "more than it should"),
            (b"p\0", "in the middle of a number"),
            (b"p\0\0\0\0\0\0\0\0\0", "more than it should"),
        ] {
            let error = Payload::decode(Bytes::from_static(bytes)).expect_err(problem);
            assert!(error.to_string().contains(problem), "{bytes:?}: {error}");
        }
    }
}
