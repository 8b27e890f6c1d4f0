#!/usr/bin/env node
// npm test: everything, with its own set-up.
//
//   npm test                  all steps
//   npm test -- rust js       some of them, and what they need
//
// A step that fails does not stop the others, so that one run shows all that is wrong; a step whose
// set-up failed counts as failed too. Nothing is skipped.

import { StepError } from './program.js';
import { STEPS } from './steps.js';

/** @typedef {import('./steps.js').Step} Step */
/** @typedef {{ name: string, seconds: number, failure: string | null }} Outcome */

/** @param {string} text */
function say(text) {
  process.stdout.write(`\n== ${text}\n`);
}

/**
 * The steps that some words choose, with what these need, in order.
 * @param {string[]} words
 * @returns {Step[]}
 */
function choose(words) {
  if (words.length === 0) return STEPS;
  const chosen = new Set();
  /** @param {Step} step */
  const add = (step) => {
    chosen.add(step);
    for (const need of step.needs ?? []) add(find(need));
  };
  for (const word of words) {
    const found = STEPS.filter((step) => step.name === word || step.groups?.includes(word));
    if (found.length === 0) {
      const known = new Set(STEPS.flatMap((step) => [step.name, ...(step.groups ?? [])]));
      throw new StepError(`no step is called ${word}; there are: ${[...known].join(', ')}`);
    }
    found.forEach(add);
  }
  return STEPS.filter((step) => chosen.has(step));
}

/**
 * @param {string} name
 * @returns {Step}
 */
function find(name) {
  const found = STEPS.find((step) => step.name === name);
  if (!found) throw new Error(`no step is called ${name}`);
  return found;
}

/**
 * @param {Step} step
 * @param {Outcome[]} before
 * @returns {Promise<Outcome>}
 */
async function perform(step, before) {
  const broken = before.find((outcome) => outcome.failure && step.needs?.includes(outcome.name));
  if (broken) return { name: step.name, seconds: 0, failure: `needs ${broken.name}, which failed` };
  say(step.name);
  const start = performance.now();
  let failure = null;
  try {
    await step.run((text) => process.stdout.write(`   ${text}\n`));
  } catch (error) {
    const known = error instanceof StepError || !(error instanceof Error);
    failure = known ? String(/** @type {any} */ (error)?.message ?? error) : `${error.stack}`;
    process.stdout.write(`   FAILED: ${failure}\n`);
  }
  return { name: step.name, seconds: (performance.now() - start) / 1000, failure };
}

/** @param {Outcome[]} outcomes */
function summarise(outcomes) {
  say('summary');
  const width = Math.max(...outcomes.map((outcome) => outcome.name.length));
  for (const { name, seconds, failure } of outcomes) {
    const time = `${seconds.toFixed(1)} s`.padStart(9);
    const verdict = failure ? `FAILED: ${failure.split('\n')[0]}` : 'passed';
    process.stdout.write(`   ${name.padEnd(width)} ${time}  ${verdict}\n`);
  }
  const failed = outcomes.filter((outcome) => outcome.failure).length;
  process.stdout.write(`\nsteps: ${outcomes.length - failed} passed, ${failed} failed\n`);
  return failed;
}

async function main() {
  /** @type {Outcome[]} */
  const outcomes = [];
  for (const step of choose(process.argv.slice(2))) outcomes.push(await perform(step, outcomes));
  process.exitCode = summarise(outcomes) === 0 ? 0 : 1;
}

main().catch((error) => {
  process.stderr.write(`${error instanceof StepError ? error.message : error.stack}\n`);
  process.exitCode = 1;
});
