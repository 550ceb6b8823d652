/**
 * Somebody waits for a query's answer; documents are indexed in the background; pairs of a query and a text are scored once
 * the query has found its texts. Each lane has a worker of its own.
 */
export type Lane = 'query' | 'document' | 'pair'
