import type { GenerationDescription } from '@hypershard/contract'
import { NotReachable } from '../errors.ts'
import type { CallOptions, Exchange } from '../exchange/exchange.ts'
import { readEvents } from '../exchange/read-events.ts'
import { SilenceLimit } from '../exchange/watch-body.ts'
import { backoffMsFirst, silenceMsDefault } from '../limits.ts'
import { operations } from '../operations.ts'

/**
 * A generation about once a second until it has caught up or ended. A stream that ends or breaks before that is opened
 * again, as long as each brings an event. `timeoutMs` is how long nothing may come.
 */
export async function* watchGeneration(
  exchange: Exchange,
  path: { readonly index: string; readonly generation: number },
  { timeoutMs = silenceMsDefault, signal }: CallOptions,
): AsyncGenerator<GenerationDescription> {
  const { origin, options } = exchange
  for (;;) {
    let heard = false
    const silence = new SilenceLimit({ silenceMsMax: timeoutMs, origin, timeoutName: options.names.timeout, signal })
    try {
      const open = () => exchange.open(operations.watchGeneration, { path, signal: silence.signal })
      const chunks = await exchange.again({ repeatable: true, signal: silence.signal }, open)
      for await (const state of readEvents<GenerationDescription>(silence.watch(chunks))) {
        heard = true
        yield state
        if (state.phase !== 'building' || state.progress.caught_up) return
      }
      if (!heard) throw new NotReachable('unavailable', 'the events ended before the first one')
      await options.surroundings.pause(backoffMsFirst, silence.signal)
    } catch (error) {
      if (!heard || !(error instanceof NotReachable) || error.code !== 'unavailable') throw error
    } finally {
      silence.end()
    }
  }
}
