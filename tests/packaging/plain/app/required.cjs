const walscope = require('walscope');
const compat = require('walscope/compat');

async function main() {
  const { report } = await import('./consumer.mjs');
  const imported = { ...(await import('walscope')), ...(await import('walscope/compat')) };
  const all = { ...walscope, ...compat };
  const sameInstance = Object.keys(all).every((name) => all[name] === imported[name]);
  const names = Object.keys(walscope).sort();
  await report(walscope, { names, compat: Object.keys(compat).sort(), sameInstance });
}

main();
