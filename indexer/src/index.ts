export { type WriteParts, type WrittenSegments, writeSegments } from './ingest/write-segments.ts'
export { type IndexerConnections, startIndexer } from './start-indexer.ts'
