/** Which queries a segment's graph was calibrated with, as its manifest tells. */
import { hash } from 'node:crypto'
import { eligibleIn, type SegmentEntry } from '../../manifest/manifest.ts'
import { graphDocumentsMin } from './document-graph.ts'

/** @returns SHA-256 of users' queries; undefined for null, queries made of documents */
export function graphQueriesDigest(sampleQueries: readonly string[] | null): string | undefined {
  return sampleQueries === null ? undefined : hash('sha256', JSON.stringify(sampleQueries), 'hex')
}

/**
 * Whether a segment is large enough for a graph, and its graph was calibrated with other queries than these.
 * @param graphQueries as from `graphQueriesDigest`
 */
export function isCalibratedOtherwise(
  segment: SegmentEntry,
  graphQueries: string | undefined,
  graphDocuments = graphDocumentsMin,
): boolean {
  return eligibleIn(segment) >= graphDocuments && segment.graphQueries !== graphQueries
}
