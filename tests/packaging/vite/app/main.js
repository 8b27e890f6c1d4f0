import * as walscope from 'walscope';
import { linesOf } from './consumer.mjs';

async function main() {
  await walscope.init();
  const response = await fetch('./changes.walcap');
  const decoded = linesOf(walscope, new Uint8Array(await response.arrayBuffer()));
  const refusal = await walscope.connect('postgres://localhost').catch((error) => error.code);
  return { decoded, refusal };
}

main().then(
  (found) => (window.found = found),
  (error) => (window.found = { error: String(error) }),
);
