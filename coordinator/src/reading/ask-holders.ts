import { type ErrorCode, type RequestContext, toHypershardError } from '@hypershard/common'
import type { ShardError } from '@hypershard/proto/shard'
import type { ClusterMember } from '../cluster/cluster-member.ts'
import { failureFacts } from '../failure-facts.ts'
import { nobodyOf } from '../search/nobody-of.ts'
import { callsOfShardMax } from '../search/retry-policy.ts'
import type { ShardFailure } from '../search/shard-answer.ts'

/** For each shard: its holders in the order to ask them. */
export type Route = ReadonlyMap<number, readonly ClusterMember[]>

/** What one server says of one shard. */
export type ShardWord<Answer> = { readonly answer: Answer } | { readonly error: ShardError }

/** One call for some shards of a server. A shard that its answer leaves out has failed. */
export type AskMember<Answer> = (
  member: ClusterMember,
  shards: readonly number[],
  context: RequestContext,
) => Promise<ReadonlyMap<number, ShardWord<Answer>>>

/** Every shard of the route has either an answer or a failure. */
export interface HoldersOutcome<Answer> {
  readonly answers: ReadonlyMap<number, Answer>
  readonly failures: ReadonlyMap<number, ShardFailure>
}

/** Of the time that is left, what a holder may take where another one could be asked after it. */
const firstShare = 0.5

/** Failures that every holder would give. */
const finalCodes: readonly ErrorCode[] = ['cancelled', 'invalid_request', 'request_too_large']

interface Asking<Answer> {
  readonly route: Route
  readonly ask: AskMember<Answer>
  readonly context: RequestContext
  readonly asked: Map<number, ClusterMember[]>
  readonly answers: Map<number, Answer>
  readonly failures: Map<number, ShardFailure>
}

/**
 * Asks one holder of every shard, one call a server with all its shards, and for those that fail another one, three at most. For
 * questions that cost little: without the hedges that a search has. Never rejects: a failure is an outcome.
 */
export async function askHolders<Answer>(
  route: Route,
  ask: AskMember<Answer>,
  context: RequestContext,
): Promise<HoldersOutcome<Answer>> {
  const asking: Asking<Answer> = { route, ask, context, asked: new Map(), answers: new Map(), failures: new Map() }
  await askNext([...route.keys()], asking)
  return { answers: asking.answers, failures: asking.failures }
}

/** What fails at one server is asked of others at once, without waiting for the servers beside it. */
async function askNext<Answer>(shards: readonly number[], asking: Asking<Answer>): Promise<void> {
  const byMember = Map.groupBy(shards, shard => nextHolder(shard, asking))
  const calls = [...byMember].map(async ([member, own]) => {
    await askMember(member, own, asking)
    const again = own.filter(shard => mayAskAgain(shard, asking))
    if (again.length > 0) await askNext(again, asking)
  })
  await Promise.all(calls)
}

/** One that lives, and was not asked before. */
function nextHolder<Answer>(shard: number, { route, asked }: Asking<Answer>): ClusterMember | undefined {
  const before = asked.get(shard) ?? []
  if (before.length >= callsOfShardMax) return undefined
  return route.get(shard)?.find(member => member.live && !before.includes(member))
}

function mayAskAgain<Answer>(shard: number, asking: Asking<Answer>): boolean {
  const { answers, failures, context } = asking
  if (answers.has(shard) || context.deadline.passed || context.deadline.cancelled) return false
  const isFinal = finalCodes.some(code => code === failures.get(shard)?.code)
  return !isFinal && nextHolder(shard, asking) !== undefined
}

async function askMember<Answer>(
  member: ClusterMember | undefined,
  shards: readonly number[],
  asking: Asking<Answer>,
): Promise<void> {
  const { route, ask, context, asked, answers, failures } = asking
  if (member === undefined) {
    for (const shard of shards) failures.set(shard, { shard, ...nobodyOf(route.get(shard) ?? []) })
    return
  }
  for (const shard of shards) asked.set(shard, [...(asked.get(shard) ?? []), member])
  const others = shards.every(shard => nextHolder(shard, asking) !== undefined)
  const limited = others ? context.within(context.deadline.remainingMs * firstShare) : context
  const server = member.address
  try {
    const words = await ask(member, shards, limited)
    for (const shard of shards) {
      const word = words.get(shard) ?? {
        error: { code: 'internal', message: `${server}: it says nothing of the shard` },
      }
      if ('answer' in word) {
        answers.set(shard, word.answer)
        failures.delete(shard)
      } else failures.set(shard, { shard, server, code: word.error.code, message: word.error.message })
    }
  } catch (error) {
    const { code, message } = toHypershardError(error)
    // That a server is away is told by its health checks, once.
    context.log[code === 'unavailable' ? 'debug' : 'warn']({ ...failureFacts(error), server, shards }, 'asking failed')
    for (const shard of shards) failures.set(shard, { shard, server, code, message })
  }
}
