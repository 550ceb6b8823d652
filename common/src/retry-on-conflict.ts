import { HypershardError } from './errors/hypershard-error.ts'

/**
 * Makes a compare-and-set until no other writer comes first.
 * @param attempt reads what it builds on anew each time; only its `conflict` is tried again
 * @throws HypershardError what `attempt` throws, `conflict` once it lost `attemptsMax` times
 */
export async function retryOnConflict<T>(attemptsMax: number, attempt: () => Promise<T>): Promise<T> {
  for (let made = 1; ; made++) {
    try {
      return await attempt()
    } catch (error) {
      const again = error instanceof HypershardError && error.code === 'conflict' && made < attemptsMax
      if (!again) throw error
    }
  }
}
