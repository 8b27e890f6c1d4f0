/** Messages as they come from a server. */

/**
 * Messages as they come from a walsender, in CopyData, in pieces of about 256 KiB.
 *
 * @param {Buffer[]} messages
 * @returns {Uint8Array[]}
 */
export function asReceived(messages) {
  /** @type {Uint8Array[]} */
  const pieces = [];
  /** @type {Buffer[]} */
  let piece = [];
  let size = 0;
  const finish = () => {
    pieces.push(new Uint8Array(Buffer.concat(piece)));
    piece = [];
    size = 0;
  };
  for (const message of messages) {
    const header = Buffer.alloc(30);
    header.write('d', 0, 'latin1');
    header.writeUInt32BE(29 + message.length, 1);
    header.write('w', 5, 'latin1');
    piece.push(header, message);
    size += header.length + message.length;
    if (size >= 256 * 1024) finish();
  }
  finish();
  return pieces;
}
