import { useEffect, useMemo, useState } from 'preact/hooks'
import { LiveLoop, type LiveState } from './live-loop.ts'
import { pauseWithin } from './pause-within.ts'

/** How often pages look, unless they say otherwise: a server that dies is to be seen within three seconds. */
export const liveMs = 1_000

export interface Live<Value> extends LiveState<Value> {
  /** Loads it again now. */
  readonly refresh: () => void
}

export interface UseLiveOptions {
  readonly everyMs?: number
}

/**
 * Loads something now and again and again while the component is there and the tab can be seen.
 * @param load what is given here counts when one of `inputs` changes
 *
 * @example
 * const cluster = useLive(signal => client.describeCluster({ signal }), [client])
 */
export function useLive<Value>(
  load: (signal: AbortSignal) => Promise<Value>,
  inputs: readonly unknown[],
  { everyMs = liveMs }: UseLiveOptions = {},
): Live<Value> {
  const [state, tell] = useState<LiveState<Value>>({ value: undefined, error: undefined, loading: true })
  const loop = useMemo(() => new LiveLoop({ load, everyMs, tell, pause: pauseWithin }), [...inputs, everyMs])
  useEffect(() => {
    tell({ value: undefined, error: undefined, loading: true })
    const follow = () => (document.hidden ? loop.stop() : loop.start())
    follow()
    document.addEventListener('visibilitychange', follow)
    return () => {
      document.removeEventListener('visibilitychange', follow)
      loop.stop()
    }
  }, [loop])
  return { ...state, refresh: () => loop.start() }
}
