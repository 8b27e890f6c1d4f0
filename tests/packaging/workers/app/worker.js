import * as walscope from 'walscope';
import * as wasm from 'walscope-wasm';
import { linesOf } from './consumer.mjs';

export default {
  async fetch(request) {
    await walscope.init();
    const decoded = linesOf(walscope, new Uint8Array(await request.arrayBuffer()));
    const refusal = await walscope.connect('postgres://localhost').catch((error) => error.code);
    return Response.json({ decoded, refusal, sameModule: walscope.Decoder === wasm.Decoder });
  },
};
