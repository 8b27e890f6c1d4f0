// The package pg-logical-replication itself, for tests elsewhere in the tree: it is installed here.

export {
  LogicalReplicationService,
  PgoutputPlugin,
  TestDecodingPlugin,
  Wal2JsonPlugin,
} from 'pg-logical-replication';
