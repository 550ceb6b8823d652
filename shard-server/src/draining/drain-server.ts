import { type Clock, pauseBy } from '@hypershard/common'
import type { ServerState } from '../server-state.ts'

/** Between two looks at what coordinators have said. */
const lookEveryMs = 50

/** Why a draining server may end. */
export type DrainEnd = 'no coordinator needs it' | 'no coordinator asks' | 'the time is up'

/**
 * Says that the server is draining, and waits until it may end: every coordinator that asks how it does has been told and
 * needs it no more, or none asks, or the time is up.
 */
export async function drainServer(state: ServerState, drainMs: number, clock: Clock): Promise<DrainEnd> {
  state.stop()
  const endMs = clock.monotonicMs() + drainMs
  for (;;) {
    const end = endOf(state)
    if (end !== undefined) return end
    const leftMs = endMs - clock.monotonicMs()
    if (leftMs <= 0) return 'the time is up'
    await pauseBy(clock, Math.min(lookEveryMs, leftMs))
  }
}

function endOf(state: ServerState): DrainEnd | undefined {
  const { asking, needing } = state.coordinators()
  if (needing > 0) return undefined
  if (asking > 0) return 'no coordinator needs it'
  return state.isQuiet() ? 'no coordinator asks' : undefined
}
