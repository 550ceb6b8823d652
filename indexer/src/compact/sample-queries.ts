import type { Deadline } from '@hypershard/common'
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
} from '@hypershard/segments'
import type { EncoderPort } from '../ports.ts'

/** More would tell the recall more surely: of 32 queries with ten hits each its standard error is about 0.01. */
const queriesMax = 32
/** Of the text, where a document has no title: about as many as a question has. */
const wordsMax = 12
/** What a calibration reads of one document. */
const charactersMax = 2_000

/** Queries and their q-nets. */
export interface SampleQueries {
  readonly architecture: QNetArchitecture
  readonly qnets: readonly QNetWeights[]
}

/**
 * Queries as the documents' own writers might have put them: titles, and beginnings of texts where there is none, spread
 * evenly over the segments.
 * @returns undefined when none could be made
 * @throws HypershardError of store and encoder
 */
export async function sampleQueries(
  { store, encoder }: { store: ObjectStore; encoder: EncoderPort },
  manifest: Manifest,
  segments: readonly SegmentEntry[],
  deadline: Deadline,
): Promise<SampleQueries | undefined> {
  const texts = await sampleTexts(store, manifest, segments)
  const qnets: QNetWeights[] = []
  let architecture: QNetArchitecture | undefined
  for (const text of texts) {
    const { qnet } = await encoder.encodeQuery({ modelDigest: manifest.modelDigest, text }, deadline)
    architecture = architectureFromProto(qnet.architecture)
    qnets.push(decodeWeights(architecture, qnet.weights, precisionFromProto(qnet.precision)))
  }
  return architecture && { architecture, qnets }
}

async function sampleTexts(
  store: ObjectStore,
  manifest: Manifest,
  segments: readonly SegmentEntry[],
): Promise<string[]> {
  const total = segments.reduce((sum, { documents }) => sum + documents, 0)
  const texts: string[] = []
  for (const entry of segments) {
    const rows = await rowsLeft(store, manifest, entry)
    const wanted = Math.min(rows.length, Math.ceil((queriesMax * entry.documents) / total))
    const chosen = Array.from({ length: wanted }, (_, at) => rows[Math.floor((at * rows.length) / wanted)]!)
    const documents = await (await openSegment(store, segmentAt(manifest, entry))).openDocuments()
    try {
      // One at a time: they lie far apart, in batches of their own.
      for (const row of chosen) texts.push(...(await documents.read([row])).map(queryOf))
    } finally {
      await documents.close()
    }
  }
  return texts.filter(text => text !== '').slice(0, queriesMax)
}

function queryOf({ title, text }: DocumentContent): string {
  const words = (title.trim() === '' ? text : title).slice(0, charactersMax).trim().split(/\s+/)
  return words.slice(0, title.trim() === '' ? wordsMax : words.length).join(' ')
}
