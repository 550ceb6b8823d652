import { useEffect, useState } from 'preact/hooks'
import { pauseWithin } from '../../state/pause-within.ts'
import { useSession } from '../../state/session.ts'
import { BuildWatch, type WatchedBuild } from './build-watch.ts'

export interface WatchedGeneration {
  readonly index: string
  readonly generation: number
  /** Whether it is being filled: of any other there are no events. */
  readonly going: boolean
  /** Called once it has caught up or ended. */
  readonly onEnd: () => void
}

/** A build as its events tell it, while the component is there; what they told last stays when it ends. */
export function useBuildWatch({ index, generation, going, onEnd }: WatchedGeneration): WatchedBuild | undefined {
  const { client } = useSession()
  const [build, tell] = useState<WatchedBuild>()
  useEffect(() => {
    if (!going) return
    const watch = (signal: AbortSignal) => client.watchGeneration(index, generation, { signal })
    const watching = new BuildWatch({ watch, tell, pause: pauseWithin })
    void watching.run()
    return () => watching.stop()
  }, [client, index, generation, going])
  const ended = build?.ended === true
  useEffect(() => {
    if (ended) onEnd()
  }, [ended])
  return build
}
