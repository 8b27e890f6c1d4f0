// `npx walscope`: the command-line tool that the package carries is the one that cargo built, with
// its exit codes, its output, its input and its way of ending.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { outcomeOf } from '../program.js';
import { CONFIRMED_SLOT, PUBLICATION } from '../setting.js';

export const name = 'npx walscope';

/** @typedef {import('../setting.js').Setting} Setting */
/** @typedef {{ program: string, args: string[], folder: string }} Way how the tool is called */

/** @param {Setting} setting */
export async function run(setting) {
  const folder = await setting.project('command');
  /** @type {Way} */
  const ours = { program: join(folder, 'node_modules/.bin/walscope'), args: [], folder };
  /** @type {Way} */
  const cargo = { program: setting.command, args: [], folder };
  /** @type {Way} */
  const npx = { program: 'npx', args: ['--offline', 'walscope'], folder };
  await sameOutcomes(setting, [ours, npx], cargo);
  await sameEndings(setting, ours, cargo);
  await passesSignalOn(setting, ours);
  // The last one that reads the slot from its start.
  await confirmsFromInput(setting, ours);
  await saysWhatIsMissing(setting, ours);
}

/**
 * @param {Setting} setting
 * @param {Way[]} ways
 * @param {Way} cargo
 */
async function sameOutcomes(setting, ways, cargo) {
  const cases = [
    { args: ['decode', setting.capture], status: 0 },
    { args: ['--version'], status: 0 },
    { args: ['decode', 'no such file'], status: 1 },
    { args: ['decode', '--no-such-option'], status: 2 },
    { args: [], status: 2 },
  ];
  for (const { args, status } of cases) {
    const expected = await call(cargo, args);
    assert.equal(expected.status, status, `${args}: ${expected.stderr}`);
    for (const way of ways) assert.deepEqual(await call(way, args), expected);
  }
}

/**
 * @param {Way} way
 * @param {string[]} args
 */
function call({ program, args: first, folder }, args) {
  return outcomeOf(program, [...first, ...args], { cwd: folder });
}

/**
 * A signal ends a stream in order, with the code of the tool itself, and frees the slot.
 * @param {Setting} setting
 * @param {Way} ours
 * @param {Way} cargo
 */
async function sameEndings(setting, ours, cargo) {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    // A terminal's Ctrl-C goes to the whole group.
    for (const toGroup of [false, true]) {
      for (const way of [cargo, ours]) {
        const { child, ended } = await startStream(setting, way, ['--ack', 'none']);
        process.kill(toGroup ? -Number(child.pid) : Number(child.pid), signal);
        assert.deepEqual(await ended, { status: 0, signal: null }, `${signal} to ${way.program}`);
        await slotIsFree(setting);
      }
    }
  }
}

/**
 * Starts a stream, in a process group of its own, and waits until all its lines have come.
 * @param {Setting} setting
 * @param {Way} way
 * @param {string[]} options
 */
async function startStream(setting, { program, args, folder }, options) {
  const what = ['stream', setting.server.url(), '--slot', CONFIRMED_SLOT];
  what.push('--publication', PUBLICATION, ...options);
  const child = spawn(program, [...args, ...what], {
    cwd: folder,
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit').then(([status, signal]) => ({ status, signal }));
  const lines = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === setting.expected.streamed.length) break;
  }
  assert.deepEqual(lines, setting.expected.streamed);
  return { child, ended };
}

/** @param {Setting} setting */
async function slotState({ server }) {
  const [state] = await server.sql(
    `SELECT active_pid AS pid, confirmed_flush_lsn::text AS lsn FROM pg_replication_slots
       WHERE slot_name = '${CONFIRMED_SLOT}'`,
  );
  return state;
}

/** @param {Setting} setting */
async function slotIsFree(setting) {
  while ((await slotState(setting)).pid !== null) await sleep(20);
}

/**
 * What is confirmed by standard input reaches the tool, and the server.
 * @param {Setting} setting
 * @param {Way} way
 */
async function confirmsFromInput(setting, way) {
  const commits = setting.expected.streamed.map((line) => JSON.parse(line));
  const [{ endLsn }] = commits.filter(({ kind }) => kind === 'commit');
  const before = (await slotState(setting)).lsn;
  assert.notEqual(before, endLsn);
  const stream = await startStream(setting, way, ['--ack', 'stdin']);
  stream.child.stdin.write(`${endLsn}\n`);
  while ((await slotState(setting)).lsn === before) await sleep(20);
  stream.child.kill('SIGTERM');
  assert.deepEqual(await stream.ended, { status: 0, signal: null });
  await slotIsFree(setting);
  assert.equal((await slotState(setting)).lsn, endLsn);
}

/**
 * A tool that is killed looks killed.
 * @param {Setting} setting
 * @param {Way} way
 */
async function passesSignalOn(setting, way) {
  const { child, ended } = await startStream(setting, way, ['--ack', 'none']);
  const [tool] = await childrenOf(Number(child.pid));
  process.kill(tool, 'SIGKILL');
  assert.deepEqual(await ended, { status: null, signal: 'SIGKILL' });
  await slotIsFree(setting);
}

/**
 * @param {number} pid
 * @returns {Promise<number[]>}
 */
async function childrenOf(pid) {
  const pids = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return pids.trim().split(' ').map(Number);
}

/**
 * @param {Setting} setting
 * @param {Way} way
 */
async function saysWhatIsMissing(setting, way) {
  const platform = setting.packed.platform.name;
  const folder = join(way.folder, 'node_modules', platform);
  for (const missing of [join(folder, 'walscope'), folder]) {
    await rm(missing, { recursive: true });
    const { status, stdout, stderr } = await call(way, ['--version']);
    assert.equal(status, 1);
    assert.equal(stdout, '');
    assert.ok(stderr.includes(platform), stderr);
    assert.match(stderr, /ENOENT|Cannot find module/);
    assert.match(stderr, /install walscope again without --omit=optional/);
  }
}
