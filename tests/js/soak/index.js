// Connects, streams, acknowledges and closes for as long as one likes, and says whether anything grew.
//
//   node tests/js/soak/index.js [--minutes 10]
//
// Ends with 1 when a row was lost or something is not flat: the mean of the last third of the samples
// against the mean of the first.

import { parseArgs } from 'node:util';
import { soak } from './soak.js';

const MIB = 1024 * 1024;
const SAMPLES = 60;
/** How much more the last third may have than the first: what the samples differ by anyway. */
const NOISE = { heap: 0.05, external: 0.1, rss: 0.1, files: 0, threads: 0 };

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const seconds = 60 * Number(values.minutes);

/** @param {import('./soak.js').Sample} sample */
function line({ seconds: at, rounds, heap, external, rss, files, threads }) {
  const mib = (/** @type {number} */ bytes) => (bytes / MIB).toFixed(1).padStart(6);
  return (
    `${at.toFixed(0).padStart(6)} s ${String(rounds).padStart(7)} rounds` +
    `  heap ${mib(heap)} MiB  external ${mib(external)} MiB  rss ${mib(rss)} MiB` +
    `  files ${files}  threads ${threads}`
  );
}

/** @param {number[]} numbers */
function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

const { rounds, rows, samples } = await soak({
  seconds,
  interval: seconds / SAMPLES,
  told: (sample) => console.log(line(sample)),
});
console.log(`${rounds} rounds, ${rows} rows, none lost, none again after it was confirmed`);
const third = Math.floor(samples.length / 3);
for (const [name, noise] of Object.entries(NOISE)) {
  const key = /** @type {keyof typeof NOISE} */ (name);
  const [first, last] = [samples.slice(0, third), samples.slice(-third)].map((part) =>
    mean(part.map((sample) => sample[key])),
  );
  const grown = Number(last) / Number(first) - 1;
  const flat = grown <= noise;
  console.log(`${name}: ${(100 * grown).toFixed(1)} % ${flat ? '(flat)' : '(NOT FLAT)'}`);
  if (!flat) process.exitCode = 1;
}
