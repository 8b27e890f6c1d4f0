//! Writes messages as the entries of a recording, in the format of the one they came from.

use alloc::vec::Vec;

use crate::capture::Format;
use crate::frame::{COPY_DATA, FRAME_HEADER};
use crate::pgoutput::Message;
use crate::replication::{ReplicationMessage, XLOG_DATA_HEADER, XLogData};

/// The length field of a frame counts itself.
const LENGTH_FIELD: usize = 4;
/// What ends a message in a file of pg_recvlogical.
const LINE_FEED: u8 = b'\n';

/// A message in two parts.
pub(super) type Parts<'a> = (&'a [u8], &'a [u8]);

/// Appends the entry of a message, with LSN and time of `place`.
pub(super) fn write(
    out: &mut Vec<u8>,
    format: Format,
    place: &XLogData<'_>,
    (head, body): Parts<'_>,
) {
    let length = head.len().saturating_add(body.len());
    match format {
        Format::Capture => {
            let size = length.saturating_add(XLOG_DATA_HEADER).saturating_add(LENGTH_FIELD);
            out.push(COPY_DATA);
            // The parts were one message of the server, whose length had 30 bits.
            out.extend(u32::try_from(size).unwrap_or(u32::MAX).to_be_bytes());
            ReplicationMessage::XLogData(XLogData { data: &[], ..*place }).encode(out);
            out.extend_from_slice(head);
            out.extend_from_slice(body);
        }
        Format::PgRecvlogical => {
            out.extend_from_slice(head);
            out.extend_from_slice(body);
            out.push(LINE_FEED);
        }
    }
}

/// The entry of a message.
pub(super) fn entry(format: Format, place: &XLogData<'_>, message: &Message<'_>) -> Vec<u8> {
    let (mut payload, mut out) = (Vec::new(), Vec::new());
    message.encode(&mut payload);
    write(&mut out, format, place, (&payload, &[]));
    out
}

/// Bytes of an entry before its message.
pub(super) const fn header_size(format: Format) -> usize {
    match format {
        Format::Capture => FRAME_HEADER.saturating_add(XLOG_DATA_HEADER),
        Format::PgRecvlogical => 0,
    }
}

/// The message in an entry that [`write`] wrote.
pub(super) fn payload(format: Format, entry: &[u8]) -> &[u8] {
    let message = entry.get(header_size(format)..).unwrap_or_default();
    match format {
        Format::Capture => message,
        Format::PgRecvlogical => message.strip_suffix(&[LINE_FEED]).unwrap_or(message),
    }
}
