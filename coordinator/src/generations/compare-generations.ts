import type { RequestContext } from '@hypershard/common'
import { type Manifest, type ObjectStore, openSegment, rowsLeft, segmentAt } from '@hypershard/storage'
import type { CatalogEntry } from '../catalog/catalog.ts'
import type { SearchAnswer } from '../search/search-answer.ts'

/** How alike two generations answer; the trial is `candidate` here, as the API calls it. */
export interface ParityReport {
  readonly queries: number
  /** Mean share of the first ten hits that both have. */
  readonly overlapAt10: number
  /** Mean correlation (Pearson) of the scores of hits that both have; null when no query has three of them. */
  readonly scoreCorrelation: number | null
  readonly documents: { readonly served: number; readonly candidate: number }
  /** The queries that the two answer most differently, and what each finds first. */
  readonly mostDifferent: readonly {
    readonly query: string
    readonly overlap: number
    readonly served: readonly string[]
    readonly candidate: readonly string[]
  }[]
}

export interface CompareInput {
  readonly served: CatalogEntry
  readonly trial: CatalogEntry
  readonly queries: readonly string[]
  /** Searches one of the two for the ids of the ten best. */
  readonly search: (entry: CatalogEntry, query: string, context: RequestContext) => Promise<SearchAnswer>
}

/** How many hits are compared. */
export const comparedHits = 10

const differentShownMax = 5
const idsShown = 3

/** Words of a document that make a query. */
const queryWords = 12

/**
 * Asks both generations the same queries.
 * @throws HypershardError of a search, `deadline_exceeded`
 */
export async function compareGenerations(input: CompareInput, context: RequestContext): Promise<ParityReport> {
  const compared: { query: string; overlap: number; correlation: number | null; ids: readonly [string[], string[]] }[] =
    []
  let documents = { served: 0, candidate: 0 }
  for (const query of input.queries) {
    const [served, trial] = [
      await input.search(input.served, query, context),
      await input.search(input.trial, query, context),
    ]
    documents = { served: served.coverage.documentsEligible, candidate: trial.coverage.documentsEligible }
    const ids = [served, trial].map(({ hits }) => hits.map(({ id }) => id)) as [string[], string[]]
    const scores = [served, trial].map(({ hits }) => new Map(hits.map(({ id, score }) => [id, score ?? 0])))
    const common = ids[0].filter(id => ids[1].includes(id))
    compared.push({
      query,
      ids,
      overlap: ids[0].length === 0 ? 1 : common.length / Math.max(ids[0].length, ids[1].length),
      correlation: pearson(common.map(id => [scores[0]!.get(id)!, scores[1]!.get(id)!])),
    })
  }
  const correlations = compared.map(({ correlation }) => correlation).filter(value => value !== null)
  const different = compared.toSorted((a, b) => a.overlap - b.overlap).slice(0, differentShownMax)
  return {
    queries: compared.length,
    overlapAt10: mean(compared.map(({ overlap }) => overlap)),
    scoreCorrelation: correlations.length === 0 ? null : mean(correlations),
    documents,
    mostDifferent: different.map(({ query, overlap, ids }) => ({
      query,
      overlap,
      served: ids[0].slice(0, idsShown),
      candidate: ids[1].slice(0, idsShown),
    })),
  }
}

/**
 * Queries made of documents of the index, spread evenly over it: the title of one, or the beginning of its text.
 * @throws HypershardError `corrupt_data`
 */
export async function sampleQueries(store: ObjectStore, manifest: Manifest, count: number): Promise<string[]> {
  const total = manifest.segments.reduce((sum, { documents }) => sum + documents, 0)
  const queries: string[] = []
  let before = 0
  for (const entry of manifest.segments) {
    const left = await rowsLeft(store, manifest, entry)
    const share = Math.round((count * (before + entry.documents)) / total) - Math.round((count * before) / total)
    before += entry.documents
    const rows = Array.from(
      { length: Math.min(share, left.length) },
      (_, at) => left[Math.floor((at * left.length) / share)]!,
    )
    if (rows.length === 0) continue
    const documents = await (await openSegment(store, segmentAt(manifest, entry))).openDocuments()
    try {
      for (const { title, text } of await documents.read(rows)) queries.push(queryOf(title, text))
    } finally {
      await documents.close()
    }
  }
  return queries.filter(query => query.trim() !== '')
}

function queryOf(title: string, text: string): string {
  return title.trim() !== '' ? title.slice(0, 500) : text.split(/\s+/).slice(0, queryWords).join(' ').slice(0, 500)
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 1 : values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Null for fewer than three pairs, or when one side is constant. */
function pearson(pairs: readonly (readonly [number, number])[]): number | null {
  if (pairs.length < 3) return null
  const [meanX, meanY] = [mean(pairs.map(([x]) => x)), mean(pairs.map(([, y]) => y))]
  let [covariance, varianceX, varianceY] = [0, 0, 0]
  for (const [x, y] of pairs) {
    covariance += (x - meanX) * (y - meanY)
    varianceX += (x - meanX) ** 2
    varianceY += (y - meanY) ** 2
  }
  return varianceX === 0 || varianceY === 0 ? null : covariance / Math.sqrt(varianceX * varianceY)
}
