/** Finds and loads the native part: the one built here, or the platform's package. */

import { createRequire } from 'node:module';
import { WalscopeError } from './decoding/errors.js';

/**
 * @typedef {import('./decoding/batch.js').RawBatch} RawBatch
 *
 * @typedef {object} RawStream
 * @property {() => Promise<RawBatch | null>} next null when the stream has ended in order
 * @property {(items: number) => void} confirm
 * @property {() => string | null} confirmedLsn
 * @property {(lsn: string, delivered: number) => string} acknowledge
 * @property {() => Promise<void>} close
 * @property {() => Record<string, unknown>} status
 * @property {() => string[]} takeNotices what the server has remarked since the last call
 * @property {() => Promise<string | null>} nextEvent as JSON; null after `close`
 * @property {string} startLsn
 * @property {string[]} remarks
 *
 * @typedef {object} RawWalEvent
 * @property {string} facts what it is, as JSON
 * @property {Uint8Array} [bytes]
 *
 * @typedef {object} RawPhysicalStatus
 * @property {number} timeline
 * @property {string} receivedLsn
 * @property {string} [writtenLsn] missing where nothing is said; so are those that follow
 * @property {string} [flushedLsn]
 * @property {string} [appliedLsn]
 * @property {string} [serverEndLsn]
 * @property {number} bytes
 * @property {number} bufferedBytes
 * @property {number} statusUpdates
 * @property {boolean} connected
 * @property {number} reconnects
 *
 * @typedef {object} RawPhysical
 * @property {() => Promise<RawWalEvent | null>} next null when the stream was closed
 * @property {(written?: string, flushed?: string, applied?: string) => void} report
 * @property {(xmin: string, catalogXmin: string) => void} hotStandbyFeedback
 * @property {() => void} noHotStandbyFeedback
 * @property {() => Promise<void>} close
 * @property {() => RawPhysicalStatus} status
 * @property {() => string[]} takeNotices what the server has remarked since the last call
 * @property {() => Promise<string | null>} nextEvent as JSON; null at the end
 * @property {string} info as JSON
 *
 * @typedef {object} RawClient
 * @property {(options: string, opening: number, waiting?: (event: string) => void) => Promise<RawStream>} stream
 *   the number is the caller's, for `cancel`; the function is told of waits, as JSON
 * @property {(options: string, opening: number) => Promise<RawPhysical>} physical
 * @property {(opening: number) => void} cancel
 * @property {(command: string, password: string | undefined) => Promise<string>} run both JSON
 * @property {(slot: string, password: string | undefined) => Promise<RawSnapshot>} exportSnapshot
 * @property {(options: string, opening: number, password: string | undefined, manifest: Uint8Array | undefined) => Promise<RawBaseBackup>} baseBackup
 *   the options are JSON, the number is the caller's, for `cancel`
 * @property {() => Promise<void>} close
 *
 * @typedef {object} RawBaseBackup
 * @property {string} started what is known before the first archive, as JSON
 * @property {(how: 'bytes' | 'files' | 'skip' | 'unpack', leaveOut: number) => Promise<RawPiece | null>} next
 *   what becomes of an archive's bytes, and how many of the member in hand are left out; null when it was closed
 * @property {(options: string) => Promise<void>} unpackInto makes the directory; the options are JSON
 * @property {() => Promise<void>} close
 *
 * @typedef {object} RawPiece
 * @property {'archive' | 'manifest' | 'data' | 'members' | 'end' | 'progress' | 'finished'} kind
 * @property {string | null} [facts] as JSON
 * @property {Uint8Array | null} [bytes]
 * @property {number} done bytes that the server has read
 * @property {string[]} notices what the server has remarked, as JSON
 *
 * @typedef {object} RawSnapshot
 * @property {string} created the slot, as JSON
 * @property {string} name
 * @property {string} beginSql
 * @property {() => Promise<void>} release
 *
 * @typedef {Omit<import('./decoding/decoder.js').RawOptions, 'typeTable'> & { typeTable?: string }} RawDecoderOptions
 *
 * @typedef {object} OwnBinding
 * @property {new (options: RawDecoderOptions) => import('./decoding/decoder.js').RawDecoder} RawDecoder
 * @property {(config: string, askPassword?: () => Promise<string | undefined>) => Promise<RawClient>} connect
 *
 * @typedef {OwnBinding & import('./wal/binding.js').WalBinding} Binding
 */

const require = createRequire(import.meta.url);

/** @type {Binding | null} */
let loaded = null;

/**
 * Where the native part was looked for in vain, and what the loader said; null before.
 * @type {string[] | null}
 */
let failures = null;

/**
 * The native part. Loaded when it is first needed, so that a program that only imports the types
 * and errors runs where there is none.
 *
 * @returns {Binding}
 */
export function binding() {
  const found = bindingIfAny();
  if (found === null) throw noBinding();
  return found;
}

/**
 * The native part, or null where it cannot be loaded.
 *
 * @returns {Binding | null}
 */
export function bindingIfAny() {
  if (loaded === null && failures === null) load();
  return loaded;
}

function load() {
  const target = targetName();
  failures = [];
  for (const place of [`./walscope.${target}.node`, platformPackage(target)]) {
    try {
      loaded = require(place);
      return;
    } catch (error) {
      failures.push(`${place}: ${firstLine(error)}`);
    }
  }
}

/**
 * That there is no native part, and how to get it.
 *
 * @param {unknown} [cause] why the rest of walscope cannot do without it
 */
export function noBinding(cause) {
  const target = targetName();
  const packageName = platformPackage(target);
  return new WalscopeError({
    code: 'WALSCOPE_NO_BINDING',
    message: `walscope's native part for ${target} cannot be loaded: the package ${packageName} is missing or broken (${failures?.join('; ')})`,
    hint:
      `install walscope again without --omit=optional, so that npm brings ${packageName}; ` +
      'in a checkout of the repository run `npm run build`',
    cause,
  });
}

/**
 * The package that has the native part and the command-line tool for a target.
 *
 * @param {string} target
 */
export function platformPackage(target) {
  return `@walscope/binding-${target}`;
}

/** What the native part is built for: `linux-x64-gnu`, `darwin-arm64`. */
export function targetName() {
  const target = `${process.platform}-${process.arch}`;
  return process.platform === 'linux' ? `${target}-${usesGlibc() ? 'gnu' : 'musl'}` : target;
}

/** Linux has two C libraries, and a native part works with the one that it was built for. */
function usesGlibc() {
  const { report } = process;
  // Without this the report looks up the name of every connection's other end.
  const { excludeNetwork } = /** @type {any} */ (report);
  /** @type {any} */ (report).excludeNetwork = true;
  const { header } = /** @type {any} */ (report.getReport());
  /** @type {any} */ (report).excludeNetwork = excludeNetwork;
  return header.glibcVersionRuntime !== undefined;
}

/** @param {unknown} error */
function firstLine(error) {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0];
}
