import { type ErrorCode, HypershardError, type RequestContext, toHypershardError } from '@hypershard/common'
import type { FetchedDocument, ManifestReference } from '@hypershard/proto/shard'
import type { ClusterMember } from '../cluster/cluster-member.ts'
import { failureFacts } from '../failure-facts.ts'
import type { FanOutOutcome, FanOutRequest } from './fan-out-request.ts'
import type { FoundHit, ShardFailure } from './shard-answer.ts'

/** Of the time that is left, what the first holder may take where there is a second. */
const firstShare = 0.5

/** One server's part of the winners. */
interface FetchPart {
  readonly member: ClusterMember
  readonly hits: readonly FoundHit[]
}

/** Every hit's document, or the failure of its shard. */
export interface FetchOutcome {
  /** By id. */
  readonly documents: Map<string, FetchedDocument>
  /** Shards whose texts no live holder gave. */
  readonly failures: Map<number, ShardFailure>
}

interface FetchFlow extends FetchOutcome {
  readonly manifest: ManifestReference
  readonly route: FanOutRequest['route']
  readonly context: RequestContext
}

/**
 * Titles, texts and fields of the winners by id: asked of the servers that found them, then, where one fails, of
 * another live holder of the shard. A shard that fails there too is an outcome: its hits cannot be given.
 * @throws HypershardError `deadline_exceeded`, `cancelled`, or `request_too_large` when the texts together exceed a
 *   message
 */
export async function fetchDocuments(
  hits: readonly FoundHit[],
  { manifest, route }: Pick<FanOutRequest, 'manifest' | 'route'>,
  { answers }: Pick<FanOutOutcome, 'answers'>,
  context: RequestContext,
): Promise<FetchOutcome> {
  const flow: FetchFlow = { manifest, route, context, documents: new Map(), failures: new Map() }
  const byMember = Map.groupBy(hits, hit => answers.get(hit.shard)!.member)
  await Promise.all([...byMember].map(([member, theirs]) => fetchPart({ member, hits: theirs }, flow)))
  return { documents: flow.documents, failures: flow.failures }
}

async function fetchPart(part: FetchPart, flow: FetchFlow): Promise<void> {
  try {
    await fetchFrom(part, flow, firstContext(part, flow))
  } catch (error) {
    const failure = notFinal(error, part, flow)
    const byOther = Map.groupBy(part.hits, hit => otherHolder(hit, part, flow))
    await Promise.all(
      [...byOther].map(([other, hits]) =>
        other === undefined
          ? fail(failure, { member: part.member, hits }, flow)
          : fetchLast({ member: other, hits }, flow),
      ),
    )
  }
}

async function fetchLast(part: FetchPart, flow: FetchFlow): Promise<void> {
  try {
    await fetchFrom(part, flow, flow.context)
  } catch (error) {
    fail(notFinal(error, part, flow), part, flow)
  }
}

function fail({ code, message }: HypershardError, { member, hits }: FetchPart, { failures }: FetchFlow): void {
  for (const { shard } of hits) failures.set(shard, { shard, server: member.address, code, message })
}

/**
 * Half of the time where another holder could be asked after that. There is no hedging here: texts come with the hits but
 * for a few, from the server that won the race for its shards, and so only one that stops in between is late.
 */
function firstContext(part: FetchPart, flow: FetchFlow): RequestContext {
  const { context } = flow
  const others = part.hits.every(hit => otherHolder(hit, part, flow) !== undefined)
  return others ? context.within(context.deadline.remainingMs * firstShare) : context
}

async function fetchFrom({ member, hits }: FetchPart, flow: FetchFlow, context: RequestContext): Promise<void> {
  const addresses = hits.map(hit => hit.address)
  const fetch = (inner: RequestContext) => member.server.fetch({ manifest: flow.manifest, addresses }, inner)
  const facts = { 'hypershard.server': member.address, 'hypershard.hits': hits.length }
  const fetched = await context.step('fetch call', fetch, facts, 'client')
  for (const [at, hit] of hits.entries()) {
    const document = fetched[at]
    if (document?.id !== hit.id) {
      const message = `${member.address}: asked for document \`${hit.id}\`, was given \`${document?.id ?? 'none'}\``
      throw new HypershardError('corrupt_data', message, { details: { server: member.address, shard: hit.shard } })
    }
    flow.documents.set(hit.id, document)
  }
}

/** Another live holder of the hit's shard than the one that failed. */
function otherHolder({ shard }: FoundHit, { member }: FetchPart, { route }: FetchFlow): ClusterMember | undefined {
  return route.get(shard)?.find(other => other !== member && other.live)
}

/** Failures that another holder would meet too. */
const finalCodes: readonly ErrorCode[] = ['cancelled', 'deadline_exceeded', 'request_too_large']

/**
 * Logs a failed call and tells it in the words of the search.
 * @throws HypershardError itself when nobody else could do better
 */
function notFinal(error: unknown, { member, hits }: FetchPart, { context }: FetchFlow): HypershardError {
  const cause = toHypershardError(error)
  const { code } = cause
  // That a server is away is told by its health checks, once.
  const level = code === 'unavailable' ? 'debug' : 'warn'
  context.log[level]({ ...failureFacts(error), server: member.address, hits: hits.length }, 'fetching documents failed')
  const shards = [...new Set(hits.map(hit => hit.shard))].sort((a, b) => a - b)
  const what = `the texts of ${hits.length} hits could not be fetched from ${member.address}: ${cause.message}`
  const message = code === 'request_too_large' ? `${what}; ask for fewer hits (k), or for ids_only` : what
  const failure = new HypershardError(code, message, { details: { server: member.address, shards, code }, cause })
  const timeIsLeft = code === 'deadline_exceeded' && !context.deadline.passed
  if (finalCodes.includes(code) && !timeIsLeft) throw failure
  return failure
}
