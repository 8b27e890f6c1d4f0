//! Encoding what was decoded gives the same bytes.

use walscope_core::ReplicationMessage;
use walscope_core::capture::{Entry, write_head};
use walscope_core::frame::COPY_DATA;
use walscope_core::pgoutput::Decoder;
use walscope_tests::fixtures;

use crate::each_entry;

#[test]
fn encoding_gives_the_same_bytes() {
    let mut messages = 0;
    for fixture in fixtures::all() {
        let mut decoder = Decoder::default();
        let mut encoded = Vec::new();
        each_entry(&fixture, |entry, bytes, reader| {
            let mut data = Vec::new();
            if let Entry::Data(message) = entry {
                let message = decoder.decode(message.data).expect("a message");
                message.encode(&mut data);
                messages += 1;
            }
            encoded.clear();
            match entry {
                Entry::Head(json) => {
                    write_head(&mut encoded, std::str::from_utf8(json).expect("JSON"));
                }
                Entry::Data(_) if fixture.name.ends_with(".recvlogical") => {
                    encoded.extend_from_slice(&data);
                    encoded.push(b'\n');
                }
                Entry::Data(message) => {
                    let message = walscope_core::XLogData { data: &data, ..*message };
                    copy_data(&mut encoded, &ReplicationMessage::XLogData(message));
                }
                Entry::Keepalive(keepalive) => {
                    copy_data(&mut encoded, &ReplicationMessage::PrimaryKeepalive(*keepalive));
                }
            }
            assert_eq!(encoded, bytes, "{}, byte {}", fixture.name, reader.offset());
        });
    }
    assert!(messages > 10_000, "messages in the fixtures: {messages}");
}

fn copy_data(out: &mut Vec<u8>, message: &ReplicationMessage<'_>) {
    const LENGTH_FIELD: usize = 4;
    let mut body = Vec::new();
    message.encode(&mut body);
    out.push(COPY_DATA);
    out.extend(u32::try_from(body.len() + LENGTH_FIELD).expect("a length").to_be_bytes());
    out.extend(body);
}
