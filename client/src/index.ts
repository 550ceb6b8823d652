/**
 * The client of hypershard's HTTP API. Nothing here needs Node: it runs in a browser too. In Node,
 * `@hypershard/client/node` adds a CA of your own, exchanges longer than 300 s, and streams in both directions.
 */
export type { QueryNode, SearchAnswer, SearchRequest } from '@hypershard/contract'
export type { ClientOptions } from './client-options.ts'
export type { BatchLimits, DocumentLine } from './documents/cut-batches.ts'
export type { BatchAnswer, BatchOptions, PutOptions, PutSum, WriteOptions } from './documents/put-documents.ts'
export { ClientError, InvalidCall, NotReachable, parseProblem, ServerProblem } from './errors.ts'
export type { CallOptions } from './exchange/exchange.ts'
export { fetchTransport } from './fetch-transport.ts'
export type { Greeting } from './greet.ts'
export { HypershardClient } from './hypershard-client.ts'
export { type Operation, operations } from './operations.ts'
export type { SettingNames, Surroundings, Transport, TransportAnswer, TransportRequest } from './ports.ts'
