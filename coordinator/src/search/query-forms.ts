import { LRUCache } from 'lru-cache'

/**
 * In which form a query goes to shard servers: as the q-net's weights, which the encoder makes once and which may be megabytes
 * a server, or as token states, of which every server makes the weights itself. What is cheaper depends on model, network and
 * machines, so it is measured.
 */
export type QueryForm = 'weights' | 'tokenStates'

export const queryFormSettings = ['auto', 'weights', 'token_states'] as const
export type QueryFormSetting = (typeof queryFormSettings)[number]

const modelsMax = 1_000
/** Weights as small as this cost next to nothing. */
const smallBytes = 64 * 1024
/** So many queries are measured in either form before one is preferred. */
const measurementsMin = 3
/** Newest measurements kept of a form; the least of them counts, since all else that happens only adds to it. */
const measurementsKept = 16
/**
 * Of sending weights as much again as is measured goes unseen: the encoder service writes them, the coordinator reads and
 * writes them again, and both clear away what they left. On two cores a new query of `hypershard-mini` took all processes
 * 62 ms with weights and 31 with token states where the calls alone told nearly the same.
 */
const unseenShare = 2
/** The other form must cost less than this share of the preferred one. */
const changeOverBelow = 0.8
/** After so many queries one goes in the other form, to see whether it has become the cheaper one; then twice as many. */
const lookAfter = { min: 64, max: 1_024 }
/** How long weights are sent after a server said that it cannot make them from token states; doubled while it says so. */
const refusedMs = { min: 1_000, max: 600_000 }

/** What one query that was not known before cost, in either form. */
export interface MeasuredQuery {
  /** Of the query as it was sent. */
  readonly bytes: number
  readonly servers: number
  /** Of each server on average: its call less scoring, so that is shipping, and making the q-net if that is done there. */
  readonly perServerMs: number
  /** Of that, making the q-net; 0 where weights were sent. */
  readonly headMs: number
}

interface Measured {
  asked: number
  readonly perServerMs: number[]
}

interface ModelForms {
  weightsBytes: number
  servers: number
  /** Newest last. */
  readonly headMs: number[]
  readonly measured: Record<QueryForm, Measured>
  cheaper: QueryForm | undefined
  queriesUntilLook: number
  lookAfter: number
  refusals: number
  refusedUntilMs: number
}

/**
 * Chooses by all that a query costs in the cluster rather than by its own latency: while many are under way it is the
 * work of all processes that bounds them, and the same q-net made by eight servers is eight times the work.
 */
export class QueryForms {
  readonly #setting: QueryFormSetting
  readonly #monotonicMs: () => number
  readonly #models = new LRUCache<string, ModelForms>({ max: modelsMax })

  constructor(setting: QueryFormSetting, monotonicMs: () => number = () => performance.now()) {
    this.#setting = setting
    this.#monotonicMs = monotonicMs
  }

  /** Weights at first: how large they are tells whether there is anything to save. */
  choose(modelDigest: string): QueryForm {
    const forms = this.#formsOf(modelDigest)
    if (this.#setting === 'weights' || this.#monotonicMs() < forms.refusedUntilMs) return 'weights'
    if (this.#setting === 'token_states') return 'tokenStates'
    if (forms.weightsBytes <= smallBytes) return 'weights'
    const form = forms.cheaper === undefined ? lessMeasured(forms) : cheaperOrLook(forms, forms.cheaper)
    forms.measured[form].asked++
    return form
  }

  /** Whether many queries in this form make a small answer: weights do once they are known to. */
  isSmall(modelDigest: string, form: QueryForm): boolean {
    const { weightsBytes } = this.#formsOf(modelDigest)
    return form === 'tokenStates' || (weightsBytes > 0 && weightsBytes <= smallBytes)
  }

  learn(modelDigest: string, form: QueryForm, { bytes, servers, perServerMs, headMs }: MeasuredQuery): void {
    const forms = this.#formsOf(modelDigest)
    forms.servers = servers
    if (form === 'weights') forms.weightsBytes = bytes
    else {
      forms.refusals = 0
      keepNewest(forms.headMs, headMs)
    }
    const { measured, cheaper } = forms
    // What was measured of a form before may be of a calmer hour: only a look at it now can make it the preferred one.
    if (cheaper !== undefined && form !== cheaper) measured[form].perServerMs.length = 0
    keepNewest(measured[form].perServerMs, perServerMs)
    const preferred =
      cheaper === undefined ? firstChoice(forms) : form === cheaper ? cheaper : afterLook(forms, cheaper)
    if (preferred === cheaper) return
    forms.cheaper = preferred
    forms.queriesUntilLook = forms.lookAfter = lookAfter.min
  }

  /** A shard server cannot make q-nets of the model: all are given weights for a while. */
  refuse(modelDigest: string): void {
    const forms = this.#formsOf(modelDigest)
    const nowMs = this.#monotonicMs()
    // Queries that were under way at the same time tell nothing new.
    if (nowMs < forms.refusedUntilMs) return
    forms.refusedUntilMs = nowMs + Math.min(refusedMs.max, refusedMs.min * 2 ** forms.refusals)
    forms.refusals++
  }

  #formsOf(modelDigest: string): ModelForms {
    const known = this.#models.get(modelDigest)
    if (known !== undefined) return known
    const unmeasured = (): Measured => ({ asked: 0, perServerMs: [] })
    const forms: ModelForms = {
      weightsBytes: 0,
      servers: 1,
      headMs: [],
      measured: { weights: unmeasured(), tokenStates: unmeasured() },
      cheaper: undefined,
      queriesUntilLook: 0,
      lookAfter: 0,
      refusals: 0,
      refusedUntilMs: Number.NEGATIVE_INFINITY,
    }
    this.#models.set(modelDigest, forms)
    return forms
  }
}

/** By how often a form was asked for, since of many queries that come at once none is measured yet. */
function lessMeasured({ measured: { weights, tokenStates } }: ModelForms): QueryForm {
  if (weights.perServerMs.length >= measurementsMin) return 'tokenStates'
  if (tokenStates.perServerMs.length >= measurementsMin) return 'weights'
  return weights.asked < tokenStates.asked ? 'weights' : 'tokenStates'
}

function cheaperOrLook(forms: ModelForms, cheaper: QueryForm): QueryForm {
  if (--forms.queriesUntilLook > 0) return cheaper
  forms.lookAfter = Math.min(lookAfter.max, 2 * forms.lookAfter)
  forms.queriesUntilLook = forms.lookAfter
  return cheaper === 'weights' ? 'tokenStates' : 'weights'
}

function firstChoice(forms: ModelForms): QueryForm | undefined {
  const { weights, tokenStates } = forms.measured
  if (Math.min(weights.perServerMs.length, tokenStates.perServerMs.length) < measurementsMin) return undefined
  const costs = costsOf(forms)
  return costs.weights < costs.tokenStates ? 'weights' : 'tokenStates'
}

function afterLook(forms: ModelForms, cheaper: QueryForm): QueryForm {
  const costs = costsOf(forms)
  const other = cheaper === 'weights' ? 'tokenStates' : 'weights'
  return costs[other] < changeOverBelow * costs[cheaper] ? other : cheaper
}

/**
 * Weights are made once and shipped to every server and, from the encoder service, once more; of token states every
 * server makes them. What a call takes besides, such as reading texts, is the same in both.
 */
function costsOf({ measured: { weights, tokenStates }, headMs, servers }: ModelForms): Record<QueryForm, number> {
  const making = Math.min(...headMs)
  const withWeights = Math.min(...weights.perServerMs)
  const withTokenStates = Math.min(...tokenStates.perServerMs)
  const shipping = Math.max(0, withWeights - (withTokenStates - making))
  return { weights: making + unseenShare * (servers * withWeights + shipping), tokenStates: servers * withTokenStates }
}

function keepNewest(measurements: number[], newest: number): void {
  measurements.push(newest)
  if (measurements.length > measurementsKept) measurements.shift()
}
