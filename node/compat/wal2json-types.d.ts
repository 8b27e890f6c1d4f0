/** The options of `Wal2JsonPlugin`, which are wal2json's own, and what it writes in format 1. */

export interface Wal2JsonPluginOptions {
  includeXids?: boolean;
  includeTimestamp?: boolean;
  includeSchemas?: boolean;
  includeTypes?: boolean;
  includeTypmod?: boolean;
  includeTypeOids?: boolean;
  includeDomainDataType?: boolean;
  includeColumnPositions?: boolean;
  includeOrigin?: boolean;
  includeNotNull?: boolean;
  includeDefault?: boolean;
  includePk?: boolean;
  prettyPrint?: boolean;
  writeInChunks?: boolean;
  includeLsn?: boolean;
  includeTransaction?: boolean;
  filterOrigins?: string;
  filterTables?: string;
  addTables?: string;
  filterMsgPrefixes?: string;
  addMsgPrefixes?: string;
  formatVersion?: string;
  actions?: string;
}

export declare namespace Wal2Json {
  interface Output {
    change: Change[];
    xid?: number;
    nextlsn: string;
    origin: number;
    timestamp: string;
  }

  interface Change {
    kind: 'insert' | 'update' | 'delete' | 'message' | 'truncate';
    schema: string;
    table: string;
    columnnames: string[];
    columntypes: string[];
    columnvalues: any[];
    pk?: Pk;
    columnpositions: number[];
    columndefaults: string[];
    columntypeoids: number[];
    columnoptionals: boolean[];
    oldkeys?: { keynames: string[]; keytypes: string[]; keyvalues: any[] };
  }

  interface Pk {
    pknames: string[];
    pktypes: string[];
  }
}
