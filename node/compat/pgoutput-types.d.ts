/** The messages of `PgoutputPlugin`. */

export declare namespace Pgoutput {
  interface Options {
    protoVersion: 1 | 2;
    /** As PostgreSQL reads such a list: a name with capitals has quotation marks around it. */
    publicationNames: string[];
    /** Messages of `pg_logical_emit_message`. Default false. */
    messages?: boolean | undefined;
    /**
     * Not in pg-logical-replication: the server sends large transactions before they end, in pieces,
     * and each comes out whole at its end. Needs `protoVersion: 2`. There are no messages `type` and
     * `origin` then, a `relation` only when it is new, and no heartbeats. Default false.
     */
    streaming?: boolean | undefined;
  }

  type Message =
    | MessageBegin
    | MessageCommit
    | MessageDelete
    | MessageInsert
    | MessageMessage
    | MessageOrigin
    | MessageRelation
    | MessageTruncate
    | MessageType
    | MessageUpdate;

  interface MessageBegin {
    tag: 'begin';
    commitLsn: string | null;
    /** Microseconds since 1970. */
    commitTime: bigint;
    xid: number;
  }

  interface MessageCommit {
    tag: 'commit';
    flags: number;
    commitLsn: string | null;
    commitEndLsn: string | null;
    commitTime: bigint;
  }

  interface MessageDelete {
    tag: 'delete';
    relation: MessageRelation;
    key: Record<string, any> | null;
    old: Record<string, any> | null;
  }

  interface MessageInsert {
    tag: 'insert';
    relation: MessageRelation;
    new: Record<string, any>;
  }

  interface MessageMessage {
    tag: 'message';
    flags: number;
    transactional: boolean;
    messageLsn: string | null;
    prefix: string;
    content: Uint8Array;
  }

  interface MessageOrigin {
    tag: 'origin';
    originLsn: string | null;
    originName: string;
  }

  interface MessageRelation {
    tag: 'relation';
    relationOid: number;
    schema: string;
    name: string;
    replicaIdentity: 'default' | 'nothing' | 'full' | 'index';
    columns: RelationColumn[];
    keyColumns: string[];
  }

  interface RelationColumn {
    name: string;
    flags: number;
    typeOid: number;
    typeMod: number;
    typeSchema: string | null;
    typeName: string | null;
  }

  interface MessageTruncate {
    tag: 'truncate';
    cascade: boolean;
    restartIdentity: boolean;
    relations: MessageRelation[];
  }

  interface MessageType {
    tag: 'type';
    typeOid: number;
    typeSchema: string;
    typeName: string;
  }

  interface MessageUpdate {
    tag: 'update';
    relation: MessageRelation;
    key: Record<string, any> | null;
    old: Record<string, any> | null;
    /** A large value that the update left as it was, and that the server did not send, is undefined. */
    new: Record<string, any>;
  }
}
