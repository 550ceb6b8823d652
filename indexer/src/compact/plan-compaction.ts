import {
  eligibleIn,
  graphDocumentsMin,
  graphQueriesDigest,
  isCalibratedOtherwise,
  type Manifest,
  type OwnSamples,
  type SegmentEntry,
} from '@hypershard/storage'

/** Segments of about the same size are merged once so many of them are in a shard. */
const segmentsPerTierDefault = 8

/**
 * Segments of up to so many documents are of the first tier, as a bulk load leaves them portion by portion; those of
 * the second have up to as many as one part of the log, and those of each further one up to four times as many.
 */
const firstTierDocuments = 512
const secondTierDocuments = 4_096
const tierFactor = 4

/** A segment larger than this is left alone, unless much of it is deleted. */
const mergedDocumentsMax = 1_000_000
const mergedBytesMax = 4 * 1024 ** 3

/** A segment above the second tier of which more than this share is deleted is written again without the rest. */
const deletedShareMax = 0.3

/** While graphs wait, as many are merged as have none together, if these are so many. */
const mergedWithoutGraphMin = 3

/** Segments of one shard to be made into one. */
export type Compaction = readonly SegmentEntry[]

export interface CompactionPolicy {
  readonly segmentsPerTier?: number | undefined
  /** Users' own, that graphs are to be calibrated with; null for queries made of documents. */
  readonly sampleQueries: readonly string[] | null
  /** Users' q-nets, where nothing encodes a query; they go before queries. */
  readonly ownSamples?: OwnSamples | undefined
  /** Merged segments of so many documents and more have a graph. */
  readonly graphDocuments?: number | undefined
  /** Whether nothing is merged now that would have a graph: see `graphsWait`. */
  readonly graphsWait?: boolean | undefined
}

/**
 * What to compact next: the segments of the smallest tier that is full, or one with much deleted in it, or one whose graph
 * was calibrated with other queries. Size-tiered, so that a document is copied about once a tier: a shard of n documents
 * has about 8 (2 + log4(n / 4,096)) segments.
 * @returns undefined when nothing is worth it
 */
export function planCompaction({ segments }: Manifest, policy: CompactionPolicy): Compaction | undefined {
  const { segmentsPerTier = segmentsPerTierDefault, graphDocuments = graphDocumentsMin, graphsWait = false } = policy
  const [documentsMax, segmentsMin] = graphsWait
    ? [graphDocuments - 1, Math.min(mergedWithoutGraphMin, segmentsPerTier)]
    : [mergedDocumentsMax, segmentsPerTier]
  for (const own of Map.groupBy(segments, ({ shard }) => shard).values()) {
    const tiers = Map.groupBy(own.filter(isSmall), tierOf)
    for (const tier of [...tiers.keys()].sort((a, b) => a - b)) {
      const full = tiers.get(tier)!.slice(0, segmentsPerTier)
      if (full.length < segmentsPerTier) continue
      const some = takeFitting(full, documentsMax)
      if (some.length >= segmentsMin) return some
    }
  }
  if (graphsWait) return undefined
  const graphQueries = calibratedWith(policy)
  const again =
    segments.find(isHollow) ?? segments.find(segment => isCalibratedOtherwise(segment, graphQueries, graphDocuments))
  return again && [again]
}

/** What names the queries of a graph in its segment's entry; undefined for queries made of documents. */
export function calibratedWith({ sampleQueries, ownSamples }: CompactionPolicy): string | undefined {
  return ownSamples?.digest ?? graphQueriesDigest(sampleQueries)
}

function isHollow({ documents, deleted }: SegmentEntry): boolean {
  return documents > secondTierDocuments && (deleted?.count ?? 0) > documents * deletedShareMax
}

/** The first segments that together are not too large for one. */
function takeFitting(segments: readonly SegmentEntry[], documentsMax: number): SegmentEntry[] {
  const taken: SegmentEntry[] = []
  let documents = 0
  let bytes = 0
  for (const segment of segments) {
    documents += eligibleIn(segment)
    bytes += segment.bytes
    if (documents > documentsMax || bytes > mergedBytesMax) break
    taken.push(segment)
  }
  return taken
}

function isSmall(segment: SegmentEntry): boolean {
  return eligibleIn(segment) <= mergedDocumentsMax / 2
}

function tierOf(segment: SegmentEntry): number {
  const documents = eligibleIn(segment)
  if (documents <= firstTierDocuments) return 0
  const ratio = Math.max(1, documents / secondTierDocuments)
  return 1 + Math.ceil(Math.log(ratio) / Math.log(tierFactor))
}
