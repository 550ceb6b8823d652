import { printExact } from '../../api/parse-exact.ts'
import { hrefOf } from '../../router/hash-route.ts'
import { type LabSettings, parseLab, type SearchFilter } from '../lab/lab-state.ts'
import { concurrencyMax } from './limits.ts'

/** How an index is evaluated; a link holds it. Queries and judgements are in the tab alone. */
export interface EvaluationForm {
  readonly index: string
  readonly settings: LabSettings
  readonly filter: SearchFilter | undefined
  readonly limit: number
  readonly concurrency: number
  /** As they are typed. */
  readonly metrics: string
}

/** As `hypershard eval` has them. */
export const formDefaults = { limit: 100, concurrency: 4, metrics: 'nDCG@10, MRR@10, MAP, Recall@100' } as const

/** What is judged is the model's order, unless another search is to be measured. */
const exact: LabSettings = { plan: 'exact' }

export function evaluationHref({ index, settings, filter, limit, concurrency, metrics }: EvaluationForm): string {
  return hrefOf('evaluation', {
    index: index || undefined,
    a: printExact(settings),
    filter: filter && printExact(filter),
    k: limit === formDefaults.limit ? undefined : String(limit),
    concurrency: concurrency === formDefaults.concurrency ? undefined : String(concurrency),
    metrics: metrics === formDefaults.metrics ? undefined : metrics,
  })
}

export function parseEvaluation(parameters: URLSearchParams): {
  readonly form: EvaluationForm
  readonly faults: readonly string[]
} {
  const { state, faults } = parseLab(parameters)
  const concurrency = Number(parameters.get('concurrency') ?? formDefaults.concurrency)
  const whole = Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= concurrencyMax
  return {
    form: {
      index: state.index,
      settings: parameters.has('a') ? state.a : exact,
      filter: state.filter,
      limit: state.k ?? formDefaults.limit,
      concurrency: whole ? concurrency : formDefaults.concurrency,
      metrics: parameters.get('metrics') ?? formDefaults.metrics,
    },
    faults: whole ? faults : [...faults, `\`concurrency\` of this link is not 1 to ${concurrencyMax}; it was left out`],
  }
}

/** Settings in few words, for the name of a run: `exact`, `auto .95, int8`. */
export function toldSettings(settings: LabSettings): string {
  const { plan = 'auto', recall, candidates, precision, hybrid, rerank, generation } = settings
  const words = [
    recall === undefined ? plan : `${plan} ${recall}`,
    ...(candidates === undefined ? [] : [`${candidates} candidates`]),
    ...(precision === undefined || precision === 'fp32' ? [] : [precision]),
    ...(hybrid === undefined ? [] : ['hybrid']),
    ...(rerank === undefined ? [] : [`reranked by ${rerank.model}`]),
    ...(generation === undefined ? [] : [`generation ${generation}`]),
  ]
  return words.join(', ')
}
