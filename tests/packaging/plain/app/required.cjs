const walscope = require('walscope');

async function main() {
  const { report } = await import('./consumer.mjs');
  const imported = await import('walscope');
  const names = Object.keys(walscope).sort();
  const sameInstance = names.every((name) => walscope[name] === imported[name]);
  await report(walscope, { names, sameInstance });
}

main();
