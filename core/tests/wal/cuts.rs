//! How the log comes in chunks does not matter; neither does anything that is wrong in it, before it.

use super::{read, samples};
use samples::Sample;
use walscope_core::Lsn;
use walscope_core::wal::{Options, Reader};

/// What is compared of a record, for all of it is guarded by its CRC.
type Key = (Lsn, Lsn, u32);

fn keys<'c>(options: Options, chunks: impl IntoIterator<Item = &'c [u8]>) -> Vec<Key> {
    let mut keys = Vec::new();
    let (_, result) = read(options, chunks, |record| {
        assert_eq!(record.blocks().len(), record.blocks().count());
        keys.push((record.lsn(), record.end(), record.header().crc));
    });
    if let Err(error) = result {
        keys.push((error.lsn(), Lsn::INVALID, error.kind().code().into()));
    }
    keys
}

#[test]
fn single_bytes_are_as_good_as_a_file() {
    for sample in samples::all() {
        let whole = keys(sample.options(), [sample.wal.as_slice()]);
        assert_eq!(keys(sample.options(), sample.wal.chunks(8193)), whole, "{}", sample.name);
        let pages = &sample.wal[..30 * 8192];
        let whole = keys(sample.options(), [pages]);
        assert_eq!(keys(sample.options(), pages.chunks(1)), whole, "{}", sample.name);
    }
}

/// Around the ends of pages, where records go over them, each cut is tried.
#[test]
fn a_cut_may_be_anywhere() {
    for major in 14..=18 {
        let sample = samples::own(major, "promote_tli2");
        let wal = &sample.wal[..6 * 8192];
        let whole = keys(sample.options(), [wal]);
        assert!(whole.len() > 5);
        for page in (0..wal.len()).step_by(8192) {
            for at in page.saturating_sub(40)..page + 45 {
                let (front, back) = wal.split_at(at);
                assert_eq!(keys(sample.options(), [front, back]), whole, "cut at {at}");
            }
        }
    }
}

/// What has come before the end of the input comes out, and the record that is cut is known.
#[test]
fn an_end_may_be_anywhere() {
    let sample = samples::own(18, "promote_tli2");
    let whole = keys(sample.options(), [sample.wal.as_slice()]);
    let start = sample.options().start.0;
    for length in (0..4 * 8192).step_by(7) {
        let mut found = Vec::new();
        let (reader, result) = read(sample.options(), [&sample.wal[..length]], |record| {
            found.push((record.lsn(), record.end(), record.header().crc));
        });
        assert_eq!(result, Ok(()));
        assert_eq!(found, whole[..found.len()]);
        let next = whole[found.len()].0.0 - start;
        let pending = ((length as u64) > next).then_some(Lsn(next + start));
        assert_eq!(reader.pending(), pending, "{length} bytes");
    }
}

/// Wherever reading begins, the first record is the first one behind it.
#[test]
fn a_start_may_be_anywhere() {
    for major in [14, 18] {
        let sample = samples::own(major, "clogtrunc");
        let wal = &sample.wal[..20 * 8192];
        let whole = keys(sample.options(), [wal]);
        let base = sample.options().start;
        for offset in (0..100_000).step_by(397) {
            let start = Lsn(base.0 + offset);
            let options = Options { start, ..sample.options() };
            let reader = Reader::new(options);
            let from = (reader.position().0 - base.0) as usize;
            let expected: Vec<_> = whole.iter().copied().filter(|key| key.0 >= start).collect();
            assert_eq!(keys(options, [&wal[from..]]), expected, "from {start}");
            // Without the beginning of the page, the first record on the next one is the first.
            let options = Options { start, input: Some(start), ..sample.options() };
            let found = keys(options, [&wal[offset as usize..]]);
            assert!(expected.ends_with(&found) && expected.len() - found.len() < 200);
        }
    }
}

/// How much of a sample has its bits turned.
const PAGES: usize = 12;

/// A wrong bit is found, what came before it stays, and reading goes on behind it. Red without
/// `crc_is_right` in `Reader::complete`.
#[test]
fn a_wrong_bit_is_found() {
    for sample in [samples::own(14, "contrecord"), samples::own(18, "promote_tli2")] {
        let (pages, start) = (&sample.wal[..PAGES * 8192], sample.options().start.0);
        let whole = keys(sample.options(), [pages]);
        let last = whole[whole.len() - 1];
        let mut in_record = vec![false; pages.len()];
        read(sample.options(), [pages], |record| {
            for offset in 0..record.bytes().len() {
                in_record[(record.position(offset).0 - start) as usize] = true;
            }
        })
        .1
        .unwrap();
        for at in (0..pages.len()).step_by(61) {
            let mut wal = pages.to_vec();
            wal[at] ^= 1 << (at % 8);
            let (found, errors) = resynced(&sample, &wal);
            let before = found.iter().zip(&whole).take_while(|(a, b)| a == b).count();
            let position = Lsn(start + at as u64);
            assert!(whole[before..].iter().all(|key| key.1 > position), "{position}");
            // Some bits mean nothing: padding, the page flag that archivers look at.
            assert!(errors > 0 || !in_record[at], "{position}");
            assert!(errors > 0 || found == whole, "{position}");
            // Behind the next pages all is as it was.
            assert!(position.0 + 5 * 8192 > last.0.0 || found.ends_with(&[last]), "{position}");
        }
    }
}

/// Reads all, going on behind errors, of which it gives the number.
fn resynced(sample: &Sample, wal: &[u8]) -> (Vec<Key>, usize) {
    let (mut reader, mut input) = (Reader::new(sample.options()), wal);
    let (mut found, mut errors) = (Vec::new(), 0);
    loop {
        match reader.next(&mut input) {
            Ok(Some(record)) => found.push((record.lsn(), record.end(), record.header().crc)),
            Ok(None) => return (found, errors),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                assert_eq!(reader.next(&mut input).unwrap_err(), error);
                errors += 1;
                reader.resync();
            }
        }
    }
}
