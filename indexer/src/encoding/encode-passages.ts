import { fromCodePoints, HypershardError } from '@hypershard/common'
import type { CutDocument } from '@hypershard/proto/encoder'
import type { Passage, TextRead } from '@hypershard/storage'
import type { EncodedBatch, EncodingFailure, Text } from './encoded-batch.ts'

/** Passages of one call to the encoder: as many as documents otherwise. */
const callPassagesMax = 64

/** A passage as it is encoded: after the title, unless that stands apart. */
interface PassageText extends Text {
  /** The document's place among those that are encoded. */
  readonly owner: number
}

/** A document whose passages were encoded. */
export type CutBatch<Document> = EncodedBatch<Document & { readonly passages: readonly Passage[] }>

/**
 * Encodes every passage of some documents, in calls of their own. A document fails as a whole when a passage of it does.
 * @param cuts of the documents, in their order
 */
export async function encodePassages<Document extends Text>(
  documents: readonly Document[],
  cuts: readonly CutDocument[],
  encode: (texts: readonly PassageText[]) => Promise<EncodedBatch<PassageText>>,
): Promise<CutBatch<Document>> {
  if (cuts.length !== documents.length) {
    throw new HypershardError(
      'internal',
      `the encoder cut ${cuts.length} documents where it was given ${documents.length}`,
    )
  }
  const texts = documents.flatMap((document, owner) => textsOf(document, cuts[owner]!, owner))
  const batches: EncodedBatch<PassageText>[] = []
  for (let from = 0; from < texts.length; from += callPassagesMax) {
    batches.push(await encode(texts.slice(from, from + callPassagesMax)))
  }
  const failed = new Map<number, HypershardError>()
  for (const { document, failure } of batches.flatMap(({ failures }) => failures)) failed.set(document.owner, failure)
  return unite(documents, cuts, batches, failed)
}

function textsOf({ title, text }: Text, { begins, ends, titleApart }: CutDocument, owner: number): PassageText[] {
  const places = fromCodePoints(text, [...begins, ...ends])
  return begins.map((_, at) => {
    const part = text.slice(places[at]!, places[begins.length + at]!)
    return { owner, title: titleApart && at > 0 ? '' : title, text: part }
  })
}

function unite<Document extends Text>(
  documents: readonly Document[],
  cuts: readonly CutDocument[],
  batches: readonly EncodedBatch<PassageText>[],
  failed: ReadonlyMap<number, HypershardError>,
): CutBatch<Document> {
  const vectorWidth = Math.max(...batches.map(batch => batch.vectorWidth))
  const rows: Float32Array[] = []
  const reads = new Map<number, TextRead>()
  for (const batch of batches) {
    for (const [at, { owner }] of batch.documents.entries()) {
      if (failed.has(owner)) continue
      rows.push(batch.vectors.subarray(at * vectorWidth, (at + 1) * vectorWidth))
      const [own, before] = [batch.read[at], reads.get(owner)]
      if (own === undefined) continue
      const cutOff = own.cutOff || before?.cutOff || cuts[owner]!.cutOff
      const unknown = own.unknown + (before?.unknown ?? 0)
      reads.set(owner, { tokens: own.tokens + (before?.tokens ?? 0), unknown, ...(cutOff && { cutOff }) })
    }
  }
  const vectors = new Float32Array(rows.length * vectorWidth)
  for (const [at, row] of rows.entries()) vectors.set(row, at * vectorWidth)
  const kept = [...documents.entries()].filter(([at]) => !failed.has(at))
  const failures = [...failed].map(
    ([at, failure]): EncodingFailure<Document & { passages: readonly Passage[] }> => ({
      document: { ...documents[at]!, passages: [] },
      failure,
    }),
  )
  return {
    documents: kept.map(([at, document]) => ({ ...document, passages: passagesOf(cuts[at]!) })),
    vectors,
    vectorWidth,
    truncated: Math.min(
      kept.length,
      kept.filter(([at]) => cuts[at]!.cutOff).length + batches.reduce((sum, { truncated }) => sum + truncated, 0),
    ),
    read: kept.map(([at]) => reads.get(at)),
    failures,
  }
}

function passagesOf({ begins, ends }: CutDocument): Passage[] {
  return begins.map((begin, at) => ({ begin, end: ends[at]! }))
}
