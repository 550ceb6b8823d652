import type { Judgements, Metric, RecallMeasured } from '@hypershard/evaluation/browser'
import { useEffect, useReducer, useRef, useState } from 'preact/hooks'
import { useSession } from '../../state/session.ts'
import { type AskedTexts, askJudged, askRecall, type IndexWish, type Searcher } from './ask-index.ts'
import { toldSettings } from './evaluation-state.ts'
import { EvaluationStore } from './evaluation-store.ts'
import { type JudgedKept, judgeKept, type ToJudge } from './judge-kept.ts'
import type { KeptRun } from './kept-run.ts'

/** Of this tab. */
export const evaluations = new EvaluationStore()

export function useEvaluations() {
  const [, draw] = useReducer((round: number) => round + 1, 0)
  useEffect(() => evaluations.listen(() => draw(undefined)), [])
  return evaluations.state
}

/** What a plan finds of what exact scoring finds. */
export type MeasuredRecall = Awaited<ReturnType<typeof askRecall>> & {
  readonly index: string
  readonly told: string
  readonly k: number
  readonly expressions: AskedTexts['expressions']
}

/** One piece of work at a time, as far as it is. */
export interface Work {
  readonly kind: 'judge' | 'recall' | undefined
  readonly progress: { readonly done: number; readonly total: number } | undefined
  readonly error: unknown
  readonly cancelled: boolean
}

const idle: Work = { kind: undefined, progress: undefined, error: undefined, cancelled: false }

/** Asks an index; leaving the page, or `cancel`, ends that. */
export function useAsking(onRun: (run: KeptRun) => void) {
  const { client } = useSession()
  const [work, setWork] = useState(idle)
  const [recall, setRecall] = useState<MeasuredRecall>()
  const ending = useRef<AbortController>()
  useEffect(() => () => ending.current?.abort(), [])

  const begin = async (
    kind: NonNullable<Work['kind']>,
    task: (watched: Parameters<typeof askJudged>[3]) => Promise<void>,
  ) => {
    ending.current?.abort()
    const own = new AbortController()
    ending.current = own
    setWork({ ...idle, kind })
    const tell = (part: Partial<Work>) => ending.current === own && setWork(now => ({ ...now, ...part }))
    try {
      await task({ signal: own.signal, onProgress: progress => tell({ progress }) })
      tell(idle)
    } catch (error) {
      tell(own.signal.aborted ? { ...idle, cancelled: true } : { ...idle, error })
    }
  }
  return {
    work,
    recall,
    cancel: () => ending.current?.abort(),
    judge: (wish: IndexWish, inputs: AskedTexts & { readonly judgements: Judgements }) =>
      void begin('judge', async watched => {
        const { run, asked } = await askJudged(client as Searcher, wish, inputs, watched)
        onRun(evaluations.keep({ name: `${wish.index}, ${toldSettings(wish.settings)}`, run, asked }))
      }),
    measureRecall: (wish: IndexWish, texts: AskedTexts) =>
      void begin('recall', async watched => {
        const measured: RecallMeasured & { readonly failures: Awaited<ReturnType<typeof askRecall>>['failures'] } =
          await askRecall(client as Searcher, wish, texts, watched)
        setRecall({
          ...measured,
          index: wish.index,
          told: toldSettings(wish.settings),
          k: wish.limit,
          expressions: texts.expressions,
        })
      }),
  }
}

interface Judging {
  readonly judged: JudgedKept | undefined
  readonly error: unknown
  readonly working: boolean
}

/** Judges what is chosen, anew when that changes; what was judged before stays until then. */
export function useJudged(wanted: ToJudge | undefined): Judging {
  const [state, setState] = useState<Judging>({ judged: undefined, error: undefined, working: false })
  const key = wanted === undefined ? undefined : keyOf(wanted)
  useEffect(() => {
    if (wanted === undefined) {
      setState({ judged: undefined, error: undefined, working: false })
      return
    }
    let wantedStill = true
    const breathe = async () => {
      await new Promise(resolve => setTimeout(resolve))
      if (!wantedStill) throw new DOMException('another is judged instead', 'AbortError')
    }
    setState(now => ({ ...now, working: true }))
    judgeKept(wanted, breathe).then(
      judged => wantedStill && setState({ judged, error: undefined, working: false }),
      error => wantedStill && setState({ judged: undefined, error, working: false }),
    )
    return () => {
      wantedStill = false
    }
  }, [key, wanted?.run, wanted?.other, wanted?.judgements, wanted?.queries])
  return state
}

function keyOf({ metrics }: { readonly metrics: readonly Metric[] }): string {
  return JSON.stringify(metrics.map(({ kind, depth }) => [kind, String(depth)]))
}
