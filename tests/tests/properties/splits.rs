//! However the input is cut into chunks, the same records come out.

use walscope_core::index::OnError;
use walscope_core::transaction::View;
use walscope_tests::{Major, fixtures};

use crate::is_streamed;
use crate::records::{self, Record};

/// Fixtures up to this size are cut at every byte, those of the newest and the oldest version.
const SMALL: usize = 1024 * 4;
/// The others at so many.
const CUTS: usize = 8;

#[test]
fn two_halves_give_the_same_records() {
    let mut cut_everywhere = 0;
    for fixture in fixtures::all() {
        let bytes = &fixture.bytes[..];
        let whole = records::of(&[bytes], View::Raw, OnError::Stop);
        let thorough = [Major::V14, Major::V18].contains(&fixture.major) && bytes.len() <= SMALL;
        let step = if thorough { 1 } else { bytes.len() / CUTS };
        cut_everywhere += usize::from(step == 1);
        for cut in (step..bytes.len()).step_by(step) {
            let (left, right) = bytes.split_at(cut);
            let halves = records::of(&[left, right], View::Raw, OnError::Stop);
            compare(&whole, &halves, &format!("{}, cut at {cut}", fixture.name));
        }
    }
    assert_eq!(cut_everywhere, 2);
}

#[test]
fn single_bytes_give_the_same_records() {
    for fixture in fixtures::all() {
        let bytes = &fixture.bytes[..];
        // The default view of one fixture of each kind that it has; the raw view of all.
        let mut views = vec![View::Raw];
        if bytes.len() < 10 * SMALL {
            views.push(View::Transactions);
        }
        for view in views {
            let mut whole = records::of(&[bytes], view, OnError::Stop);
            let chunks: Vec<&[u8]> = bytes.chunks(1).collect();
            let mut pieces = records::of(&chunks, view, OnError::Stop);
            if view == View::Transactions && is_streamed(&fixture) {
                // A batch that holds transactions that came in pieces has no position.
                whole.iter_mut().chain(&mut pieces).for_each(|record| record.position = 0);
            }
            compare(&whole, &pieces, &fixture.name);
        }
    }
}

fn compare(whole: &[Record], pieces: &[Record], place: &str) {
    for (number, (one, other)) in whole.iter().zip(pieces).enumerate() {
        assert_eq!(one, other, "{place}: record {number}");
    }
    assert_eq!(whole.len(), pieces.len(), "{place}");
    assert!(!whole.is_empty(), "{place}");
}
