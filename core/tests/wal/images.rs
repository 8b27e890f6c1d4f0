//! Page images, which say themselves whether they were restored right.

use std::collections::BTreeMap;

use super::{each_record, samples};
use walscope_core::wal::{BLOCK_SIZE, Compression, ErrorKind, Fork};

/// `PD_FLAGS_END`, `SizeOfPageHeaderData`: what a page's header can be.
fn is_page(page: &[u8; BLOCK_SIZE as usize]) -> bool {
    let field = |at: usize| u16::from_le_bytes([page[at], page[at + 1]]);
    let [flags, lower, upper, special, size] = [10, 12, 14, 16, 18].map(field);
    flags & !7 == 0
        && (24..=upper).contains(&lower)
        && (upper..=BLOCK_SIZE).contains(&special)
        && size == BLOCK_SIZE | 4
}

/// Whether this build reads it.
fn is_built(method: Option<Compression>) -> bool {
    match method {
        Some(Compression::Lz4) => cfg!(feature = "lz4"),
        None | Some(Compression::Pglz | Compression::Zstd) => true,
    }
}

#[test]
fn images_are_pages() {
    let mut counts = BTreeMap::new();
    for sample in samples::all() {
        each_record(sample, |record| {
            for block in record.blocks() {
                let Some(image) = block.image() else { continue };
                let mut page = [0xFF; BLOCK_SIZE as usize];
                let restored = record.restore_image(block.id(), &mut page);
                let method = image.compression();
                *counts.entry(method.map(Compression::name)).or_insert(0) += 1;
                if !is_built(method) {
                    let kind = restored.unwrap_err().kind();
                    assert!(matches!(kind, ErrorKind::ImageUnsupported { .. }), "{kind:?}");
                    continue;
                }
                restored.unwrap();
                let (offset, length) = (image.hole_offset(), image.hole_length());
                let hole = &page[offset.into()..][..length.into()];
                assert!(hole.iter().all(|byte| *byte == 0));
                // Of the free space map, and of new pages, not all of this holds.
                let new = page[14..16] == [0, 0];
                assert!(
                    new || block.fork() == Fork::FSM || is_page(&page),
                    "{} {} #{}",
                    sample.name,
                    record.lsn(),
                    block.id()
                );
                if method.is_none() {
                    assert_eq!(image.bytes()[..offset.into()], page[..offset.into()]);
                }
            }
        });
    }
    assert_eq!(counts.len(), 4, "{counts:?}");
}

#[test]
fn what_is_no_image_is_refused() {
    let sample = samples::own(18, "promote_tli2");
    let mut texts = Vec::new();
    each_record(&sample, |record| {
        let mut page = [0; BLOCK_SIZE as usize];
        if record.block(0).is_none_or(|block| block.image().is_none()) && texts.len() < 2 {
            let error = record.restore_image(0, &mut page).unwrap_err();
            assert_eq!(error.lsn(), record.lsn());
            let what = if record.block(0).is_none() {
                "invalid block 0 specified"
            } else {
                "invalid state, block 0"
            };
            assert_eq!(
                error.to_string(),
                format!("could not restore image at {} with {what}", record.lsn())
            );
            texts.push(what);
        }
    });
    assert!(!texts.is_empty());
}
