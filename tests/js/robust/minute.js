// The event loop blocked for longer than a server waits by default, a minute.
//
//   node tests/js/robust/minute.js [SECONDS]

import { Setting } from '../live/setting.js';
import { blocked } from './blocked.js';

const seconds = Number(process.argv[2] ?? 75);
const setting = new Setting();
await setting.start();
try {
  const { looks, rows } = await blocked(setting, seconds, 1000);
  console.log(`blocked for ${seconds} s, ${looks} looks at the slot: ${rows} rows, one connection`);
} finally {
  await setting.stop();
}
