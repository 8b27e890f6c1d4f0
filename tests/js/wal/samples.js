// Real segments with pg_waldump's own answers: core/tests/wal/samples, whose README says what they are.

// By its path, for pages know no packages; and for the path it has no types.
// @ts-ignore
import { decompress } from '../../node_modules/fzstd/esm/index.mjs';

const TAR_BLOCK = 512;
const SEGMENT = /^[0-9A-F]{24}$/;

/**
 * @typedef {object} Sample
 * @property {string} name
 * @property {number} major
 * @property {{ name: string, bytes: Uint8Array }[]} segments those that pg_waldump was told to read
 * @property {Map<string, Uint8Array>} files all that there are
 * @property {string} dump what it printed
 * @property {() => Promise<string>} details what it printed with `--bkp-details`, where that was asked
 * @property {string} stderr what it said of an error
 * @property {string} stats with `--stats`
 * @property {string} statsByRecord with `--stats=record`
 */

/** Samples by version: all of those that the tree has. */
export const SAMPLES = [14, 15, 16, 17, 18].flatMap((major) =>
  ['clogtrunc', 'contrecord', 'promote_tli1', 'promote_tli2']
    .concat(major === 15 ? 'compression' : [], major === 18 ? 'consistency' : [])
    .map((name) => `${major}/${name}`),
);

/** @type {Map<string, Promise<Sample>>} */
const read = new Map();

/**
 * @param {(path: string) => Promise<Uint8Array | null>} load a file of the samples; null: there is none
 * @param {string} name
 * @returns {Promise<Sample>}
 */
export function sample(load, name) {
  let found = read.get(name);
  if (found === undefined) read.set(name, (found = readSample(load, name)));
  return found;
}

/**
 * @param {(path: string) => Promise<Uint8Array | null>} load
 * @param {string} name
 * @returns {Promise<Sample>}
 */
async function readSample(load, name) {
  const [major = '', kind = ''] = name.split('/');
  /** @param {string} file */
  const text = async (file) => {
    const bytes = await load(`${name}/${file}`);
    if (bytes === null) return '';
    return new TextDecoder().decode(file.endsWith('.zst') ? decompress(bytes) : bytes);
  };
  // Both sides of the promotion are in one archive.
  const folder = kind === 'promote_tli1' ? 'promote_tli2' : kind;
  const archive = await load(`${major}/${folder}/segs.tar.zst`);
  if (archive === null) throw new Error(`there is no sample ${name}`);
  const files = untar(decompress(archive));
  const named = (await text('cmd.txt')).split(/\s+/).filter((word) => SEGMENT.test(word));
  const [first = '', last = ''] = named;
  const names = [...files.keys()].sort().filter((file) => {
    const sameTimeline = file.slice(0, 8) === first.slice(0, 8);
    return SEGMENT.test(file) && sameTimeline && file >= first && file <= last;
  });
  const stderr = await text('dump.stderr');
  return {
    name,
    major: Number(major),
    segments: names.map((file) => ({ name: file, bytes: files.get(file) ?? new Uint8Array() })),
    files,
    dump: await text('dump.txt.zst'),
    details: () => text('dump_bkp.txt.zst'),
    stderr: stderr
      .split('\n')
      .filter((line) => !line.startsWith('exit='))
      .join(''),
    stats: await text('stats.txt'),
    statsByRecord: await text('stats_record.txt'),
  };
}

/**
 * The files of a tar archive: headers of 512 bytes with the name first and the size in octal at 124.
 *
 * @param {Uint8Array} archive
 */
function untar(archive) {
  const files = new Map();
  const ascii = (/** @type {Uint8Array} */ bytes) =>
    new TextDecoder().decode(bytes).split('\0', 1)[0]?.trim() ?? '';
  for (let at = 0; at + TAR_BLOCK <= archive.length && archive[at] !== 0;) {
    const size = Number.parseInt(ascii(archive.subarray(at + 124, at + 136)), 8);
    const from = at + TAR_BLOCK;
    files.set(ascii(archive.subarray(at, at + 100)), archive.subarray(from, from + size));
    at = from + Math.ceil(size / TAR_BLOCK) * TAR_BLOCK;
  }
  return files;
}
