//! What core says of records as types, where the text does not have it: lists are as long as their
//! counts, and what has a size of its own has that.

use walscope_core::wal::rmgr::btree::{Btree, Removed};
use walscope_core::wal::rmgr::generic::Regions;
use walscope_core::wal::rmgr::gist::Gist;
use walscope_core::wal::rmgr::relmap::RelMap;
use walscope_core::wal::rmgr::sequence::Sequence;
use walscope_core::wal::{Record, RmgrId};

/// The row of a sequence: a header, two numbers of eight bytes, and a boolean.
const SEQUENCE_ROW: usize = 24 + 8 + 8 + 1;

pub(crate) fn check(record: &Record<'_>) {
    let lsn = record.lsn();
    match record.rmgr() {
        RmgrId::BTREE => {
            let decoded = Btree::decode(record);
            if let Some(Btree::Vacuum(entries) | Btree::Delete { entries, .. }) = decoded {
                removed(record, entries);
            }
        }
        RmgrId::GIST => {
            if let Some(Gist::Delete { count, offsets, .. }) = Gist::decode(record) {
                assert_eq!(offsets.len(), usize::from(count), "{lsn}");
                assert!(offsets.iter().is_sorted(), "{lsn}");
            }
        }
        RmgrId::SEQUENCE => {
            let sequence = Sequence::decode(record).expect("a sequence");
            assert_eq!(sequence.tuple.len(), SEQUENCE_ROW, "{lsn}");
        }
        RmgrId::RELMAP => {
            let map = RelMap::decode(record).expect("a map");
            assert_eq!(i32::try_from(map.map.len()), Ok(map.size), "{lsn}");
        }
        RmgrId::GENERIC => {
            for data in record.blocks().filter_map(|block| block.data()) {
                let regions = Regions::new(data);
                let length: usize = regions.iter().map(|region| 4 + region.bytes.len()).sum();
                assert_eq!(length, data.len(), "{lsn}");
            }
        }
        _ => {}
    }
}

fn removed(record: &Record<'_>, entries: Removed<'_>) {
    let lsn = record.lsn();
    let Some(items) = entries.items else { return };
    assert_eq!(items.deleted.len(), usize::from(entries.deleted), "{lsn}");
    assert_eq!(items.updated().count(), usize::from(entries.updated), "{lsn}");
}
