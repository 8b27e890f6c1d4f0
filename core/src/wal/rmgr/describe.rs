//! What records are called and what they say, whoever's they are.

use alloc::vec::Vec;

use super::text::Text;
use super::zone::Zone;
use super::{
    RmgrId, brin, btree, clog, commit_ts, dbase, generic, gin, gist, hash, heap, heap2, logicalmsg,
    multixact, relmap, replorigin, sequence, smgr, spgist, standby, tablespace, xact, xlog,
};
use crate::wal::{Record, Version};

/// What a version calls a resource manager's kind of record (`rm_identify`); `info` is all of the
/// record's. `None`: it has no such kind.
pub fn identify(rmgr: RmgrId, info: u8, version: Version) -> Option<&'static str> {
    match rmgr {
        RmgrId::XLOG => xlog::identify(info, version),
        RmgrId::TRANSACTION => xact::identify(info),
        RmgrId::STORAGE => smgr::identify(info),
        RmgrId::CLOG => clog::identify(info),
        RmgrId::DATABASE => dbase::identify(info, version),
        RmgrId::TABLESPACE => tablespace::identify(info),
        RmgrId::MULTIXACT => multixact::identify(info),
        RmgrId::RELMAP => relmap::identify(info),
        RmgrId::STANDBY => standby::identify(info),
        RmgrId::HEAP2 => heap2::identify(info, version),
        RmgrId::HEAP => heap::identify(info),
        RmgrId::BTREE => btree::identify(info),
        RmgrId::HASH => hash::identify(info),
        RmgrId::GIN => gin::identify(info),
        RmgrId::GIST => gist::identify(info),
        RmgrId::SEQUENCE => sequence::identify(info),
        RmgrId::SPGIST => spgist::identify(info),
        RmgrId::BRIN => brin::identify(info),
        RmgrId::COMMIT_TS => commit_ts::identify(info),
        RmgrId::REPLICATION_ORIGIN => replorigin::identify(info),
        RmgrId::GENERIC => generic::identify(),
        RmgrId::LOGICAL_MESSAGE => logicalmsg::identify(info),
        _ => None,
    }
}

impl Record<'_> {
    /// What its kind is called; `None`: its version knows no such kind.
    pub fn identify(&self) -> Option<&'static str> {
        identify(self.rmgr(), self.header().info, self.version())
    }

    /// Appends what it says to `out`, as `pg_waldump` prints it (`rm_desc`). Of a record that is
    /// shorter than its kind has to be, nothing is said.
    pub fn describe(&self, out: &mut Vec<u8>, zone: &dyn Zone) {
        let text = &mut Text::new(out, zone, self.version());
        let described = match self.rmgr() {
            RmgrId::XLOG => xlog::Xlog::decode(self).as_ref().map(|record| record.write(text)),
            RmgrId::TRANSACTION => {
                xact::Transaction::decode(self).as_ref().map(|record| record.write(text))
            }
            RmgrId::STORAGE => {
                smgr::Storage::decode(self).as_ref().map(|record| record.write(text))
            }
            RmgrId::CLOG => clog::Clog::decode(self).as_ref().map(|record| record.write(text)),
            RmgrId::DATABASE => {
                dbase::Database::decode(self).as_ref().map(|record| record.write(text))
            }
            RmgrId::TABLESPACE => {
                tablespace::Tablespace::decode(self).as_ref().map(|record| record.write(text))
            }
            RmgrId::MULTIXACT => {
                multixact::MultiXact::decode(self).as_ref().map(|record| record.write(text))
            }
            RmgrId::RELMAP => {
                relmap::RelMap::decode(self).as_ref().map(|record| record.write(text))
            }
            RmgrId::STANDBY => {
                standby::Standby::decode(self).as_ref().map(|record| record.write(text))
            }
            RmgrId::HEAP2 => heap2::Heap2::decode(self).as_ref().map(|record| record.write(text)),
            RmgrId::HEAP => heap::Heap::decode(self).as_ref().map(|record| record.write(text)),
            RmgrId::BTREE => btree::Btree::decode(self).as_ref().map(|record| record.write(text)),
            RmgrId::HASH => hash::Hash::decode(self).as_ref().map(|record| record.write(text)),
            RmgrId::GIN => gin::Gin::decode(self).as_ref().map(|record| record.write(text)),
            RmgrId::GIST => gist::Gist::decode(self).as_ref().map(|record| record.write(text)),
            RmgrId::SEQUENCE => {
                sequence::Sequence::decode(self).as_ref().map(|record| record.write(text))
            }
            RmgrId::SPGIST => {
                spgist::SpGist::decode(self).as_ref().map(|record| record.write(text))
            }
            RmgrId::BRIN => brin::Brin::decode(self).as_ref().map(|record| record.write(text)),
            RmgrId::COMMIT_TS => {
                commit_ts::CommitTs::decode(self).as_ref().map(|record| record.write(text))
            }
            RmgrId::REPLICATION_ORIGIN => replorigin::ReplicationOrigin::decode(self)
                .as_ref()
                .map(|record| record.write(text)),
            RmgrId::GENERIC => {
                generic::Generic::decode(self).as_ref().map(|record| record.write(text))
            }
            RmgrId::LOGICAL_MESSAGE => {
                logicalmsg::LogicalMessage::decode(self).as_ref().map(|record| record.write(text))
            }
            rmgr if rmgr.is_custom() => {
                text.str("rmid: ").number(rmgr.0);
                Some(())
            }
            _ => None,
        };
        described.unwrap_or_default();
    }
}
