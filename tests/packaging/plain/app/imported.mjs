import * as walscope from 'walscope';
import { report } from './consumer.mjs';

await report(walscope, { names: Object.keys(walscope).sort() });
