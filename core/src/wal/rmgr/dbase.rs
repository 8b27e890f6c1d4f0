//! Database: databases come and go (`dbasedesc.c`).

use super::list::List;
use super::text::Text;
use crate::types::Oid;
use crate::wal::cursor::Cursor;
use crate::wal::{Record, Version};

/// What a record of Database says.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Database<'a> {
    /// A database was copied, file by file.
    CreateFileCopy {
        /// The new database.
        to: DatabasePlace,
        /// The one that it is a copy of.
        from: DatabasePlace,
    },
    /// A database was made whose content comes in records of its own; since PostgreSQL 15.
    CreateWalLog(DatabasePlace),
    /// A database went.
    Drop {
        /// The database.
        database: Oid,
        /// The tablespaces that it had files in.
        tablespaces: List<'a, Oid>,
    },
}

/// Where a database's files lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabasePlace {
    /// The database.
    pub database: Oid,
    /// The tablespace.
    pub tablespace: Oid,
}

impl DatabasePlace {
    fn decode(fields: &mut Cursor<'_>) -> Option<Self> {
        Some(Self { database: fields.oid()?, tablespace: fields.oid()? })
    }

    fn write(self, text: &mut Text<'_>) {
        text.number(self.tablespace.0).str("/").number(self.database.0);
    }
}

/// The name of a kind of record.
pub(super) const fn identify(info: u8, version: Version) -> Option<&'static str> {
    let newer = version.major() >= 15;
    match info & 0xF0 {
        0x00 if newer => Some("CREATE_FILE_COPY"),
        0x10 if newer => Some("CREATE_WAL_LOG"),
        0x20 if newer => Some("DROP"),
        0x00 => Some("CREATE"),
        0x10 => Some("DROP"),
        _ => None,
    }
}

impl<'a> Database<'a> {
    /// What a record says; `None`: it is of no known kind, or too short.
    pub fn decode(record: &Record<'a>) -> Option<Self> {
        let newer = record.version() >= Version::V15;
        let mut fields = Cursor::new(record.main_data());
        match record.info() {
            0x00 => Some(Self::CreateFileCopy {
                to: DatabasePlace::decode(&mut fields)?,
                from: DatabasePlace::decode(&mut fields)?,
            }),
            0x10 if newer => DatabasePlace::decode(&mut fields).map(Self::CreateWalLog),
            0x10 => Self::dropped(&mut fields),
            0x20 if newer => Self::dropped(&mut fields),
            _ => None,
        }
    }

    fn dropped(fields: &mut Cursor<'a>) -> Option<Self> {
        let (database, count) = (fields.oid()?, fields.count()?);
        Some(Self::Drop { database, tablespaces: List::take(fields, count)? })
    }

    /// `dbase_desc`
    pub(super) fn write(&self, text: &mut Text<'_>) {
        match *self {
            Self::CreateFileCopy { to, from } => {
                from.write(text.str("copy dir "));
                to.write(text.str(" to "));
            }
            Self::CreateWalLog(place) => place.write(text.str("create dir ")),
            Self::Drop { database, tablespaces } => {
                text.str("dir");
                for tablespace in tablespaces.iter() {
                    DatabasePlace { database, tablespace }.write(text.str(" "));
                }
            }
        }
    }
}
