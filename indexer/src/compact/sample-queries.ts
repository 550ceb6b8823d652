import type { RequestContext } from '@hypershard/common'
import {
  architectureFromKey,
  architectureFromProto,
  decodeWeights,
  parameterCount,
  precisionFromProto,
  type QNetArchitecture,
  type QNetWeights,
} from '@hypershard/qnet'
import {
  type DocumentContent,
  externalArchitecture,
  type Manifest,
  type NamedModel,
  type ObjectStore,
  type OwnSamples,
  openSegment,
  readOwnSamples,
  rowsLeft,
  type SegmentEntry,
  segmentAt,
} from '@hypershard/storage'
import type { EncoderPort } from '../ports.ts'

/** Documents that queries are made of; each gives one query of every kind. */
export const sampleDocumentsMax = 16
/** As many inner products as documents give queries. */
const sampleVectorsMax = 48
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
  readonly model: NamedModel
  /** Users' own queries; null for none. */
  readonly given: readonly string[] | null
  /** Users' own q-nets, where nothing encodes a query. */
  readonly ownSamples?: OwnSamples | undefined
}

/**
 * Queries as people put them, or, where none are given, might put them: made of documents that are spread evenly over the
 * segments.
 * @returns undefined when none could be made
 * @throws HypershardError of store and encoder
 */
export async function sampleQueries(
  { store, encoder }: { store: ObjectStore; encoder: EncoderPort },
  { manifest, segments, given, ownSamples, model }: CalibratedSegments,
  context: RequestContext,
): Promise<SampleQueries | undefined> {
  const external = externalArchitecture(model)
  if (external !== undefined) {
    const architecture = architectureFromKey(external)
    if (ownSamples !== undefined) return queriesOfUsers(store, architecture, manifest, ownSamples)
    return queriesOfVectors(store, architecture, { manifest, segments })
  }
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

async function queriesOfUsers(
  store: ObjectStore,
  architecture: QNetArchitecture,
  manifest: Manifest,
  samples: OwnSamples,
): Promise<SampleQueries> {
  const weights = await readOwnSamples(store, manifest, samples, parameterCount(architecture))
  return { kind: 'given', architecture, qnets: weights.map(bytes => decodeWeights(architecture, bytes, 'f32')) }
}

/**
 * Where nothing encodes a text, and users gave no q-nets: inner products with some of the documents' own vectors. Nobody can
 * make up a q-net that has layers, so that a graph is not built for one.
 */
async function queriesOfVectors(
  store: ObjectStore,
  architecture: QNetArchitecture,
  sampled: Pick<CalibratedSegments, 'manifest' | 'segments'>,
): Promise<SampleQueries | undefined> {
  if (architecture.vectorDimensions.length > 2) return undefined
  const qnets: QNetWeights[] = []
  for (const { entry, row } of await sampleRows(store, { ...sampled, most: sampleVectorsMax })) {
    const segment = await openSegment(store, segmentAt(sampled.manifest, entry))
    qnets.push({ matrices: [await segment.readVector(row)], biases: [] })
  }
  return { kind: 'made', architecture, qnets }
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
  const sample: DocumentContent[] = []
  const rows = await sampleRows(store, { manifest, segments, most: sampleDocumentsMax })
  for (const [entry, own] of Map.groupBy(rows, row => row.entry)) {
    const documents = await (await openSegment(store, segmentAt(manifest, entry))).openDocuments()
    try {
      // One at a time: they lie far apart, in batches of their own.
      for (const { row } of own) sample.push(...(await documents.read([row])))
    } finally {
      await documents.close()
    }
  }
  return sample
}

interface SampledRows extends Pick<CalibratedSegments, 'manifest' | 'segments'> {
  readonly most: number
}

/** Rows that are not deleted, spread evenly over the segments. */
async function sampleRows(store: ObjectStore, { manifest, segments, most }: SampledRows) {
  const total = segments.reduce((sum, { documents }) => sum + documents, 0)
  const sample: { readonly entry: SegmentEntry; readonly row: number }[] = []
  for (const entry of segments) {
    const rows = await rowsLeft(store, manifest, entry)
    const wanted = Math.min(rows.length, Math.ceil((most * entry.documents) / total))
    for (let at = 0; at < wanted; at++) sample.push({ entry, row: rows[Math.floor((at * rows.length) / wanted)]! })
  }
  return sample.slice(0, most)
}

function wordsOf(text: string): string[] {
  return text
    .slice(0, charactersMax)
    .split(/\s+/)
    .filter(word => word !== '')
}
