import { type Deadline, HypershardError, type Logger, toHypershardError } from '@hypershard/common'
import type { FetchedDocument, ManifestReference } from '@hypershard/proto/shard'
import type { ClusterMember } from '../cluster/cluster-member.ts'
import { failureFacts } from '../failure-facts.ts'
import type { FanOutOutcome, FanOutRequest, FoundHit } from './fan-out.ts'

/** One server's part of the winners. */
interface FetchPart {
  readonly member: ClusterMember
  readonly hits: readonly FoundHit[]
}

interface FetchFlow {
  readonly manifest: ManifestReference
  readonly route: FanOutRequest['route']
  readonly deadline: Deadline
  readonly log: Logger
  readonly documents: Map<string, FetchedDocument>
}

/**
 * Titles, texts and fields of the winners by id: asked of the servers that found them, then, where one fails, of
 * another live holder of the shard. All or nothing: a hit never comes without its text.
 * @throws HypershardError `unavailable` when no holder answers, `deadline_exceeded`, `cancelled`, or
 *   `request_too_large` when the texts together exceed a message
 */
export async function fetchDocuments(
  hits: readonly FoundHit[],
  { manifest, route }: Pick<FanOutRequest, 'manifest' | 'route'>,
  { answers }: Pick<FanOutOutcome, 'answers'>,
  deadline: Deadline,
  log: Logger,
): Promise<ReadonlyMap<string, FetchedDocument>> {
  const flow: FetchFlow = { manifest, route, deadline, log, documents: new Map() }
  const byMember = Map.groupBy(hits, hit => answers.get(hit.shard)!.member)
  await Promise.all([...byMember].map(([member, theirs]) => fetchPart({ member, hits: theirs }, flow)))
  return flow.documents
}

async function fetchPart(part: FetchPart, flow: FetchFlow): Promise<void> {
  try {
    await fetchFrom(part, flow)
  } catch (error) {
    const failure = toHypershardError(error)
    flow.log.warn(
      { ...failureFacts(error), server: part.member.address, hits: part.hits.length },
      'fetching documents failed',
    )
    const others = retryParts(part, flow)
    if (isFinal(failure) || others === undefined) throw asFetchError(failure, part)
    await Promise.all(others.map(other => fetchLast(other, flow)))
  }
}

async function fetchLast(part: FetchPart, flow: FetchFlow): Promise<void> {
  try {
    await fetchFrom(part, flow)
  } catch (error) {
    throw asFetchError(toHypershardError(error), part)
  }
}

async function fetchFrom({ member, hits }: FetchPart, flow: FetchFlow): Promise<void> {
  const addresses = hits.map(hit => hit.address)
  const fetched = await member.server.fetch({ manifest: flow.manifest, addresses }, flow.deadline)
  for (const [at, hit] of hits.entries()) {
    const document = fetched[at]
    if (document?.id !== hit.id) {
      const message = `${member.address}: asked for document \`${hit.id}\`, was given \`${document?.id ?? 'none'}\``
      throw new HypershardError('corrupt_data', message, { details: { server: member.address, shard: hit.shard } })
    }
    flow.documents.set(hit.id, document)
  }
}

/** The same hits by another live holder of each one's shard; undefined when a shard has none. */
function retryParts({ member, hits }: FetchPart, { route }: FetchFlow): FetchPart[] | undefined {
  const byOther = Map.groupBy(hits, hit => route.get(hit.shard)?.find(other => other !== member && other.live))
  const parts: FetchPart[] = []
  for (const [other, theirs] of byOther) {
    if (other === undefined) return undefined
    parts.push({ member: other, hits: theirs })
  }
  return parts
}

/** Failures that another holder would meet too. */
function isFinal(failure: HypershardError): boolean {
  return ['cancelled', 'deadline_exceeded', 'request_too_large'].includes(failure.code)
}

function asFetchError(failure: HypershardError, { member, hits }: FetchPart): HypershardError {
  const shards = [...new Set(hits.map(hit => hit.shard))].sort((a, b) => a - b)
  const details = { server: member.address, shards, code: failure.code }
  const what = `the texts of ${hits.length} hits could not be fetched from ${member.address}: ${failure.message}`
  if (failure.code === 'request_too_large') {
    const message = `${what}; ask for fewer hits (k), or for ids_only`
    return new HypershardError('request_too_large', message, { details, cause: failure })
  }
  const code = isFinal(failure) ? failure.code : 'unavailable'
  return new HypershardError(code, what, { details, cause: failure })
}
