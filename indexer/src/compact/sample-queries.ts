import type { RequestContext } from '@hypershard/common'
import {
  architectureFromProto,
  decodeWeights,
  precisionFromProto,
  type QNetArchitecture,
  type QNetWeights,
} from '@hypershard/qnet'
import {
  type DocumentContent,
  type Manifest,
  type ObjectStore,
  openSegment,
  rowsLeft,
  type SegmentEntry,
  segmentAt,
} from '@hypershard/storage'
import type { EncoderPort } from '../ports.ts'

/** Documents that queries are made of; each gives one query of every kind. */
export const sampleDocumentsMax = 16
/** Words from the beginning of the text that stand in for a missing title. */
const beginningWords = 12
const phraseWords = 3
/** What a calibration reads of one document. */
const charactersMax = 2_000

/**
 * What people ask in: a title, or a whole sentence; a few words; a single one. The fewer, the more documents are about as good
 * as each other, and the harder the best are to find.
 */
const kinds: readonly ((content: Pick<DocumentContent, 'title' | 'text'>) => string)[] = [
  ({ title, text }) => (title.trim() === '' ? wordsOf(text).slice(0, beginningWords).join(' ') : title.trim()),
  ({ text, title }) => {
    const words = wordsOf(text || title)
    const from = Math.max(0, (words.length - phraseWords) >> 1)
    return words.slice(from, from + phraseWords).join(' ')
  },
  ({ text, title }) =>
    wordsOf(text || title).reduce((longest, word) => (word.length > longest.length ? word : longest), ''),
]

/** Queries to calibrate a graph with, and their q-nets. */
export interface SampleQueries {
  /** Users' own, or made of documents, which real ones may be harder than. */
  readonly kind: 'given' | 'made'
  readonly architecture: QNetArchitecture
  readonly qnets: readonly QNetWeights[]
}

export interface CalibratedSegments {
  readonly manifest: Manifest
  /** The segments that are being merged. */
  readonly segments: readonly SegmentEntry[]
  /** Users' own queries; null for none. */
  readonly given: readonly string[] | null
}

/**
 * Queries as people put them, or, where none are given, might put them: made of documents that are spread evenly over the
 * segments.
 * @returns undefined when none could be made
 * @throws HypershardError of store and encoder
 */
export async function sampleQueries(
  { store, encoder }: { store: ObjectStore; encoder: EncoderPort },
  { manifest, segments, given }: CalibratedSegments,
  context: RequestContext,
): Promise<SampleQueries | undefined> {
  const asked = given ?? queriesOf(await sampleDocuments(store, manifest, segments))
  const qnets: QNetWeights[] = []
  let architecture: QNetArchitecture | undefined
  for (const text of asked) {
    const { qnet } = await encoder.encodeQuery({ modelDigest: manifest.modelDigest, text }, context)
    architecture = architectureFromProto(qnet.architecture)
    qnets.push(decodeWeights(architecture, qnet.weights, precisionFromProto(qnet.precision)))
  }
  return architecture && { kind: given === null ? 'made' : 'given', architecture, qnets }
}

/** Texts of queries of each kind. */
export function queriesOf(documents: readonly Pick<DocumentContent, 'title' | 'text'>[]): string[] {
  return documents.flatMap(content => kinds.map(queryOf => queryOf(content))).filter(text => text !== '')
}

async function sampleDocuments(
  store: ObjectStore,
  manifest: Manifest,
  segments: readonly SegmentEntry[],
): Promise<DocumentContent[]> {
  const total = segments.reduce((sum, { documents }) => sum + documents, 0)
  const sample: DocumentContent[] = []
  for (const entry of segments) {
    const rows = await rowsLeft(store, manifest, entry)
    const wanted = Math.min(rows.length, Math.ceil((sampleDocumentsMax * entry.documents) / total))
    const chosen = Array.from({ length: wanted }, (_, at) => rows[Math.floor((at * rows.length) / wanted)]!)
    const documents = await (await openSegment(store, segmentAt(manifest, entry))).openDocuments()
    try {
      // One at a time: they lie far apart, in batches of their own.
      for (const row of chosen) sample.push(...(await documents.read([row])))
    } finally {
      await documents.close()
    }
  }
  return sample.slice(0, sampleDocumentsMax)
}

function wordsOf(text: string): string[] {
  return text
    .slice(0, charactersMax)
    .split(/\s+/)
    .filter(word => word !== '')
}
