//! MultiXact: rows that several transactions lock (`mxactdesc.c`).

use super::list::{Item, List};
use super::slru::page_number;
use super::text::Text;
use crate::types::{Oid, Xid};
use crate::wal::Record;
use crate::wal::cursor::Cursor;

/// What a record of MultiXact says.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum MultiXact<'a> {
    /// A page of the file that knows where members begin was made.
    ZeroOffsetsPage(i64),
    /// A page of the file of members was made.
    ZeroMembersPage(i64),
    /// A multixact was made.
    Create {
        /// Its number.
        multi: u32,
        /// Where its members begin.
        offset: u32,
        /// They.
        members: List<'a, MultiXactMember>,
    },
    /// Old multixacts went.
    Truncate {
        /// The database that needs the oldest one that is left.
        oldest_database: Oid,
        /// The first multixact that went.
        start_offset: u32,
        /// The first one that is left.
        end_offset: u32,
        /// The first member that went.
        start_member: u32,
        /// The first one that is left.
        end_member: u32,
    },
}

/// Who locks a row, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultiXactMember {
    /// The transaction.
    pub xid: Xid,
    /// `MultiXactStatus`
    pub status: MultiXactStatus,
}

/// How a transaction locks a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultiXactStatus(pub u32);

impl MultiXactStatus {
    /// PostgreSQL's short name for it.
    pub const fn name(self) -> &'static str {
        match self.0 {
            0 => "keysh",
            1 => "sh",
            2 => "fornokeyupd",
            3 => "forupd",
            4 => "nokeyupd",
            5 => "upd",
            _ => "unk",
        }
    }
}

impl Item for MultiXactMember {
    const SIZE: usize = 8;

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Cursor::new(bytes);
        Some(Self { xid: fields.xid()?, status: MultiXactStatus(fields.u32()?) })
    }
}

/// The name of a kind of record.
pub(super) const fn identify(info: u8) -> Option<&'static str> {
    match info & 0xF0 {
        0x00 => Some("ZERO_OFF_PAGE"),
        0x10 => Some("ZERO_MEM_PAGE"),
        0x20 => Some("CREATE_ID"),
        0x30 => Some("TRUNCATE_ID"),
        _ => None,
    }
}

impl<'a> MultiXact<'a> {
    /// What a record says; `None`: it is of no known kind, or too short.
    pub fn decode(record: &Record<'a>) -> Option<Self> {
        let mut fields = Cursor::new(record.main_data());
        Some(match record.info() {
            0x00 => Self::ZeroOffsetsPage(page_number(&mut fields, record.version())?),
            0x10 => Self::ZeroMembersPage(page_number(&mut fields, record.version())?),
            0x20 => {
                let (multi, offset, count) = (fields.u32()?, fields.u32()?, fields.count()?);
                Self::Create { multi, offset, members: List::take(&mut fields, count)? }
            }
            0x30 => Self::Truncate {
                oldest_database: fields.oid()?,
                start_offset: fields.u32()?,
                end_offset: fields.u32()?,
                start_member: fields.u32()?,
                end_member: fields.u32()?,
            },
            _ => return None,
        })
    }

    /// `multixact_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        match self {
            Self::ZeroOffsetsPage(page) | Self::ZeroMembersPage(page) => _ = text.signed(*page),
            Self::Create { multi, offset, members } => {
                text.number(*multi).str(" offset ").number(*offset);
                text.str(" nmembers ").number(members.len() as u64).str(": ");
                for member in members.iter() {
                    text.number(member.xid.0).str(" (").str(member.status.name()).str(") ");
                }
            }
            Self::Truncate { start_offset, end_offset, start_member, end_member, .. } => {
                text.str("offsets [").number(*start_offset).str(", ").number(*end_offset);
                text.str("), members [").number(*start_member).str(", ").number(*end_member);
                text.str(")");
            }
        }
    }
}
