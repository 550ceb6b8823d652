/** `like`: a search whose query is made of a stored document, which is no hit of it. */
import { type Deadline, HypershardError, type RequestContext } from '@hypershard/common'
import { queryCharactersMax } from '@hypershard/contract'
import type { FoundDocument } from '@hypershard/proto/shard'
import type { GenerationRecord } from '@hypershard/storage'
import { passesFilter } from '../../access/passes-filter.ts'
import type { ModelRegistry } from '../../catalog/model-registry.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import { externalScorerOf } from '../../vectors/external-model-of.ts'
import { readOwnQuery } from '../../vectors/own-query.ts'
import { readFilter } from '../read-filter.ts'
import type { Like, SearchInput } from '../search-input.ts'
import type { Pinned } from '../stages/plan-fan-out.ts'
import { findDocument } from './find-document.ts'

export interface LikeParts {
  readonly cluster: Cluster
  readonly models: Pick<ModelRegistry, 'list'>
}

/**
 * The search with the query that the document is, as the pinned version has it: its vector where the scorer is an inner
 * product and it has one vector, and else its title and text, encoded as a query. Before any answer that was kept, so that
 * nobody is told of one that was made of another's document.
 * @throws HypershardError `document_not_found`, also for one that is another tenant's; `invalid_request` where no query can be
 *   made of it
 */
export async function searchLike(
  input: SearchInput,
  like: Like,
  pinned: Pinned,
  context: RequestContext,
  { cluster, models }: LikeParts,
): Promise<SearchInput> {
  return context.step('read like', async inner => {
    const { generation } = pinned.entry
    const widths = await scorerWidths(generation, models, inner.deadline)
    const withVector = widths?.length === 2
    if (!withVector && externalScorerOf(generation.model) !== undefined) {
      const message = `like: index \`${input.index}\` scores with q-nets from outside, which none can be made of a document for; send a \`qnet\``
      throw new HypershardError('invalid_request', message)
    }
    const found = await findDocument(pinned, { id: like.id, withVector }, inner, cluster)
    if (found?.document === undefined || !isWithin(found.document, like, pinned))
      throw noSuchDocument(input.index, like.id)
    if (found.vector.length > 0) return { ...input, own: readOwnQuery({ vector: base64Of(found.vector) }) }
    return { ...input, query: textOf(found.document, like.id) }
  })
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

function isWithin({ fieldsJson }: Document, { within }: Like, { manifest: { fields = {} } }: Pinned): boolean {
  return (
    within === undefined || passesFilter(readFilter(within, { fields }), { fields }, { fields: fieldsJson || '{}' })
  )
}

/** The model reads its beginning: what it leaves out, the answer tells as of any query. */
function textOf({ title, text }: Document, id: string): string {
  const whole = [title, text].filter(part => part.trim() !== '').join('\n')
  if (whole !== '') return whole.slice(0, queryCharactersMax).toWellFormed()
  const message = `like.id: document ${JSON.stringify(id)} has neither title nor text to make a query of; send a \`query\``
  throw new HypershardError('invalid_request', message)
}

function noSuchDocument(index: string, id: string): HypershardError {
  const message = `like.id: index \`${index}\` has no searchable document ${JSON.stringify(id)}`
  return new HypershardError('document_not_found', message, { details: { index, id, path: 'like.id' } })
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
