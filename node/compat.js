/** walscope behind the interface of the npm package `pg-logical-replication`, version 2.5. */

export { PgoutputPlugin } from './compat/pgoutput.js';
export { TestDecodingPlugin, Wal2JsonPlugin } from './compat/plugins.js';
export { LogicalReplicationService } from './compat/service.js';
