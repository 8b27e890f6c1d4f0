//! The messages inside CopyData while replication streams, in both directions.
//!
//! PostgreSQL manual, "Streaming Replication Protocol"; written in `src/backend/replication/walsender.c`.

use crate::error::{ErrorKind, Result};
use crate::reader::Reader;
use crate::types::{Lsn, Timestamp, Xid};

/// First byte of [`XLogData`].
pub(crate) const XLOG_DATA: u8 = b'w';
/// First byte of [`PrimaryKeepalive`].
const PRIMARY_KEEPALIVE: u8 = b'k';
/// First byte of [`StandbyStatusUpdate`].
const STANDBY_STATUS_UPDATE: u8 = b'r';
/// First byte of [`HotStandbyFeedback`].
const HOT_STANDBY_FEEDBACK: u8 = b'h';

/// A message from the server while replication streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplicationMessage<'a> {
    /// Data of the output plugin, or of the write-ahead log.
    XLogData(XLogData<'a>),
    /// A sign of life.
    PrimaryKeepalive(PrimaryKeepalive),
}

/// | bytes | field |
/// |---|---|
/// | 1 | `'w'` |
/// | 8 | LSN where the data begins (0 where a logical message has none) |
/// | 8 | end of the log on the server |
/// | 8 | server's clock |
/// | rest | data: for pgoutput one message |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XLogData<'a> {
    /// Where the data begins; [`Lsn::INVALID`] for messages that have no place in the log.
    pub start: Lsn,
    /// The end of the write-ahead log on the server, as it said.
    pub end: Lsn,
    /// The server's clock when it sent this.
    pub server_time: Timestamp,
    /// The data.
    pub data: &'a [u8],
}

/// Bytes of an [`XLogData`] before its data.
pub const XLOG_DATA_HEADER: usize = 25;

/// | bytes | field |
/// |---|---|
/// | 1 | `'k'` |
/// | 8 | end of the log |
/// | 8 | server's clock |
/// | 1 | 1: answer at once, or the connection will be closed |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrimaryKeepalive {
    /// Everything before this has been sent.
    pub end: Lsn,
    /// The server's clock when it sent this.
    pub server_time: Timestamp,
    /// The server waits for a status update.
    pub reply_requested: bool,
}

impl<'a> ReplicationMessage<'a> {
    /// Reads the body of a CopyData message. Positions in errors count from its first byte.
    ///
    /// # Errors
    ///
    /// Another kind of message, or one of another length.
    #[inline]
    pub fn decode(body: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(body, 0);
        match reader.u8("replication message")? {
            XLOG_DATA => Ok(Self::XLogData(XLogData {
                start: reader.lsn("XLogData.start")?,
                end: reader.lsn("XLogData.end")?,
                server_time: reader.timestamp("XLogData.server_time")?,
                data: reader.rest(),
            })),
            PRIMARY_KEEPALIVE => {
                let end = reader.lsn("PrimaryKeepalive.end")?;
                let server_time = reader.timestamp("PrimaryKeepalive.server_time")?;
                let before = reader;
                let reply_requested = match reader.u8("PrimaryKeepalive.reply_requested")? {
                    0 => false,
                    1 => true,
                    other => {
                        let kind = ErrorKind::InvalidValue(other);
                        return Err(before.error(kind, "PrimaryKeepalive.reply_requested"));
                    }
                };
                reader.finish("PrimaryKeepalive")?;
                Ok(Self::PrimaryKeepalive(PrimaryKeepalive { end, server_time, reply_requested }))
            }
            other => {
                let kind = ErrorKind::UnknownMessage(other);
                Err(Reader::new(body, 0).error(kind, "replication message"))
            }
        }
    }

    /// Appends the body of the CopyData message to `out`: the inverse of [`decode`](Self::decode).
    #[cfg(feature = "alloc")]
    pub fn encode(&self, out: &mut alloc::vec::Vec<u8>) {
        match self {
            Self::XLogData(message) => {
                out.push(XLOG_DATA);
                out.extend(message.start.0.to_be_bytes());
                out.extend(message.end.0.to_be_bytes());
                out.extend(message.server_time.0.to_be_bytes());
                out.extend_from_slice(message.data);
            }
            Self::PrimaryKeepalive(message) => {
                out.push(PRIMARY_KEEPALIVE);
                out.extend(message.end.0.to_be_bytes());
                out.extend(message.server_time.0.to_be_bytes());
                out.push(u8::from(message.reply_requested));
            }
        }
    }
}

/// What a standby tells the server about itself: how far it is.
///
/// | bytes | field |
/// |---|---|
/// | 1 | `'r'` |
/// | 8 | received (written) up to here |
/// | 8 | flushed up to here: a logical slot's `confirmed_flush_lsn` follows this |
/// | 8 | applied up to here |
/// | 8 | client's clock |
/// | 1 | 1: the server should answer at once |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandbyStatusUpdate {
    /// End of what was received.
    pub received: Lsn,
    /// End of what is safe with the consumer. The server may forget everything before it.
    pub flushed: Lsn,
    /// End of what is applied.
    pub applied: Lsn,
    /// The client's clock.
    pub client_time: Timestamp,
    /// Ask the server for a keepalive.
    pub reply_requested: bool,
}

impl StandbyStatusUpdate {
    /// Size in bytes.
    pub const SIZE: usize = 34;

    /// The body of the CopyData message to send.
    pub fn encode(&self) -> [u8; Self::SIZE] {
        let mut out = [0; Self::SIZE];
        fill(
            &mut out,
            [
                &[STANDBY_STATUS_UPDATE],
                &self.received.0.to_be_bytes(),
                &self.flushed.0.to_be_bytes(),
                &self.applied.0.to_be_bytes(),
                &self.client_time.0.to_be_bytes(),
                &[u8::from(self.reply_requested)],
            ],
        );
        out
    }

    /// Reads the body of a CopyData message: what a server or a proxy does.
    ///
    /// # Errors
    ///
    /// Another kind of message, or one of another length.
    pub fn decode(body: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(body, 0);
        expect_tag(&mut reader, STANDBY_STATUS_UPDATE, "StandbyStatusUpdate")?;
        let update = Self {
            received: reader.lsn("StandbyStatusUpdate.received")?,
            flushed: reader.lsn("StandbyStatusUpdate.flushed")?,
            applied: reader.lsn("StandbyStatusUpdate.applied")?,
            client_time: reader.timestamp("StandbyStatusUpdate.client_time")?,
            reply_requested: reader.u8("StandbyStatusUpdate.reply_requested")? != 0,
        };
        reader.finish("StandbyStatusUpdate")?;
        Ok(update)
    }
}

/// Which rows a standby's queries still need, so that the primary does not clean them away.
///
/// | bytes | field |
/// |---|---|
/// | 1 | `'h'` |
/// | 8 | client's clock |
/// | 4 + 4 | xmin and its epoch |
/// | 4 + 4 | catalog xmin and its epoch |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HotStandbyFeedback {
    /// The client's clock.
    pub client_time: Timestamp,
    /// Oldest transaction whose rows queries need; 0: none.
    pub xmin: Xid,
    /// Epoch of `xmin`.
    pub xmin_epoch: u32,
    /// The same for the system catalogs, needed by logical slots; 0: none.
    pub catalog_xmin: Xid,
    /// Epoch of `catalog_xmin`.
    pub catalog_xmin_epoch: u32,
}

impl HotStandbyFeedback {
    /// Size in bytes.
    pub const SIZE: usize = 25;

    /// The body of the CopyData message to send.
    pub fn encode(&self) -> [u8; Self::SIZE] {
        let mut out = [0; Self::SIZE];
        fill(
            &mut out,
            [
                &[HOT_STANDBY_FEEDBACK],
                &self.client_time.0.to_be_bytes(),
                &self.xmin.0.to_be_bytes(),
                &self.xmin_epoch.to_be_bytes(),
                &self.catalog_xmin.0.to_be_bytes(),
                &self.catalog_xmin_epoch.to_be_bytes(),
            ],
        );
        out
    }

    /// Reads the body of a CopyData message: what a server or a proxy does.
    ///
    /// # Errors
    ///
    /// Another kind of message, or one of another length.
    pub fn decode(body: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(body, 0);
        expect_tag(&mut reader, HOT_STANDBY_FEEDBACK, "HotStandbyFeedback")?;
        let feedback = Self {
            client_time: reader.timestamp("HotStandbyFeedback.client_time")?,
            xmin: reader.xid("HotStandbyFeedback.xmin")?,
            xmin_epoch: reader.u32("HotStandbyFeedback.xmin_epoch")?,
            catalog_xmin: reader.xid("HotStandbyFeedback.catalog_xmin")?,
            catalog_xmin_epoch: reader.u32("HotStandbyFeedback.catalog_xmin_epoch")?,
        };
        reader.finish("HotStandbyFeedback")?;
        Ok(feedback)
    }
}

/// Copies `parts` one after the other into `out`, which is exactly as long as they are.
fn fill<const N: usize>(out: &mut [u8], parts: [&[u8]; N]) {
    let bytes = parts.iter().flat_map(|part| part.iter());
    for (place, byte) in out.iter_mut().zip(bytes) {
        *place = *byte;
    }
}

fn expect_tag(reader: &mut Reader<'_>, tag: u8, context: &'static str) -> Result<()> {
    let start = *reader;
    match reader.u8(context)? {
        found if found == tag => Ok(()),
        other => Err(start.error(ErrorKind::UnknownMessage(other), context)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A keepalive as PostgreSQL 15 sent it.
    const KEEPALIVE: [u8; 18] =
        [b'k', 0, 0, 0, 0, 1, 0x52, 0x87, 0xA8, 0, 2, 0xF9, 0x5B, 0x7D, 0x12, 0x34, 0x56, 1];

    #[test]
    fn keepalive_fields() {
        let expected = PrimaryKeepalive {
            end: Lsn(0x0152_87A8),
            server_time: Timestamp(0x0002_F95B_7D12_3456),
            reply_requested: true,
        };
        assert_eq!(
            ReplicationMessage::decode(&KEEPALIVE),
            Ok(ReplicationMessage::PrimaryKeepalive(expected))
        );
    }

    #[test]
    fn every_prefix_of_a_keepalive_is_an_error() {
        for length in 0..KEEPALIVE.len() {
            assert!(
                ReplicationMessage::decode(KEEPALIVE.get(..length).unwrap_or_default()).is_err()
            );
        }
        let mut longer = [0; 19];
        fill(&mut longer, [&KEEPALIVE, &[0]]);
        let error = ReplicationMessage::decode(&longer).map_err(|error| error.kind());
        assert_eq!(error, Err(ErrorKind::TrailingBytes { left: 1 }));
    }

    #[test]
    fn what_a_standby_sends_reads_back() {
        let update = StandbyStatusUpdate {
            received: Lsn(3),
            flushed: Lsn(2),
            applied: Lsn(1),
            client_time: Timestamp(-4),
            reply_requested: true,
        };
        assert_eq!(StandbyStatusUpdate::decode(&update.encode()), Ok(update));
        let feedback = HotStandbyFeedback {
            client_time: Timestamp(5),
            xmin: Xid(6),
            xmin_epoch: 7,
            catalog_xmin: Xid(8),
            catalog_xmin_epoch: 9,
        };
        assert_eq!(HotStandbyFeedback::decode(&feedback.encode()), Ok(feedback));
        assert!(HotStandbyFeedback::decode(&update.encode()).is_err());
    }
}
