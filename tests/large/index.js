// One large transaction through the command line and through the addon, in pieces and whole: peak
// memory of each, and what is left in the folder of the files that hold the pieces. Builds both
// first.
//
//   node tests/large/index.js [MEGABYTES] [--release]

import { buildAddon } from '../../node/build.js';
import { installModules } from '../run/modules.js';
import { ROOT } from '../run/program.js';
import { measure } from './measure.js';

const [size = '3000'] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const release = process.argv.includes('--release');
await installModules(ROOT, (text) => console.error(text));
await buildAddon(release ? 'release' : 'demo');
await measure({
  megabytes: Number(size),
  release,
  told: (result) => console.log(JSON.stringify(result)),
});
