// What a command costs.

import { execFileSync } from 'node:child_process';

/**
 * User and system time of a command, by the shell's `times`.
 *
 * @param {string[]} command
 */
export function measure(command) {
  const start = process.hrtime.bigint();
  const script = '"$@" > /dev/null 2>&1; times';
  const said = execFileSync('/bin/bash', ['-c', script, 'bash', ...command], { encoding: 'utf8' });
  const wall = Number(process.hrtime.bigint() - start) / 1e9;
  // The second line is of children: `0m1.234s 0m0.567s`.
  const cpu = (said.trim().split('\n')[1] ?? '')
    .split(' ')
    .map((part) => /^(\d+)m([\d.]+)s$/.exec(part))
    .reduce((all, match) => all + Number(match?.[1]) * 60 + Number(match?.[2]), 0);
  return { wall, cpu };
}
