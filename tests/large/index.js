// One large transaction through the command line and through the addon, in pieces and whole: peak
// memory of each, and what is left in the folder of the files that hold the pieces.
//
//   node tests/large/index.js [MEGABYTES] [--release]

import { measure } from './measure.js';

const [size = '3000'] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
await measure({
  megabytes: Number(size),
  release: process.argv.includes('--release'),
  told: (result) => console.log(JSON.stringify(result)),
});
