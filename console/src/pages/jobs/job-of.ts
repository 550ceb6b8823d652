import type { GenerationDescription } from '@hypershard/contract'

/** What an index's name stands for, and what stands beside it. */
export interface IndexJobs {
  readonly index: string
  /** Undefined where the name stands for none of them, as while it is being moved. */
  readonly served: GenerationDescription | undefined
  /** Being filled; there is one at most. */
  readonly building: GenerationDescription | undefined
  /** Finished, and not what the name stands for: it can be compared, promoted, gone back to, or dropped. */
  readonly beside: readonly GenerationDescription[]
  /** Operations that searches do not see yet. */
  readonly lag: number
  /** Why nothing goes on, of whichever generation. */
  readonly problems: readonly string[]
}

/** @param generations of one index, ascending */
export function jobsOf(index: string, generations: readonly GenerationDescription[]): IndexJobs {
  const served = generations.find(({ names }) => names.includes(index))
  const others = generations.filter(generation => generation !== served)
  return {
    index,
    served,
    building: others.find(({ phase }) => phase === 'building'),
    beside: others.filter(({ phase }) => phase === 'live'),
    lag: served?.progress.lag ?? 0,
    problems: generations.flatMap(({ generation, progress: { problem } }) =>
      problem === null ? [] : [`generation ${generation}: ${problem.message}`],
    ),
  }
}

/** Of the documents to copy, those that are in; 1 where there are none to copy. */
export function copiedShare({ progress: { backfill_total, backfill_done } }: GenerationDescription): number {
  if (backfill_total === null || backfill_total === 0) return 1
  return Math.min(1, (backfill_done ?? 0) / backfill_total)
}

export type GenerationAction = 'pause' | 'resume' | 'throttle' | 'compare' | 'promote' | 'cancel' | 'drop'

/** What may be done with a generation in its phase, and why not: undefined where it may. What makes no sense is left out. */
export type OfferedActions = Partial<Record<GenerationAction, string | undefined>>

export function actionsOf(generation: GenerationDescription, { index }: { readonly index: string }): OfferedActions {
  const { phase, paused, names, progress } = generation
  if (phase === 'cancelled' || phase === 'dropped') return {}
  const orders: OfferedActions = paused
    ? { resume: undefined, throttle: undefined }
    : { pause: undefined, throttle: undefined }
  if (names.includes(index)) return orders
  const named = names.length > 0 ? `${names.join(', ')} stands for it; move that first.` : undefined
  return {
    ...orders,
    compare: undefined,
    promote: progress.caught_up ? undefined : 'It has not caught up yet.',
    ...(phase === 'building' ? { cancel: undefined } : { drop: named }),
  }
}
