//! What is cut is not taken for whole.

use walscope_core::ErrorKind;
use walscope_core::capture::{Entry, Next};
use walscope_core::frame::MAX_MESSAGE;
use walscope_core::index::{BatchDecoder, OnError};
use walscope_core::pgoutput::{Decoder, tag};
use walscope_core::transaction::View;
use walscope_tests::fixtures;

use crate::each_entry;
use crate::records::{self, Kind};

/// Every cut of every fixture: the reader asks for no more than is missing, consumes nothing, and
/// calls it cut when there is no more.
#[test]
fn a_cut_entry_needs_more_and_takes_nothing() {
    for fixture in fixtures::all() {
        each_entry(&fixture, |entry, bytes, before| {
            let mut reader = before;
            for length in 0..bytes.len() {
                let place = || format!("{}, {length} bytes from {}", fixture.name, before.offset());
                let prefix = &bytes[..length];
                match reader.next(prefix) {
                    Ok(Next::NeedMore(more)) => {
                        assert!((1..=bytes.len() - length).contains(&more), "{}: {more}", place());
                    }
                    other => panic!("{}: {other:?}", place()),
                }
                assert_eq!(reader.offset(), before.offset(), "{}", place());
                match (reader.finish(prefix), length) {
                    (Ok(()), 0) => {}
                    (Err(error), 1..) => {
                        let kind = error.kind();
                        // The first byte of a file alone does not say what it is.
                        let expected = matches!(kind, ErrorKind::Cut { needed } if needed > 0)
                            || (reader.format().is_none() && kind == ErrorKind::UnknownFormat);
                        assert!(expected, "{}: {error}", place());
                    }
                    (result, _) => panic!("{}: {result:?}", place()),
                }
            }
            // All of that has left no trace.
            assert_eq!(
                reader.next(bytes),
                Ok(Next::Entry(*entry, bytes.len())),
                "{}",
                fixture.name
            );
        });
    }
}

/// Every prefix of every message. One of them is a message too: StreamAbort says by its length alone
/// whether LSN and time follow.
#[test]
fn a_cut_message_is_an_error() {
    const SHORT_ABORT: usize = 9;
    for fixture in fixtures::all() {
        let mut decoder = Decoder::default();
        each_entry(&fixture, |entry, _, _| {
            let Entry::Data(data) = entry else { return };
            for length in 0..data.data.len() {
                let prefix = &data.data[..length];
                let mut copy = decoder;
                let result = copy.decode(prefix);
                if length == SHORT_ABORT && prefix[0] == tag::STREAM_ABORT {
                    assert!(result.is_ok(), "{}", fixture.name);
                    continue;
                }
                let error = result.expect_err("a message");
                assert!(error.offset() <= length as u64, "{}: {error}", fixture.name);
                assert_eq!(copy, decoder, "{}: the state has changed", fixture.name);
            }
            decoder.decode(data.data).expect("a message");
        });
    }
}

/// A spread of cuts of every fixture, as hosts see them: whole entries come out, then an error.
#[test]
fn a_cut_recording_gives_what_is_whole_then_an_error() {
    const CUTS: usize = 12;
    for fixture in fixtures::all() {
        let whole = records::of(&[&fixture.bytes], View::Raw, OnError::Stop);
        let mut ends = Vec::new();
        each_entry(&fixture, |_, bytes, reader| ends.push(reader.offset() + bytes.len() as u64));
        for number in 1..CUTS {
            let cut = fixture.bytes.len() * number / CUTS;
            let mut decoder = BatchDecoder::new(View::Raw, OnError::Stop, MAX_MESSAGE);
            let mut found = records::of_batch(&decoder.push(&fixture.bytes[..cut]));
            found.extend(records::of_batch(&decoder.end()));
            let at = format!("{}, cut at {cut}", fixture.name);
            if !ends.contains(&(cut as u64)) {
                let last = found.pop().expect("an error");
                assert_eq!(last.kind, Kind(b'!'), "{at}");
                let start = ends.iter().rfind(|end| **end <= cut as u64).copied().unwrap_or(0);
                assert_eq!(last.position, start, "{at}");
            }
            assert_eq!(found[..], whole[..found.len()], "{at}");
            assert!(found.iter().all(|record| record.kind != Kind(b'!')), "{at}");
        }
    }
}
