/** `like`: a search whose query is made of stored documents, which are no hits of it. */
import { type Deadline, encodeBase64, HypershardError, type RequestContext } from '@hypershard/common'
import { queryCharactersMax } from '@hypershard/contract'
import type { FoundDocument } from '@hypershard/proto/shard'
import type { GenerationRecord } from '@hypershard/storage'
import { passesFilter } from '../../access/passes-filter.ts'
import type { ModelRegistry } from '../../catalog/model-registry.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import { externalScorerOf } from '../../vectors/external-model-of.ts'
import { readOwnQuery } from '../../vectors/own-query.ts'
import { expandLikes, type Liked } from '../composed/expand-likes.ts'
import { readFilter } from '../read-filter.ts'
import type { Like, SearchInput } from '../search-input.ts'
import type { Pinned } from '../stages/plan-fan-out.ts'
import { findDocument } from './find-document.ts'

export interface LikeParts {
  readonly cluster: Cluster
  readonly models: Pick<ModelRegistry, 'list'>
}

/**
 * The search with the query that the documents are, as the pinned version has them: where the scorer is an inner product and
 * each has one vector, these vectors' mean, and else their titles and texts, each encoded as a query. Before any answer that
 * was kept, so that nobody is told of one that was made of another's document.
 * @throws HypershardError `document_not_found`, also for one that is another tenant's; `invalid_request` where no query can be
 *   made of it
 */
export async function searchLike(
  input: SearchInput,
  pinned: Pinned,
  context: RequestContext,
  parts: LikeParts,
): Promise<SearchInput> {
  const { like, composed, liked: ids } = input
  if (like === undefined && ids === undefined) return input
  return context.step('read like', async inner => {
    const withVector = await readsVectors(input, pinned, inner, parts)
    const read = async (ids: readonly string[], within: Like['within'], pathOf: (at: number) => string) => {
      const found = await Promise.all(
        ids.map(async (id, at) => {
          const known = await findDocument(pinned, { id, withVector }, inner, parts.cluster)
          if (known?.document !== undefined && isWithin(known.document, within, pinned)) return known
          throw noSuchDocument(input.index, id, pathOf(at))
        }),
      )
      return likedBy(found, at => ({ id: ids[at]!, path: pathOf(at) }))
    }
    if (like !== undefined) {
      const liked = await read([like.id], like.within, () => 'like.id')
      return 'own' in liked ? { ...input, own: liked.own } : { ...input, query: liked.texts[0]! }
    }
    return { ...input, ...(await expandLikes(composed!, read)) }
  })
}

/** @throws HypershardError `invalid_request` where neither vectors nor texts are queries */
async function readsVectors(
  { index }: SearchInput,
  { entry: { generation } }: Pinned,
  { deadline }: RequestContext,
  { models }: LikeParts,
): Promise<boolean> {
  const widths = await scorerWidths(generation, models, deadline)
  const withVector = widths?.length === 2
  if (withVector || externalScorerOf(generation.model) === undefined) return withVector
  const message = `like: index \`${index}\` scores with q-nets from outside, which none can be made of a document for; send a \`qnet\``
  throw new HypershardError('invalid_request', message)
}

/** Layer widths of the q-nets; undefined of a model that no encoder service has now, which nothing could be encoded with. */
async function scorerWidths(
  { model }: Pick<GenerationRecord, 'model'>,
  models: LikeParts['models'],
  deadline: Deadline,
) {
  const external = externalScorerOf(model)
  if (external !== undefined) return external.vectorDimensions
  const known = await models.list(deadline)
  return known.find(({ digest }) => digest === model.digest)?.architecture?.vectorDimensions
}

type Document = NonNullable<FoundDocument['document']>

function isWithin({ fieldsJson }: Document, within: Like['within'], { manifest: { fields = {} } }: Pinned): boolean {
  return (
    within === undefined || passesFilter(readFilter(within, { fields }), { fields }, { fields: fieldsJson || '{}' })
  )
}

function likedBy(found: readonly FoundDocument[], nameOf: (at: number) => { id: string; path: string }): Liked {
  if (found.every(({ vector }) => vector.length > 0)) {
    return { own: readOwnQuery({ vector: encodeBase64(meanOf(found.map(({ vector }) => vector))) })! }
  }
  return { texts: found.map(({ document }, at) => textOf(document!, nameOf(at))) }
}

/** The model reads its beginning: what it leaves out, the answer tells as of any query. */
function textOf({ title, text }: Document, { id, path }: { id: string; path: string }): string {
  const whole = [title, text].filter(part => part.trim() !== '').join('\n')
  if (whole !== '') return whole.slice(0, queryCharactersMax).toWellFormed()
  const message = `${path}: document ${JSON.stringify(id)} has neither title nor text to make a query of; send a \`query\``
  throw new HypershardError('invalid_request', message, { details: { path } })
}

function noSuchDocument(index: string, id: string, path: string): HypershardError {
  const message = `${path}: index \`${index}\` has no searchable document ${JSON.stringify(id)}`
  return new HypershardError('document_not_found', message, { details: { index, id, path } })
}

/** Of f32 little-endian vectors of one width; of one, the vector itself. */
function meanOf(vectors: readonly Uint8Array[]): Uint8Array {
  const [first] = vectors
  if (vectors.length === 1) return first!
  const mean = Buffer.alloc(first!.length)
  const all = vectors.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength))
  for (let at = 0; at < mean.length; at += Float32Array.BYTES_PER_ELEMENT) {
    mean.writeFloatLE(all.reduce((sum, vector) => sum + vector.readFloatLE(at), 0) / all.length, at)
  }
  return mean
}
