//! What reading takes of memory: nothing for a record, and never more than has come.

use allocation_counter::measure;
use walscope_core::wal::{ErrorKind, Options};

use super::{read, samples};

/// Red where `Reader::begun` lacks its first branch, so that every record is copied, and where
/// `Reader::begin_record` takes a new buffer each time.
#[test]
fn records_are_borrowed() {
    let sample = samples::own(18, "clogtrunc");
    let place = sample.wal.as_ptr_range();
    let (mut records, mut copied) = (0, 0);
    let counted = measure(|| {
        let (_, result) = read(sample.options(), [sample.wal.as_slice()], |record| {
            let last = record.position(record.bytes().len() - 1);
            let on_one_page = record.lsn().0 / 8192 == last.0 / 8192;
            assert_eq!(on_one_page, place.contains(&record.bytes().as_ptr()), "{last}");
            records += 1;
            copied += usize::from(!on_one_page);
        });
        assert_eq!(result, Ok(()));
    });
    assert!(copied > 10, "{copied} records go over pages");
    // One buffer, which grows to the longest record that goes over pages.
    assert!(records > 500 && counted.count_total < 10, "{records} records: {counted:?}");
}

/// A length of gigabytes is only believed as far as pages confirm it. Red where `Reader::fill`
/// reserves the record's whole length.
#[test]
fn a_claimed_length_takes_no_memory() {
    let sample = samples::own(18, "clogtrunc");
    let mut wal = sample.wal[..3 * 8192].to_vec();
    wal[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut error = None;
    let counted = measure(|| {
        let (_, result) = read(sample.options(), [wal.as_slice()], |_| {});
        error = result.err();
    });
    let kind = error.expect("an error").kind();
    assert!(matches!(kind, ErrorKind::ContrecordLength { .. }), "{kind:?}");
    assert!(counted.bytes_max < 64 * 1024, "{counted:?}");
}

/// Red without the comparison with `Reader::limit`.
#[test]
fn a_record_over_the_limit_is_refused() {
    let sample = samples::own(18, "promote_tli2");
    let options = Options { limit: Some(9000), ..sample.options() };
    let (_, result) = read(options, [sample.wal.as_slice()], |_| {});
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RecordTooLong(16_383));
    assert_eq!(error.to_string(), "record length 16383 at 0/3600028 too long");
}
