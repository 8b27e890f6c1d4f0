import * as walscope from 'walscope';
import { findings } from '../../consumer.mjs';

export const dynamic = 'force-dynamic';

export async function GET() {
  return Response.json(await findings(walscope));
}
