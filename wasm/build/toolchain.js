// Finds a Rust that can build for wasm32-unknown-unknown: rustup's target where it is installed or
// can be fetched, else Debian's rustc-web with a standard library built from source.

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { BuildError, ask, run, say } from './run.js';

export const TARGET = 'wasm32-unknown-unknown';

const DEBIAN_PACKAGES = ['rustc-web', 'cargo-web', 'rust-web-src'];
const DEBIAN_CARGO = '/usr/bin/cargo';
const DEBIAN_RUSTC = '/usr/bin/rustc';
// Fetching the target takes seconds; a closed network must not hold the build up for long.
const FETCH_TIMEOUT = 60_000;

/**
 * @typedef {object} Toolchain
 * @property {string} name
 * @property {string} cargo
 * @property {Record<string, string>} env
 * @property {boolean} buildsStd whether std must be built from source for every crate
 */

/** @type {Toolchain} */
const RUSTUP = { name: `rustup's ${TARGET}`, cargo: 'cargo', env: {}, buildsStd: false };

/**
 * What is installed comes first, then what can be fetched.
 * @param {string | undefined} wanted `rustup` or `debian`; undefined takes what is there
 * @returns {Toolchain}
 */
export function findToolchain(wanted) {
  const debianIsReady = DEBIAN_PACKAGES.every(debianHas);
  if (wanted !== 'debian') {
    if (rustupHasTarget()) return RUSTUP;
    const fetch = wanted === 'rustup' || !debianIsReady;
    if (fetch && fetchRustupTarget()) return RUSTUP;
    if (wanted === 'rustup') {
      throw new BuildError(`rustup has no target ${TARGET}; run: rustup target add ${TARGET}`);
    }
  }
  return debianToolchain();
}

function fetchRustupTarget() {
  if (ask('rustup', ['--version']) === null) return false;
  say(`fetching the Rust target ${TARGET} (rustup target add)`);
  ask('rustup', ['target', 'add', TARGET], { timeout: FETCH_TIMEOUT });
  return rustupHasTarget();
}

function rustupHasTarget() {
  const installed = ask('rustup', ['target', 'list', '--installed']);
  return installed !== null && installed.split('\n').includes(TARGET);
}

/**
 * Builds crates with `core` alone as their standard library, which needs its source.
 * @param {Toolchain} toolchain
 */
export function needStdSource(toolchain) {
  if (toolchain.buildsStd) return;
  const source = join(sysroot() ?? '', 'lib/rustlib/src/rust/library/core');
  if (existsSync(source)) return;
  say('fetching the source of the standard library (rustup component add rust-src)');
  ask('rustup', ['component', 'add', 'rust-src'], { timeout: FETCH_TIMEOUT });
  if (!existsSync(source)) {
    throw new BuildError('the source of core is missing; run: rustup component add rust-src');
  }
}

/** @returns {Toolchain} */
function debianToolchain() {
  installDebian();
  return {
    name: "Debian's rustc-web",
    cargo: DEBIAN_CARGO,
    env: { RUSTC: DEBIAN_RUSTC, [linkerVariable()]: findLinker() },
    buildsStd: true,
  };
}

function linkerVariable() {
  return `CARGO_TARGET_${TARGET.toUpperCase().replaceAll('-', '_')}_LINKER`;
}

/** @param {string} name */
function debianHas(name) {
  const status = ask('dpkg-query', ['--show', '--showformat=${db:Status-Status}', name]);
  return status === 'installed';
}

function installDebian() {
  const missing = DEBIAN_PACKAGES.filter((name) => !debianHas(name));
  if (missing.length > 0) aptInstall(missing);
}

/** @param {string[]} packages */
function aptInstall(packages) {
  const command = `apt-get install --yes --no-install-recommends ${packages.join(' ')}`;
  if (ask('apt-get', ['--version']) === null) {
    throw new BuildError(`no Rust here can build for ${TARGET}; run: rustup target add ${TARGET}`);
  }
  if (process.getuid?.() !== 0) {
    throw new BuildError(
      `no Rust here can build for ${TARGET}; run: rustup target add ${TARGET}, ` +
        `or as root: ${command}`,
    );
  }
  say(`installing Debian's ${packages.join(', ')} (about 200 MB, a minute)`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  // Somebody else's apt-get may hold the lock for a while.
  const patient = ['-qq', '-o', 'DPkg::Lock::Timeout=600'];
  run('apt-get', [...patient, 'update'], { env });
  run('apt-get', [...patient, ...command.split(' ').slice(1)], { env });
}

/** The linker: rust-lld of the rustup toolchain, else Debian's. */
function findLinker() {
  const root = sysroot();
  const host = /^host: (.*)$/m.exec(ask('rustc', ['--version', '--verbose']) ?? '')?.[1];
  const own = root && host ? join(root, 'lib/rustlib', host, 'bin/rust-lld') : null;
  if (own && existsSync(own)) return own;
  if (ask('wasm-ld', ['--version']) === null) aptInstall(['lld']);
  return 'wasm-ld';
}

function sysroot() {
  return ask('rustc', ['--print', 'sysroot']);
}
