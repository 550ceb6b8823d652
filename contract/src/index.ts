/**
 * The public API in one place: what a request may say, what an answer tells, limits and defaults. The coordinator checks
 * requests with these schemas and documents them (`/openapi.json`); clients and storage import their types and the
 * vocabulary from here. Nothing but zod and plain data stands behind it, so that it runs in a browser too.
 */
export * from './aliases.ts'
export * from './cluster.ts'
export * from './coverage.ts'
export * from './documents.ts'
export * from './explain.ts'
export * from './facets.ts'
export * from './fields.ts'
export * from './generations.ts'
export * from './index-name.ts'
export * from './indexes.ts'
export * from './lexical.ts'
export * from './limits.ts'
export * from './maintenance.ts'
export * from './passages.ts'
export * from './problem.ts'
export * from './rerank.ts'
export * from './scan-counts.ts'
export * from './search-answer.ts'
export * from './search-batch.ts'
export * from './search-options.ts'
export * from './search-request.ts'
export * from './server-drain.ts'
export * from './snapshots.ts'
export * from './vectors.ts'
