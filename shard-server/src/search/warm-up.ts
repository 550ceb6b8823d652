import { type Logger, type RequestContext, silentLogger } from '@hypershard/common'
import { type ManifestReference, ScoringPrecision, SearchPlan, type SearchShardsRequest } from '@hypershard/proto/shard'
import { encodeTokenStates, tokenStatesDigest } from '@hypershard/qnet'
import type { Manifest } from '@hypershard/storage'
import { LRUCache } from 'lru-cache'

/** For all made-up searches of a model together; beyond it shards are said to be loaded all the same. */
const warmUpMsMax = 1_000
/** For one after the first, which may wait for the hyper-head: a scan that takes longer has run everything there is to run. */
const searchMsMax = 100
/** A model that is asked for after so many others is warmed up again. */
const modelsWarmedMax = 1_000
/** Shards whose documents are scored: the code is the same for all. */
const shardsMax = 2
/** Of each plan. */
const rounds = 3
/** Those of a usual search. */
const asked = { limit: 11, documents: 10, candidates: 256, expansion: 256, recall: 0.95, recallHits: 10 } as const
/** Of a usual query. */
const tokens = 8

const plans = [
  SearchPlan.SEARCH_PLAN_AUTO,
  SearchPlan.SEARCH_PLAN_TANGENT,
  SearchPlan.SEARCH_PLAN_GRAPH,
  SearchPlan.SEARCH_PLAN_EXACT,
]

/**
 * Searches the first shards of a model that this process has loaded, before anyone is told that it has: so that code is
 * compiled, onnxruntime has opened what the model's architecture takes, and the hyper-head has made a q-net when the first
 * query comes. Once a model; what it did is counted nowhere.
 */
export class WarmUp {
  readonly #search: MadeUpSearch
  readonly #log: Logger
  readonly #models = new LRUCache<string, true>({ max: modelsWarmedMax })

  /** @param search one that leaves nothing behind */
  constructor(search: MadeUpSearch, log: Logger) {
    this.#search = search
    this.#log = log
  }

  /** Never rejects: a server that cannot search is found out by who does. */
  async run(manifest: Manifest, shards: readonly number[], context: RequestContext): Promise<void> {
    const { modelDigest } = manifest
    if (shards.length === 0 || this.#models.has(modelDigest)) return
    this.#models.set(modelDigest, true)
    const { clock } = context.deadline
    const startMs = clock.monotonicMs()
    const inner = context.within(warmUpMsMax).with({ log: silentLogger() })
    let searches = 0
    let failure: unknown
    try {
      for (const plan of Array.from({ length: rounds }, () => plans).flat()) {
        if (inner.deadline.passed) break
        const request = madeUpRequest(manifest, shards.slice(0, shardsMax), plan)
        await this.#search(request, searches === 0 ? inner : inner.within(searchMsMax))
        searches++
      }
    } catch (error) {
      failure = error
    }
    this.#log.debug({ modelDigest, searches, tookMs: clock.monotonicMs() - startMs, err: failure }, 'warmed up')
  }
}

export type MadeUpSearch = (request: SearchShardsRequest, context: RequestContext) => Promise<unknown>

function madeUpRequest(manifest: Manifest, shards: readonly number[], plan: SearchPlan): SearchShardsRequest {
  const { modelDigest, vectorWidth: width } = manifest
  const values = Float32Array.from({ length: tokens * width }, (_, at) => Math.sin(at))
  const states = encodeTokenStates(values, width)
  const digest = tokenStatesDigest(modelDigest, { tokens, width }, states)
  return {
    manifest: referenceTo(manifest),
    shards: [...shards],
    qnet: undefined,
    tokenStates: { digest, modelDigest, tokens, width, states: Buffer.from(states.buffer) },
    precision: ScoringPrecision.SCORING_PRECISION_FP32,
    plan,
    filter: undefined,
    facets: [],
    groupBy: undefined,
    sort: [],
    afterSorted: undefined,
    after: undefined,
    ...asked,
  }
}

function referenceTo({ index, indexUid, generation, version }: Manifest): ManifestReference {
  return { index, indexUid, generation, version }
}
