/**
 * In which form a query goes to shard servers: as the q-net's weights, which the encoder makes once and which may be megabytes
 * a server, or as token states, of which every server makes the weights itself. What is cheaper depends on model, network and
 * machines, so it is measured.
 */
export type QueryForm = 'weights' | 'tokenStates'

export const queryFormSettings = ['auto', 'weights', 'token_states'] as const
export type QueryFormSetting = (typeof queryFormSettings)[number]

/** Weights as small as this cost next to nothing. */
const smallBytes = 64 * 1024
/** So many queries are measured in either form before one is preferred. */
const measurementsMin = 3
/** One query in so many goes in the other form, to see whether it has become the cheaper one. */
const exploreEvery = 32
/** Weight of the newest measurement in the running mean. */
const newShare = 0.2
/** How long weights are sent after a server said that it cannot make them from token states. */
const refusedMs = 600_000

interface Measured {
  meanMs: number
  measurements: number
}

interface ModelForms {
  queries: number
  weightsBytes: number
  refusedUntilMs: number
  readonly measured: Record<QueryForm, Measured>
}

export class QueryForms {
  readonly #setting: QueryFormSetting
  readonly #monotonicMs: () => number
  readonly #models = new Map<string, ModelForms>()

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
    const { weights, tokenStates } = forms.measured
    forms.queries++
    const cheaper = weights.meanMs <= tokenStates.meanMs ? 'weights' : 'tokenStates'
    const other = cheaper === 'weights' ? 'tokenStates' : 'weights'
    const unsure = Math.min(weights.measurements, tokenStates.measurements) < measurementsMin
    if (unsure) return weights.measurements <= tokenStates.measurements ? 'weights' : 'tokenStates'
    return forms.queries % exploreEvery === 0 ? other : cheaper
  }

  /**
   * @param measured `bytes` of the query; `tookMs` from its text until the last server had its weights: encoding, shipping and
   * making them
   */
  learn(modelDigest: string, form: QueryForm, { bytes, tookMs }: { bytes: number; tookMs: number }): void {
    const forms = this.#formsOf(modelDigest)
    if (form === 'weights') forms.weightsBytes = bytes
    const measured = forms.measured[form]
    measured.meanMs = measured.measurements === 0 ? tookMs : measured.meanMs + newShare * (tookMs - measured.meanMs)
    measured.measurements++
  }

  /** A shard server does not hold the model: it is given weights for a while. */
  refuse(modelDigest: string): void {
    this.#formsOf(modelDigest).refusedUntilMs = this.#monotonicMs() + refusedMs
  }

  #formsOf(modelDigest: string): ModelForms {
    const known = this.#models.get(modelDigest)
    if (known !== undefined) return known
    const unmeasured = (): Measured => ({ meanMs: 0, measurements: 0 })
    const measured = { weights: unmeasured(), tokenStates: unmeasured() }
    const forms = { queries: 0, weightsBytes: 0, refusedUntilMs: Number.NEGATIVE_INFINITY, measured }
    this.#models.set(modelDigest, forms)
    return forms
  }
}
