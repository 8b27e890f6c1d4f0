import * as walscope from 'walscope';
import * as compat from 'walscope/compat';
import { report } from './consumer.mjs';

await report(walscope, { names: Object.keys(walscope).sort(), compat: Object.keys(compat).sort() });
