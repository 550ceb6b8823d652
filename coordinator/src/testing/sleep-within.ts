import { setTimeout as wait } from 'node:timers/promises'
import { type Deadline, HypershardError } from '@hypershard/common'

/** As a call of a shard server that takes so long. */
export async function sleepWithin(ms: number, deadline: Deadline, address: string): Promise<void> {
  const cutOff = deadline.remainingMs < ms
  const waitMs = Math.min(ms, deadline.remainingMs)
  if (waitMs > 0) {
    await wait(waitMs, undefined, { signal: deadline.signal }).catch(() => {
      throw new HypershardError('cancelled', `shard server ${address}: the caller went away`)
    })
  }
  if (cutOff) throw new HypershardError('deadline_exceeded', `shard server ${address}: deadline exceeded`)
}
