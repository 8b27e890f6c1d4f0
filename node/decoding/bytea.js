/** Bytes out of PostgreSQL's text of them. */

/**
 * A bytea's bytes from either of its text forms: `\x` and hex, which walscope asks for, or the older
 * `escape` form, which a capture made by another program may have.
 *
 * @param {string} text
 * @returns {Uint8Array}
 */
export function byteaBytes(text) {
  if (!text.startsWith('\\x')) return escapedBytes(text);
  if (text.length % 2 !== 0) throw new SyntaxError('half a byte');
  const bytes = new Uint8Array(text.length / 2 - 1);
  for (let i = 0; i < bytes.length; i += 1) {
    const value = hexDigit(text.charCodeAt(2 + 2 * i)) * 16 + hexDigit(text.charCodeAt(3 + 2 * i));
    if (Number.isNaN(value)) throw new SyntaxError('not hexadecimal');
    bytes[i] = value;
  }
  return bytes;
}

/**
 * @param {number} code
 * @returns {number} NaN when it is no digit
 */
function hexDigit(code) {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : NaN;
}

/**
 * @param {string} text
 * @returns {Uint8Array}
 */
function escapedBytes(text) {
  const plain = text.replace(/\\(\\|[0-3][0-7]{2})/g, (_, escape) =>
    escape === '\\' ? '\\' : String.fromCharCode(parseInt(escape, 8)),
  );
  return Uint8Array.from(plain, (character) => {
    const code = character.charCodeAt(0);
    if (code > 0xff) throw new SyntaxError('not a bytea');
    return code;
  });
}
