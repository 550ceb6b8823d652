import { HypershardError } from './errors/hypershard-error.ts'
import { type Clock, pauseBy, systemClock } from './time/clock.ts'
import type { Deadline } from './time/deadline.ts'
import { pauseWithin } from './time/pause-within.ts'

export interface ConflictRetry {
  /** How often it is tried in all. */
  readonly attemptsMax: number
  /** Nothing is tried after it, and no pause goes beyond it. */
  readonly deadline?: Deadline | undefined
  /** The deadline's when there is one. */
  readonly clock?: Clock | undefined
  /** At least 0, less than 1. */
  readonly random?: (() => number) | undefined
}

/** The longest pause after the first lost attempt; doubled with each further one, up to the second. */
const pauseMsFirst = 2
const pauseMsMax = 100

/**
 * Makes a compare-and-set until no other writer comes first. Before each further attempt it pauses for a random time,
 * longer each time: writers that lost together do not come back together.
 * @param attempt reads what it builds on anew each time; only its `conflict` is tried again
 * @throws HypershardError what `attempt` throws, `conflict` once it lost `attemptsMax` times, `deadline_exceeded` or
 *   `cancelled` between two attempts
 */
export async function retryOnConflict<T>(options: ConflictRetry, attempt: () => Promise<T>): Promise<T> {
  for (let made = 1; ; made++) {
    options.deadline?.check('changing what others change too')
    try {
      return await attempt()
    } catch (error) {
      const again = error instanceof HypershardError && error.code === 'conflict' && made < options.attemptsMax
      if (!again) throw error
    }
    await pauseAfterConflict(made, options)
  }
}

/**
 * The pause between two attempts, for who goes on from where it lost instead of starting over.
 * @param lost how many attempts were lost so far, at least 1
 * @throws HypershardError `deadline_exceeded`, `cancelled`
 */
export async function pauseAfterConflict(
  lost: number,
  { deadline, clock, random = Math.random }: Omit<ConflictRetry, 'attemptsMax'>,
): Promise<void> {
  const pauseMs = random() * Math.min(pauseMsMax, pauseMsFirst * 2 ** (lost - 1))
  if (deadline !== undefined) await pauseWithin(pauseMs, deadline, 'changing what others change too')
  else await pauseBy(clock ?? systemClock, pauseMs)
}
