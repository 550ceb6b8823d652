import { setTimeout as wait } from 'node:timers/promises'
import { HypershardError, messageOf } from '@hypershard/common'

const readyMsMax = 60_000
const probeMsMax = 5_000
const probePauseMs = 50

/**
 * Waits until the coordinator says that every part of the cluster can work.
 * @throws HypershardError `unavailable` with what it says is missing; what `signal` was aborted with
 */
export async function waitUntilReady(httpUrl: string, signal: AbortSignal): Promise<void> {
  const endMs = performance.now() + readyMsMax
  for (;;) {
    signal.throwIfAborted()
    const missing = await whatIsMissing(httpUrl)
    if (missing === undefined) return
    if (performance.now() > endMs) {
      throw new HypershardError('unavailable', `the cluster is not ready after ${readyMsMax} ms: ${missing}`)
    }
    await wait(probePauseMs, undefined, { signal })
  }
}

async function whatIsMissing(httpUrl: string): Promise<string | undefined> {
  try {
    const answer = await fetch(new URL('/readyz', httpUrl), { signal: AbortSignal.timeout(probeMsMax) })
    const text = await answer.text()
    return answer.ok ? undefined : text
  } catch (error) {
    // fetch says only that it failed; why stands in the cause.
    return messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error)
  }
}
